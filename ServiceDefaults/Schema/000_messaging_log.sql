-- What was published, for operators who look at what became of an order. How often its aggregate had changed stands in the event, and here for who reads many.
ALTER TABLE outbox ADD COLUMN version bigint;

CREATE TABLE published_event (
    event_id     uuid        NOT NULL,
    topic        text        NOT NULL,
    type         text        NOT NULL,
    key          text        NOT NULL,
    version      bigint,
    trace_parent text,
    created_at   timestamptz NOT NULL,
    published_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX published_event_key ON published_event (key);
CREATE INDEX published_event_published_at ON published_event (published_at);
