-- Who may come in, and the keys that their tokens are protected with.

CREATE TABLE account (
    id                   text    PRIMARY KEY,
    name                 text    NOT NULL,
    user_name            text    NOT NULL,
    normalized_user_name text    NOT NULL,
    email                text    NOT NULL,
    normalized_email     text    NOT NULL,
    email_confirmed      boolean NOT NULL,
    password_hash        text    NOT NULL,
    security_stamp       text    NOT NULL,
    concurrency_stamp    text    NOT NULL
);

CREATE UNIQUE INDEX account_normalized_email ON account (normalized_email);
CREATE UNIQUE INDEX account_normalized_user_name ON account (normalized_user_name);

CREATE TABLE role (
    id                text PRIMARY KEY,
    name              text NOT NULL,
    normalized_name   text NOT NULL,
    concurrency_stamp text NOT NULL
);

CREATE UNIQUE INDEX role_normalized_name ON role (normalized_name);

INSERT INTO role (id, name, normalized_name, concurrency_stamp)
SELECT name, name, upper(name), name
FROM unnest(ARRAY['customer', 'merchant', 'courier', 'publisher', 'reviewer', 'operator']) AS name;

CREATE TABLE account_role (
    user_id text NOT NULL REFERENCES account ON DELETE CASCADE,
    role_id text NOT NULL REFERENCES role ON DELETE CASCADE,
    PRIMARY KEY (user_id, role_id)
);

CREATE TABLE protection_key (
    name text PRIMARY KEY,
    xml  text NOT NULL
);
