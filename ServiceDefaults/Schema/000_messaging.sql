-- What every service with a database has: events on their way out, events already handled, events that could not be.

CREATE TABLE outbox (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id     uuid        NOT NULL,
    topic        text        NOT NULL,
    type         text        NOT NULL,
    key          text        NOT NULL,
    data         text        NOT NULL,
    trace_parent text,
    created_at   timestamptz NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0);

-- Finds whether an aggregate has an earlier event waiting.
CREATE INDEX outbox_key ON outbox (key, id);

CREATE TABLE inbox (
    event_id   text        PRIMARY KEY,
    handled_at timestamptz NOT NULL
);

CREATE INDEX inbox_handled_at ON inbox USING brin (handled_at);

CREATE TABLE dead_letter (
    event_id  text        PRIMARY KEY,
    topic     text        NOT NULL,
    type      text        NOT NULL,
    envelope  text        NOT NULL,
    parked_at timestamptz NOT NULL
);
