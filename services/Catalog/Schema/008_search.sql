-- Indexes alone: while they are made offers are read, and changes wait.
CREATE INDEX offer_on_sale ON offer (id) WHERE NOT is_over;
CREATE INDEX offer_kind_on_sale ON offer (kind, id) WHERE NOT is_over;
CREATE INDEX offer_day ON offer (date) WHERE NOT is_over;
CREATE INDEX offer_over ON offer (date) WHERE is_over;

-- Every text of so many to three characters within a title, whatever its case (of letters whose case the database's locale knows; where that is
-- C those are ASCII's). Not pg_trgm's trigrams: those know no text of one or two characters, as which Korean words are searched for, and no Hangul at all where the database's locale is C; and they need an extension.
CREATE FUNCTION title_grams(title text, shortest integer) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(DISTINCT substr(small, start, size) COLLATE "C"), '{}')
    FROM lower(title) AS small, generate_series(shortest, 3) AS size, generate_series(1, length(small) - size + 1) AS start
$$;

-- No partial index: of those the planner does not use the statistics, and a text that is in every title is not to be looked for in here.
CREATE INDEX offer_title ON offer USING gin ((CASE WHEN NOT is_over THEN title_grams(title, 1) END));

-- Holds change offers all the time, and nothing that is searched for: the statistics, which are dear here, need not follow each.
ALTER TABLE offer SET (autovacuum_analyze_scale_factor = 0.5);
ANALYZE offer;
DROP INDEX offer_kind;
