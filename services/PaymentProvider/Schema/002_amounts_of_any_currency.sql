-- As many decimals as any currency has (ISO 4217).
ALTER TABLE charge ALTER COLUMN amount TYPE numeric(20, 4), ALTER COLUMN refunded TYPE numeric(20, 4);
