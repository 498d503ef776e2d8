-- Who comes, once somebody was assigned.
ALTER TABLE orders ADD COLUMN worker text;
