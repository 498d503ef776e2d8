-- Since when it waits: what it tells of may have happened long before.
ALTER TABLE outbox ADD COLUMN queued_at timestamptz NOT NULL DEFAULT now();
