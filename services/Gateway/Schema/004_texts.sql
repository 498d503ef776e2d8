-- Addresses as they are read since: composed (NFC), without blanks around them. Where two accounts have the same then, the one that is so
-- already keeps it, else the first; the other can be signed in to no more, and an operator renames it.
UPDATE account SET
    email = btrim(normalize(email, NFC)), user_name = btrim(normalize(user_name, NFC)),
    normalized_email = btrim(normalize(normalized_email, NFC)), normalized_user_name = btrim(normalize(normalized_user_name, NFC))
WHERE normalized_email <> btrim(normalize(normalized_email, NFC))
    AND id IN (
        SELECT DISTINCT ON (btrim(normalize(normalized_email, NFC))) id FROM account
        ORDER BY btrim(normalize(normalized_email, NFC)), normalized_email <> btrim(normalize(normalized_email, NFC)), id);

UPDATE account SET name = btrim(normalize(name, NFC)) WHERE name <> btrim(normalize(name, NFC));
