-- What an offer is found by, in one array, so that one index answers for all that is looked for together: its kind, its seller, its day, and every
-- text of one to three characters within its title and its place. With shortest = 3 only the longest of those, which is what is looked for.
CREATE FUNCTION offer_terms(kind text, merchant_id text, day date, title text, place text, shortest integer) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT array_remove(ARRAY['kind ' || kind, 'merchant ' || merchant_id, 'day ' || (day - DATE '2000-01-01')::text], NULL)
        || coalesce(title_grams(title, least(shortest, length(title))), '{}')
        || coalesce((SELECT array_agg('at ' || gram) FROM unnest(title_grams(place, least(shortest, length(place)))) AS gram), '{}')
$$;
