-- In a file of its own: while it is made orders are read, and changes wait.
CREATE INDEX store_order_reminder ON store_order (remind_at) WHERE remind_at IS NOT NULL;
