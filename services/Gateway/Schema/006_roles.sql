-- Businesses that sell, of one person or several, and the trail of who was given what by whom.

CREATE TABLE business (
    id         text        PRIMARY KEY,
    name       text        NOT NULL,
    created_at timestamptz NOT NULL
);

-- Somebody who was invited has not joined yet.
CREATE TABLE business_member (
    business_id text        NOT NULL REFERENCES business ON DELETE CASCADE,
    account_id  text        NOT NULL REFERENCES account ON DELETE CASCADE,
    role        text        NOT NULL,
    invited_at  timestamptz NOT NULL,
    joined_at   timestamptz,
    PRIMARY KEY (business_id, account_id)
);

CREATE UNIQUE INDEX business_member_joined ON business_member (account_id) WHERE joined_at IS NOT NULL;
CREATE INDEX business_member_account ON business_member (account_id);

-- Whoever sells already is a business of one person, known to the services by the account's id as before.
INSERT INTO business (id, name, created_at)
SELECT id, name, now() FROM account WHERE EXISTS (SELECT FROM account_role WHERE user_id = account.id AND role_id IN ('merchant', 'publisher'));

INSERT INTO business_member (business_id, account_id, role, invited_at, joined_at)
SELECT id, id, 'owner', created_at, created_at FROM business;

-- The trail outlives the accounts.
CREATE TABLE account_change (
    id              uuid        PRIMARY KEY,
    account_id      text        NOT NULL,
    at              timestamptz NOT NULL,
    changed_by      text        NOT NULL,
    what            text        NOT NULL,
    roles_before    text[]      NOT NULL,
    roles_after     text[]      NOT NULL,
    business_before text,
    business_after  text,
    reason          text
);

CREATE INDEX account_change_account ON account_change (account_id, id);
CREATE INDEX account_change_at ON account_change (at);

CREATE TABLE role_application (
    id            uuid        PRIMARY KEY,
    account_id    text        NOT NULL REFERENCES account ON DELETE CASCADE,
    role          text        NOT NULL,
    business_name text,
    note          text,
    status        text        NOT NULL,
    reason        text,
    applied_at    timestamptz NOT NULL,
    decided_at    timestamptz,
    decided_by    text
);

CREATE UNIQUE INDEX role_application_pending ON role_application (account_id, role) WHERE status = 'Pending';
CREATE INDEX role_application_account ON role_application (account_id, id);
CREATE INDEX role_application_status ON role_application (status, id);
