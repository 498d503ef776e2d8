-- What a business may sell, and since when; as far as it was changed. Its services are told.
ALTER TABLE business
    ADD COLUMN version         bigint NOT NULL DEFAULT 1,
    ADD COLUMN merchant_since  timestamptz,
    ADD COLUMN publisher_since timestamptz;

-- From whom it was taken until now is told now: what they had on sale goes off sale.
WITH taken AS (
    SELECT account_id AS id, role, max(at) AS at
    FROM account_change CROSS JOIN unnest(ARRAY['merchant', 'publisher']) AS role
    WHERE role = ANY(roles_before) AND NOT role = ANY(roles_after)
      AND NOT EXISTS (SELECT FROM account_role WHERE user_id = account_id AND role_id = role)
    GROUP BY account_id, role)
UPDATE business SET
    version = 2,
    merchant_since = (SELECT at FROM taken WHERE taken.id = business.id AND role = 'merchant'),
    publisher_since = (SELECT at FROM taken WHERE taken.id = business.id AND role = 'publisher')
WHERE id IN (SELECT id FROM taken);

INSERT INTO outbox (event_id, topic, type, key, version, data, created_at)
SELECT gen_random_uuid(), 'sellers', 'BusinessRightsChanged', id, version,
       json_build_object(
           'businessId', id, 'version', version, 'at', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
           'merchant', json_build_object(
               'isHeld', EXISTS (SELECT FROM account_role WHERE user_id = business.id AND role_id = 'merchant'),
               'since', to_char(merchant_since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')),
           'publisher', json_build_object(
               'isHeld', EXISTS (SELECT FROM account_role WHERE user_id = business.id AND role_id = 'publisher'),
               'since', to_char(publisher_since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))),
       now()
FROM business WHERE version > 1;
