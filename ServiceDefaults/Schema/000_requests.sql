-- What was answered to requests with an Idempotency-Key that made something.
CREATE TABLE answered_request (
    id          bytea       PRIMARY KEY,
    fingerprint bytea       NOT NULL,
    location    text,
    body        text        NOT NULL,
    answered_at timestamptz NOT NULL
);

CREATE INDEX answered_request_answered_at ON answered_request USING brin (answered_at);
