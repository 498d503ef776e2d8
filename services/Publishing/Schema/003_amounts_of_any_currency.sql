-- As many decimals as any currency has (ISO 4217); amounts of currencies without any are whole.
ALTER TABLE registration ALTER COLUMN price TYPE numeric(20, 4);
UPDATE registration SET price = greatest(1, trunc(price))
WHERE price <> trunc(price)
    AND currency IN ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI', 'VND', 'VUV', 'XAF', 'XOF', 'XPF');
