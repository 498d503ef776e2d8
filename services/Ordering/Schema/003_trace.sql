-- The trace in which it was placed: what the saga does later belongs to it.
ALTER TABLE orders ADD COLUMN trace_parent text;
