CREATE TABLE offer (
    id          uuid        PRIMARY KEY,
    merchant_id text        NOT NULL,
    kind        text        NOT NULL,
    title       text        NOT NULL,
    price       numeric(18, 2) NOT NULL CHECK (price >= 0),
    deposit     numeric(18, 2) CHECK (deposit > 0 AND deposit <= price),
    currency    text        NOT NULL,
    prepayment  text        NOT NULL CHECK ((prepayment = 'Deposit') = (deposit IS NOT NULL)),
    fulfilment  text        NOT NULL,
    capacity    integer     CHECK (capacity >= 0),
    available   integer     CHECK (available BETWEEN 0 AND capacity),
    date        date,
    place       text,
    details     text,
    version     bigint      NOT NULL,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    CHECK ((capacity IS NULL) = (available IS NULL))
) WITH (fillfactor = 50);

CREATE INDEX offer_kind ON offer (kind, id);

-- What live orders hold. A row with quantity 0 was released, perhaps before it was ever held: nothing is held for that order any more.
CREATE TABLE hold (
    order_id uuid        PRIMARY KEY,
    offer_id uuid        NOT NULL,
    quantity integer     NOT NULL CHECK (quantity >= 0),
    title    text        NOT NULL,
    price    numeric(18, 2) NOT NULL,
    deposit  numeric(18, 2),
    held_at  timestamptz NOT NULL
);

CREATE INDEX hold_offer ON hold (offer_id);
