-- Instead of one for titles and one for titles and places: a common text of a kind, a seller or a day that has none of it was looked for in every offer.
CREATE INDEX CONCURRENTLY offer_terms ON offer USING gin (offer_terms(kind, merchant_id, date, title, place, 1)) WHERE NOT is_over;
