-- As many decimals as any currency has (ISO 4217).
ALTER TABLE orders ALTER COLUMN amount TYPE numeric(20, 4), ALTER COLUMN prepaid TYPE numeric(20, 4);

-- What the customer expected all of it to cost.
ALTER TABLE orders ADD COLUMN expected_amount numeric(20, 4);
