-- Attempts that came to nothing, to be deleted when they are old.
CREATE INDEX orders_refused ON orders (updated_at) WHERE status = 'Rejected' AND history = '[]';
