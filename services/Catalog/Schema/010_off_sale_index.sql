-- In a file of its own, as every index: while it is made offers are read, and nobody waits for what another file locks.
CREATE INDEX offer_off_sale ON offer (id) WHERE off_sale_at IS NOT NULL AND NOT is_over;
