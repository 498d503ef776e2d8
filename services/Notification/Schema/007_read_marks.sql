-- Until where a person has read their messages: they sort by time. What there was before this was counted counts as read.
CREATE TABLE read_mark (
    person_id text        PRIMARY KEY,
    until     uuid        NOT NULL,
    at        timestamptz NOT NULL
);

INSERT INTO read_mark (person_id, until, at)
SELECT DISTINCT ON (person_id) person_id, id, now() FROM message ORDER BY person_id, id DESC;
