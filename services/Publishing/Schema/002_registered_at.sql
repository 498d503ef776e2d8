-- When the product team had it: what is shown of a title besides its last status.
ALTER TABLE registration ADD COLUMN registered_at timestamptz;
