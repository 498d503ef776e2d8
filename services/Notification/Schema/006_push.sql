-- Who wants messages on their phone or in their browser too.
CREATE TABLE push_choice (
    person_id text PRIMARY KEY
);

-- Messages for the provider of those; afterwards the memory that they were dealt with. The id follows from the message and the person.
CREATE TABLE push (
    id        uuid        PRIMARY KEY,
    person_id text        NOT NULL,
    order_id  uuid,
    subject   text        NOT NULL,
    text      text        NOT NULL,
    status    text        NOT NULL CHECK (status IN ('Queued', 'Sent', 'Failed')),
    attempts  integer     NOT NULL,
    due_at    timestamptz NOT NULL,
    queued_at timestamptz NOT NULL,
    at        timestamptz NOT NULL
);

CREATE INDEX push_due ON push (due_at);
CREATE INDEX push_person ON push (person_id, queued_at);
