CREATE TABLE orders (
    id              uuid        PRIMARY KEY,
    customer_id     text        NOT NULL,
    idempotency_key text,
    request_hash    text        NOT NULL,
    offer_id        uuid        NOT NULL,
    quantity        integer     NOT NULL CHECK (quantity > 0),
    destination     text,
    date            date,
    note            text,
    payment_method  text,
    merchant_id     text,
    kind            text,
    title           text,
    amount          numeric(18, 2) NOT NULL CHECK (amount >= 0),
    prepaid         numeric(18, 2) NOT NULL CHECK (prepaid BETWEEN 0 AND amount),
    currency        text,
    fulfilment      text        NOT NULL,
    place           text,
    status          text        NOT NULL,
    reason          text,
    cancelled_from  text,
    progress        text,
    aim             text,
    announced       boolean     NOT NULL,
    history         jsonb       NOT NULL,
    version         bigint      NOT NULL,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    expires_at      timestamptz,
    due_at          timestamptz,
    attempts        integer     NOT NULL
) WITH (fillfactor = 80);

-- The same key of the same customer is the same order.
CREATE UNIQUE INDEX orders_idempotency ON orders (customer_id, idempotency_key) WHERE idempotency_key IS NOT NULL;

-- What the saga has to take up.
CREATE INDEX orders_due ON orders (due_at) WHERE due_at IS NOT NULL;
