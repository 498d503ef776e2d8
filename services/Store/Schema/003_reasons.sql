-- What a merchant or reviewer said when they refused.
ALTER TABLE store_order ADD COLUMN reason text;
ALTER TABLE review ADD COLUMN reason text;
