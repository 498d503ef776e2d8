-- Messages to people. The id follows from the event, so that a message exists once however often its event comes,
-- and sorts by time, so that the key lists a person's newest first.
CREATE TABLE message (
    person_id text        NOT NULL,
    id        uuid        NOT NULL,
    order_id  uuid,
    subject   text        NOT NULL,
    text      text        NOT NULL,
    channel   text        NOT NULL,
    at        timestamptz NOT NULL,
    PRIMARY KEY (person_id, id)
);

CREATE INDEX message_order ON message (order_id) WHERE order_id IS NOT NULL;

-- The kinds of offers that a person wants to hear of.
CREATE TABLE interest (
    person_id text   PRIMARY KEY,
    kinds     text[] NOT NULL
);

CREATE INDEX interest_kinds ON interest USING gin (kinds);
