-- Prices in the order in which they are listed.
CREATE INDEX offer_price ON offer (price, id) WHERE NOT is_over;
CREATE INDEX offer_kind_price ON offer (kind, price, id) WHERE NOT is_over;
