-- Who the customer is for the seller, and how to reach them until the order is over.
ALTER TABLE orders ADD COLUMN customer_name text, ADD COLUMN phone text;
