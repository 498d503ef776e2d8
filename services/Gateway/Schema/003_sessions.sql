-- Who is signed in where: a session is known by its one refresh token that was not used yet. Refresh tokens of before have none: people sign in again.

CREATE TABLE session (
    id         uuid        PRIMARY KEY,
    account_id text        NOT NULL REFERENCES account ON DELETE CASCADE,
    token_id   uuid        NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE INDEX session_account ON session (account_id, expires_at);
