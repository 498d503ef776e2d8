-- Who reads another language than most.
CREATE TABLE reader (
    person_id text PRIMARY KEY,
    language  text NOT NULL
);

ALTER TABLE announcement ADD COLUMN texts jsonb NOT NULL DEFAULT '{}';
