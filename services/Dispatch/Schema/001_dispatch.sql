-- Workers are free, or at one order.
CREATE TABLE worker (
    id          uuid        PRIMARY KEY,
    merchant_id text        NOT NULL,
    name        text        NOT NULL,
    free_since  timestamptz,
    order_id    uuid        UNIQUE,
    CHECK ((order_id IS NULL) = (free_since IS NOT NULL))
);

CREATE INDEX worker_of_merchant ON worker (merchant_id, id);
CREATE INDEX worker_free ON worker (merchant_id, free_since, id) WHERE order_id IS NULL;

-- Who comes to whom. A row without a merchant is not a request: it remembers that the order was stopped before
-- it was requested.
CREATE TABLE assignment (
    order_id     uuid        PRIMARY KEY,
    version      bigint      NOT NULL,
    status       text        NOT NULL CHECK (status IN ('Waiting', 'Assigned', 'Completed', 'Stopped')),
    merchant_id  text        CHECK (merchant_id IS NOT NULL OR status = 'Stopped'),
    requested_at timestamptz CHECK ((requested_at IS NULL) = (merchant_id IS NULL)),
    worker_id    uuid        CHECK ((worker_id IS NULL) = (worker_name IS NULL)),
    worker_name  text,
    CHECK (CASE status WHEN 'Waiting' THEN worker_id IS NULL WHEN 'Stopped' THEN true ELSE worker_id IS NOT NULL END),
    -- One visit at once. A unique index would be checked between the statements that end a visit and begin the next.
    CONSTRAINT assignment_one_at_once EXCLUDE USING btree (worker_id WITH =) WHERE (status = 'Assigned') DEFERRABLE INITIALLY DEFERRED
);

CREATE INDEX assignment_waiting ON assignment (merchant_id, requested_at, order_id) WHERE status = 'Waiting';
CREATE INDEX assignment_of_merchant ON assignment (merchant_id, order_id DESC) WHERE merchant_id IS NOT NULL;
CREATE INDEX assignment_of_merchant_by_status ON assignment (merchant_id, status, order_id DESC) WHERE merchant_id IS NOT NULL;
