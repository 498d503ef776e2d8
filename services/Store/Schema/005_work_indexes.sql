-- In a file of their own: while they are made orders are read, and changes wait.
CREATE INDEX store_order_day ON store_order (merchant_id, date, order_id DESC) WHERE received_at IS NOT NULL;
CREATE INDEX store_order_received ON store_order (merchant_id, received_at) WHERE received_at IS NOT NULL;
