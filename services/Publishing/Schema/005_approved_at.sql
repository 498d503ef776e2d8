-- When it was approved: what is shown of a title that was withdrawn afterwards.
ALTER TABLE registration ADD COLUMN approved_at timestamptz;
