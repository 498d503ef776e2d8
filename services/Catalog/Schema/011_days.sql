-- Indexes alone, as those of titles: while they are made offers are read, and changes wait. Days in the order in which they are listed.
CREATE INDEX offer_on_day ON offer (date, id) WHERE NOT is_over;
CREATE INDEX offer_kind_on_day ON offer (kind, date, id) WHERE NOT is_over;
CREATE INDEX offer_merchant_on_day ON offer (merchant_id, date, id) WHERE NOT is_over;
