-- As many decimals as any currency has (ISO 4217).
ALTER TABLE payment ALTER COLUMN amount TYPE numeric(20, 4);
