-- When the merchant is reminded of an order that waits for confirmation.
ALTER TABLE store_order ADD COLUMN remind_at timestamptz;
CREATE INDEX store_order_reminder ON store_order (remind_at) WHERE remind_at IS NOT NULL;
