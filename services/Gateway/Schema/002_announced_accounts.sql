-- Accounts are announced when they are opened. Those that were opened before are announced now.
INSERT INTO outbox (event_id, topic, type, key, data, created_at)
SELECT gen_random_uuid(), 'accounts', 'AccountRegistered', id,
       json_build_object('accountId', id, 'at', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'email', email, 'name', name),
       now()
FROM account;
