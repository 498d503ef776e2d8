-- How many one customer may hold; null is no limit.
ALTER TABLE offer ADD COLUMN max_per_customer integer CHECK (max_per_customer > 0);

-- Whose hold it is, and which of that customer's holds of the offer, counted from 1 where the offer has such a limit: two at the same moment
-- would have the same number, so that one of them sees the other.
ALTER TABLE hold ADD COLUMN customer_id text, ADD COLUMN customer_number integer;
DROP INDEX hold_offer;
CREATE UNIQUE INDEX hold_customer ON hold (offer_id, customer_id, customer_number);
