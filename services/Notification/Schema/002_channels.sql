-- The audit counts what customers were told of an order; what its seller was told is besides.
ALTER TABLE message ADD COLUMN to_merchant boolean NOT NULL DEFAULT false;

DROP INDEX message_order;
CREATE INDEX message_order ON message (order_id) WHERE order_id IS NOT NULL AND NOT to_merchant;

-- Where people can be written to.
CREATE TABLE person (
    person_id text PRIMARY KEY,
    email     text NOT NULL,
    name      text NOT NULL
);

-- Emails to send; afterwards the memory that they were dealt with. The id follows from the message and the person, so
-- that there is one however often the message comes.
CREATE TABLE email (
    id        uuid        PRIMARY KEY,
    person_id text        NOT NULL,
    subject   text        NOT NULL,
    text      text        NOT NULL,
    status    text        NOT NULL CHECK (status IN ('Queued', 'Sent', 'Failed')),
    attempts  integer     NOT NULL,
    due_at    timestamptz NOT NULL
);

CREATE INDEX email_due ON email (due_at);
