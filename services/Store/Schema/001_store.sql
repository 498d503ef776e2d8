-- The merchants' order book. A row without received_at is not an order of the book: it remembers that the order
-- was stopped or ended before it came, so that it is not begun when it does.
CREATE TABLE store_order (
    order_id      uuid        PRIMARY KEY,
    version       bigint      NOT NULL,
    status        text        NOT NULL CHECK (status IN ('Received', 'Confirmed', 'Completed', 'Rejected', 'Cancelled')),
    status_before text        CHECK (status_before IN ('Received', 'Confirmed')),
    is_final      boolean     NOT NULL,
    merchant_id   text        NOT NULL,
    customer_id   text        NOT NULL,
    offer_id      uuid        NOT NULL,
    title         text        NOT NULL,
    quantity      integer     NOT NULL,
    fulfilment    text        NOT NULL,
    destination   text,
    date          date,
    received_at   timestamptz
);

CREATE INDEX store_order_book ON store_order (merchant_id, order_id DESC) WHERE received_at IS NOT NULL;
CREATE INDEX store_order_book_by_status ON store_order (merchant_id, status, order_id DESC) WHERE received_at IS NOT NULL;
