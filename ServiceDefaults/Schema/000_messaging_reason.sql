-- Why it could not be handled, as of the last try.
ALTER TABLE dead_letter ADD COLUMN reason text NOT NULL DEFAULT '';
