-- Phone numbers of days that are past: nobody calls any more.
CREATE INDEX orders_phone ON orders (date) WHERE phone IS NOT NULL;
