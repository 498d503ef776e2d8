-- As many decimals as any currency has (ISO 4217); amounts of currencies without any are whole.
ALTER TABLE offer ALTER COLUMN price TYPE numeric(20, 4), ALTER COLUMN deposit TYPE numeric(20, 4);
ALTER TABLE hold ALTER COLUMN price TYPE numeric(20, 4), ALTER COLUMN deposit TYPE numeric(20, 4);

-- Never more than was asked until now, and never nothing where something must be paid first.
UPDATE offer SET
    price = CASE WHEN prepayment = 'None' THEN trunc(price) ELSE greatest(1, trunc(price)) END,
    deposit = CASE WHEN deposit IS NOT NULL THEN greatest(1, trunc(deposit)) END,
    version = version + 1
WHERE (price <> trunc(price) OR deposit <> trunc(deposit))
    AND currency IN ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI', 'VND', 'VUV', 'XAF', 'XOF', 'XPF');
