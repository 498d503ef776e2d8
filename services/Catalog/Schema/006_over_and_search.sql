-- Whether its day is over everywhere on Earth, as OverJob marks it some minutes later: lists pass over none of those, however many they are.
ALTER TABLE offer ADD COLUMN is_over boolean NOT NULL DEFAULT false;
UPDATE offer SET is_over = true WHERE date < (now() AT TIME ZONE 'UTC' - interval '12 hours')::date;

DROP INDEX offer_kind;
CREATE INDEX offer_on_sale ON offer (id) WHERE NOT is_over;
CREATE INDEX offer_kind ON offer (kind, id) WHERE NOT is_over;
CREATE INDEX offer_day ON offer (date) WHERE NOT is_over;

-- Every text of so many to three characters within a title, whatever its case. Not pg_trgm's trigrams: those know no text of one or two
-- characters, as which Korean words are searched for, and no Hangul at all where the database's locale is C; and they need an extension.
CREATE FUNCTION title_grams(title text, shortest integer) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(DISTINCT substr(small, start, size)), '{}')
    FROM lower(title) AS small, generate_series(shortest, 3) AS size, generate_series(1, length(small) - size + 1) AS start
$$;

-- No partial index: of those the planner does not use the statistics, and a text that is in every title is not to be looked for in here.
CREATE INDEX offer_title ON offer USING gin ((CASE WHEN NOT is_over THEN title_grams(title, 1) END));
