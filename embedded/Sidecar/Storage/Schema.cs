namespace OrderMall.Sidecar.Storage;

/// <summary>The sidecar's own tables.</summary>
internal static class Schema
{
    /// <summary>Creates what is missing; running it again changes nothing.</summary>
    public const string Create = """
        -- Apps that have told their subscriptions at least once.
        CREATE TABLE IF NOT EXISTS known_app (app_id text PRIMARY KEY);

        CREATE TABLE IF NOT EXISTS subscription (
            id      integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            app_id  text NOT NULL,
            pubsub  text NOT NULL,
            topic   text NOT NULL,
            UNIQUE (app_id, pubsub, topic));

        -- One row for each event and subscription, until it is settled. Rows live for milliseconds as a rule, so
        -- vacuum must come by count and not by share, and compressing them is not worth the work.
        CREATE TABLE IF NOT EXISTS event_queue (
            id              bigint PRIMARY KEY,
            subscription_id integer NOT NULL,
            envelope        bytea NOT NULL,
            attempts        integer NOT NULL DEFAULT 0,
            due_at          timestamptz)
            WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000,
                  autovacuum_vacuum_insert_threshold = -1, autovacuum_vacuum_cost_delay = 1);
        ALTER TABLE event_queue ALTER COLUMN envelope SET STORAGE EXTERNAL;
        -- By an expression, so that it is no index by which an event is found: taken for one of a page, as it is when the queue was last
        -- measured empty, all of it would be read for each event that is deleted.
        DROP INDEX IF EXISTS event_queue_by_subscription;
        CREATE INDEX IF NOT EXISTS event_queue_of_subscription ON event_queue (subscription_id, (id + 0));

        -- Each run of the sidecar numbers its events from a range of its own, above those of earlier runs.
        CREATE SEQUENCE IF NOT EXISTS event_run;

        CREATE TABLE IF NOT EXISTS state (
            store   text NOT NULL,
            key     text NOT NULL,
            value   bytea NOT NULL,
            etag    bigint NOT NULL,
            expires timestamptz)
            WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);
        -- By the key first: of an index by the store, a plan that was made while there was little reads all that the store has by now.
        ALTER TABLE state DROP CONSTRAINT IF EXISTS state_pkey;
        CREATE UNIQUE INDEX IF NOT EXISTS state_by_key ON state (key, store);
        CREATE INDEX IF NOT EXISTS state_by_expiry ON state (expires) WHERE expires IS NOT NULL;
        """;
}
