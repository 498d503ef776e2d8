-- The kinds that a person does not want to hear of any more: ordering such a thing again does not bring the interest back.
ALTER TABLE interest ADD COLUMN declined text[] NOT NULL DEFAULT '{}';
