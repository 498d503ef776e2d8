-- The title and the place in one: where both are looked for, what is rare in either is found at once, and what is in every offer costs nothing.
CREATE INDEX offer_texts ON offer USING gin ((CASE WHEN NOT is_over THEN title_grams(title || E'\n' || coalesce(place, ''), 1) END));
