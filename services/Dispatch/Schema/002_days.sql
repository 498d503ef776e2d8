-- What it is, for which day, where, and for whom. Visits of the time before have none of it: they count as visits on no day.
ALTER TABLE assignment
    ADD COLUMN title         text,
    ADD COLUMN date          date,
    ADD COLUMN place         text,
    ADD COLUMN destination   text,
    ADD COLUMN customer_name text,
    ADD COLUMN phone         text;

-- One visit at once a day, and one on no day. order_id is the next of them: replicas of the time before send nobody who has one.
ALTER TABLE assignment DROP CONSTRAINT assignment_one_at_once;
ALTER TABLE assignment ADD CONSTRAINT assignment_one_a_day
    EXCLUDE USING btree (worker_id WITH =, (coalesce(date, '-infinity'::date)) WITH =) WHERE (status = 'Assigned') DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE worker DROP CONSTRAINT worker_check;

-- Days on which a worker is sent nowhere.
CREATE TABLE day_off (
    worker_id uuid NOT NULL REFERENCES worker (id),
    date      date NOT NULL,
    PRIMARY KEY (worker_id, date)
);
