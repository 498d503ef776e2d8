-- In a file of their own: while they are made assignments are read, and changes wait.
CREATE INDEX assignment_waiting_day ON assignment (merchant_id, date, requested_at, order_id) WHERE status = 'Waiting';
CREATE INDEX assignment_of_merchant_day ON assignment (merchant_id, date, order_id DESC) WHERE merchant_id IS NOT NULL;
