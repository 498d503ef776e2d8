-- Businesses from whom the right to sell was taken, or given back: by the last that was heard.
CREATE TABLE seller (
    id          uuid        PRIMARY KEY,
    business_id text        NOT NULL UNIQUE,
    version     bigint      NOT NULL,
    may_sell    boolean     NOT NULL,
    since       timestamptz NOT NULL,
    due_at      timestamptz
);

CREATE INDEX seller_due ON seller (due_at) WHERE due_at IS NOT NULL;
