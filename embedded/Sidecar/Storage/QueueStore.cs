using NpgsqlTypes;

namespace OrderMall.Sidecar.Storage;

/// <summary>An event on its way to one subscriber.</summary>
internal sealed class QueuedEvent(long id, byte[] envelope)
{
    public long Id => id;

    /// <summary>The CloudEvent as JSON, or the bare body of a raw publish.</summary>
    public byte[] Envelope => envelope;

    /// <summary>Deliveries that failed.</summary>
    public int Attempts { get; set; }

    /// <summary>When the next delivery is due by the wall clock, if one failed: what outlasts this run.</summary>
    public DateTimeOffset? DueAt { get; set; }

    /// <summary>When this series of deliveries first failed, as a timestamp of the clock that nobody sets.</summary>
    public long? FirstFailure { get; set; }
}

/// <summary>A subscription as it is remembered between runs.</summary>
internal sealed record StoredSubscription(int Id, string AppId, string PubSub, string Topic);

/// <summary>Events waiting for their subscribers, and who subscribes, in PostgreSQL.</summary>
internal sealed class QueueStore(SidecarDatabase database)
{
    // Room for 2^40 events in each run, and for 2^23 runs.
    private const int RunShift = 40;

    /// <summary>The first event id of this run.</summary>
    public Task<long> BeginRunAsync(CancellationToken cancellationToken) => database.DoAsync(async () =>
    {
        await using var command = database.Durable.CreateCommand("SELECT nextval('event_run')");
        return (long)(await command.ExecuteScalarAsync(cancellationToken))! << RunShift;
    });

    /// <summary>Keeps events: on disk when this returns.</summary>
    public Task InsertAsync(long[] ids, int[] subscriptions, byte[][] envelopes, CancellationToken cancellationToken) => database.DoAsync(async () =>
    {
        await using var command = database.Durable.CreateCommand(
            "INSERT INTO event_queue (id, subscription_id, envelope) SELECT * FROM unnest($1, $2, $3)");
        command.Parameters.Add(new() { Value = ids, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint });
        command.Parameters.Add(new() { Value = subscriptions, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Integer });
        command.Parameters.Add(new() { Value = envelopes, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea });
        return await command.ExecuteNonQueryAsync(cancellationToken);
    });

    /// <summary>A subscription's events after an id, in the order they were published.</summary>
    public Task<List<QueuedEvent>> ReadAsync(int subscription, long after, int limit, CancellationToken cancellationToken) => database.DoAsync(async () =>
    {
        await using var command = database.Durable.CreateCommand(
            "SELECT id, envelope, attempts, due_at FROM event_queue WHERE subscription_id = $1 AND id + 0 > $2 ORDER BY subscription_id, id + 0 LIMIT $3");
        command.Parameters.Add(new() { Value = subscription });
        command.Parameters.Add(new() { Value = after });
        command.Parameters.Add(new() { Value = limit });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var events = new List<QueuedEvent>();
        while (await reader.ReadAsync(cancellationToken))
        {
            events.Add(new QueuedEvent(reader.GetInt64(0), reader.GetFieldValue<byte[]>(1))
            {
                Attempts = reader.GetInt32(2),
                DueAt = reader.IsDBNull(3) ? null : reader.GetFieldValue<DateTimeOffset>(3),
            });
        }

        return events;
    });

    /// <summary>Forgets events that were handled.</summary>
    public Task DeleteAsync(long[] ids, CancellationToken cancellationToken) => database.DoAsync(async () =>
    {
        await using var command = database.Relaxed.CreateCommand("DELETE FROM event_queue WHERE id = ANY($1)");
        command.Parameters.Add(new() { Value = ids, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint });
        return await command.ExecuteNonQueryAsync(cancellationToken);
    });

    /// <summary>Notes when events that failed are due again.</summary>
    public Task PostponeAsync(long[] ids, int[] attempts, DateTime[] dueAt, CancellationToken cancellationToken) => database.DoAsync(async () =>
    {
        await using var command = database.Relaxed.CreateCommand(
            // Not by a join: its plan, made while the queue is empty, would look through all of these for each event that there is.
            "UPDATE event_queue SET attempts = ($2)[array_position($1, id)], due_at = ($3)[array_position($1, id)] WHERE id = ANY($1)");
        command.Parameters.Add(new() { Value = ids, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint });
        command.Parameters.Add(new() { Value = attempts, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Integer });
        command.Parameters.Add(new() { Value = dueAt, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz });
        return await command.ExecuteNonQueryAsync(cancellationToken);
    });

    /// <summary>Every remembered subscription, and every app that has told its own.</summary>
    public Task<(List<StoredSubscription> Subscriptions, HashSet<string> KnownApps)> ReadSubscriptionsAsync(CancellationToken cancellationToken) => database.DoAsync(async () =>
    {
        await using var batch = database.Durable.CreateBatch();
        // Left behind when a subscription ended while an event for it was being written.
        batch.BatchCommands.Add(new("DELETE FROM event_queue WHERE subscription_id <> ALL (ARRAY(SELECT id FROM subscription))"));
        batch.BatchCommands.Add(new("SELECT id, app_id, pubsub, topic FROM subscription ORDER BY id"));
        batch.BatchCommands.Add(new("SELECT app_id FROM known_app"));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var subscriptions = new List<StoredSubscription>();
        while (await reader.ReadAsync(cancellationToken))
            subscriptions.Add(new(reader.GetInt32(0), reader.GetString(1), reader.GetString(2), reader.GetString(3)));
        await reader.NextResultAsync(cancellationToken);
        var known = new HashSet<string>();
        while (await reader.ReadAsync(cancellationToken))
            known.Add(reader.GetString(0));
        return (subscriptions, known);
    });

    public Task<int> AddSubscriptionAsync(string appId, string pubsub, string topic, CancellationToken cancellationToken) => database.DoAsync(async () =>
    {
        await using var command = database.Durable.CreateCommand(
            "INSERT INTO subscription (app_id, pubsub, topic) VALUES ($1, $2, $3) " +
            "ON CONFLICT (app_id, pubsub, topic) DO UPDATE SET topic = EXCLUDED.topic RETURNING id");
        command.Parameters.Add(new() { Value = appId });
        command.Parameters.Add(new() { Value = pubsub });
        command.Parameters.Add(new() { Value = topic });
        return (int)(await command.ExecuteScalarAsync(cancellationToken))!;
    });

    /// <summary>Ends subscriptions and drops what waits for them, and notes that the app has told its own.</summary>
    public Task SettleSubscriptionsAsync(string appId, int[] ended, CancellationToken cancellationToken) => database.DoAsync(async () =>
    {
        await using var batch = database.Durable.CreateBatch();
        batch.BatchCommands.Add(new("INSERT INTO known_app VALUES ($1) ON CONFLICT DO NOTHING") { Parameters = { new() { Value = appId } } });
        batch.BatchCommands.Add(new("DELETE FROM subscription WHERE id = ANY($1)") { Parameters = { new() { Value = ended } } });
        batch.BatchCommands.Add(new("DELETE FROM event_queue WHERE subscription_id = ANY($1)") { Parameters = { new() { Value = ended } } });
        return await batch.ExecuteNonQueryAsync(cancellationToken);
    });
}
