-- Indexes alone, as those of titles: while they are made offers are read, and changes wait. Days and prices in the order in which they are listed.
CREATE INDEX offer_on_day ON offer (date, id) WHERE NOT is_over;
CREATE INDEX offer_kind_on_day ON offer (kind, date, id) WHERE NOT is_over;
CREATE INDEX offer_merchant_on_day ON offer (merchant_id, date, id) WHERE NOT is_over;
CREATE INDEX offer_price ON offer (price, id) WHERE NOT is_over;
CREATE INDEX offer_kind_price ON offer (kind, price, id) WHERE NOT is_over;

-- The title and the place in one: where both are looked for, what is rare in either is found at once, and what is in every offer costs nothing.
CREATE INDEX offer_texts ON offer USING gin ((CASE WHEN NOT is_over THEN title_grams(title || E'\n' || coalesce(place, ''), 1) END));
ANALYZE offer;
DROP INDEX offer_day;
