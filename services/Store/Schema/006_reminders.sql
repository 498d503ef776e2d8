-- When the merchant is reminded of an order that waits for confirmation.
ALTER TABLE store_order ADD COLUMN remind_at timestamptz;
