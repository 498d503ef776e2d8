-- What everybody with an interest in a kind is told. People are told in the order of their ids: told_to is the last who was.
CREATE TABLE announcement (
    id          uuid        PRIMARY KEY,
    merchant_id text        NOT NULL,
    kind        text        NOT NULL,
    subject     text        NOT NULL,
    text        text        NOT NULL,
    at          timestamptz NOT NULL,
    told_to     text        NOT NULL,
    is_told     boolean     NOT NULL,
    due_at      timestamptz NOT NULL
);

CREATE INDEX announcement_due ON announcement (due_at);
CREATE INDEX announcement_merchant ON announcement (merchant_id);

-- Announcements are read for some months; what is about an order stays with that.
CREATE INDEX message_announcement ON message (at) WHERE order_id IS NULL;
