-- The trace in which it was begun: what is settled later belongs to it.
ALTER TABLE payment ADD COLUMN trace_parent text;
