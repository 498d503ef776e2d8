-- The provider's own ledger: one line per idempotency key, never deleted.
CREATE TABLE charge (
    key        uuid        PRIMARY KEY,
    amount     numeric(18, 2) NOT NULL CHECK (amount >= 0),
    refunded   numeric(18, 2) NOT NULL CHECK (refunded IN (0, amount)),
    currency   text        NOT NULL,
    outcome    text        NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
