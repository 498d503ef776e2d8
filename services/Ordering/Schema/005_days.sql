-- A booking that nobody confirmed is given up when its day is over everywhere on Earth.
UPDATE orders SET expires_at = (date + 1 + time '12:00') AT TIME ZONE 'UTC'
WHERE status IN ('Accepted', 'Received') AND fulfilment <> 'Delivery' AND date < '9999-12-31';
UPDATE orders SET expires_at = NULL WHERE expires_at IS NOT NULL AND status NOT IN ('Accepted', 'Received', 'AwaitingPayment');

CREATE INDEX orders_expiring ON orders (expires_at) WHERE due_at IS NULL AND expires_at IS NOT NULL;

-- How much of an offer is held by orders that wait for their payment.
CREATE INDEX orders_unpaid ON orders (offer_id) WHERE status = 'AwaitingPayment';
