-- Phone numbers of days that are past: nobody calls any more.
CREATE INDEX store_order_phone ON store_order (date) WHERE phone IS NOT NULL;
