-- What of it the customer expected to pay first.
ALTER TABLE orders ADD COLUMN expected_prepaid numeric(20, 4);
