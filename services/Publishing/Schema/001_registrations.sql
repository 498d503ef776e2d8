-- Titles that publishers register. A Pending row is an attempt whose review is being requested; due_at is when it is given up.
CREATE TABLE registration (
    id           uuid        PRIMARY KEY,
    publisher_id text        NOT NULL,
    title        text        NOT NULL,
    author       text        NOT NULL,
    isbn         text,
    price        numeric(18, 2) NOT NULL CHECK (price > 0),
    currency     text        NOT NULL,
    copies       integer     NOT NULL CHECK (copies > 0),
    status       text        NOT NULL CHECK (status IN ('Pending', 'InReview', 'Approved', 'Rejected', 'Cancelled')),
    reason       text,
    version      bigint      NOT NULL,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    due_at       timestamptz,
    CHECK ((status = 'Pending') = (due_at IS NOT NULL))
) WITH (fillfactor = 80);

-- What a crash left on its way.
CREATE INDEX registration_due ON registration (due_at) WHERE due_at IS NOT NULL;
