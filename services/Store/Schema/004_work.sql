-- All that the work needs. Orders of the time before have none of it, and begin their history with what happens next.
ALTER TABLE store_order
    ADD COLUMN customer_name text,
    ADD COLUMN phone         text,
    ADD COLUMN note          text,
    ADD COLUMN place         text,
    ADD COLUMN amount        numeric(20, 4),
    ADD COLUMN prepaid       numeric(20, 4),
    ADD COLUMN currency      text,
    ADD COLUMN history       jsonb NOT NULL DEFAULT '[]';
