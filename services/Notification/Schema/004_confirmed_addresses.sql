-- Whether whoever reads what comes to the address has said so, by the code that was sent there.
ALTER TABLE person
    ADD COLUMN confirmed_at timestamptz,
    ADD COLUMN code         text,
    ADD COLUMN code_until   timestamptz,
    ADD COLUMN guesses      integer NOT NULL DEFAULT 0;

-- How many a person was sent in the last hour.
ALTER TABLE email ADD COLUMN queued_at timestamptz NOT NULL DEFAULT now();
CREATE INDEX email_person ON email (person_id, queued_at);
