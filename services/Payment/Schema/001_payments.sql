CREATE TABLE payment (
    order_id       uuid        PRIMARY KEY,
    customer_id    text        NOT NULL,
    amount         numeric(18, 2) NOT NULL CHECK (amount >= 0),
    currency       text        NOT NULL,
    payment_method text        NOT NULL,
    status         text        NOT NULL,
    withdrawn      boolean     NOT NULL,
    version        bigint      NOT NULL,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    due_at         timestamptz,
    attempts       integer     NOT NULL
) WITH (fillfactor = 80);

-- What still has to be settled with the provider.
CREATE INDEX payment_due ON payment (due_at) WHERE due_at IS NOT NULL;
