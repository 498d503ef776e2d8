-- Whether whoever reads what comes to the address has said so, by the code that was sent there; how often codes were sent since when, and guessed at.
ALTER TABLE person
    ADD COLUMN confirmed_at timestamptz,
    ADD COLUMN code         text,
    ADD COLUMN code_until   timestamptz,
    ADD COLUMN codes        integer NOT NULL DEFAULT 0,
    ADD COLUMN codes_since  timestamptz NOT NULL DEFAULT '-infinity',
    ADD COLUMN guesses      integer NOT NULL DEFAULT 0;

-- Who was written to until now is written to as before.
UPDATE person SET confirmed_at = now();

-- How many a person was sent in the last hour; and all new ones together, of codes.
ALTER TABLE email ADD COLUMN queued_at timestamptz NOT NULL DEFAULT now(), ADD COLUMN is_code boolean NOT NULL DEFAULT false;
CREATE INDEX email_person ON email (person_id, queued_at);
CREATE INDEX email_code ON email (queued_at) WHERE is_code;
