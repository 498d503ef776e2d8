using Npgsql;

namespace OrderMall.ServiceDefaults.Messaging;

/// <summary>Asks a service with a database which events of an aggregate it has published within a week: <c>POST /audit/events</c>.</summary>
public sealed record LoggedEventsRequest(string Key);

/// <summary>An event as the one who publishes it knows it.</summary>
/// <param name="PublishedAt">When the broker took it (UTC); <see langword="null"/> while it waits.</param>
public sealed record LoggedEvent(Guid EventId, string Topic, string Type, long? Version, string? TraceParent, DateTimeOffset At, DateTimeOffset? PublishedAt);

/// <summary>Asks a service with a database which of some events it has handled: <c>POST /audit/events/handled</c>.</summary>
public sealed record HandledEventsRequest(IReadOnlyList<string> EventIds);

/// <summary>What became of an event at a subscriber.</summary>
public sealed record HandledEvent(string EventId, DateTimeOffset? HandledAt, DateTimeOffset? ParkedAt);

/// <summary>Tells operations what became of events.</summary>
internal static class EventLog
{
    // Far more than an order has.
    private const int MostEvents = 500;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/audit/events", async (LoggedEventsRequest request, NpgsqlDataSource database, CancellationToken cancellationToken) =>
        {
            await using var command = database.CreateCommand(
                """
                SELECT DISTINCT ON (created_at, version, event_id) event_id, topic, type, version, trace_parent, created_at, published_at FROM (
                    SELECT event_id, topic, type, version, trace_parent, created_at, published_at FROM published_event WHERE key = $1
                    UNION ALL SELECT event_id, topic, type, version, trace_parent, created_at, NULL FROM outbox WHERE key = $1) AS known
                ORDER BY created_at, version, event_id, published_at LIMIT $2
                """);
            command.Parameters.Add(new() { Value = request.Key });
            command.Parameters.Add(new() { Value = MostEvents });
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            var events = new List<LoggedEvent>();
            while (await reader.ReadAsync(cancellationToken))
            {
                events.Add(new LoggedEvent(
                    reader.GetGuid(0), reader.GetString(1), reader.GetString(2), reader.GetFieldValue<long?>(3), reader[4] as string,
                    reader.GetFieldValue<DateTimeOffset>(5), reader.GetFieldValue<DateTimeOffset?>(6)));
            }

            return TypedResults.Ok(events);
        }).ExcludeFromDescription();
        routes.MapPost("/audit/events/handled", async (HandledEventsRequest request, NpgsqlDataSource database, CancellationToken cancellationToken) =>
        {
            await using var command = database.CreateCommand(
                """
                SELECT coalesce(done.event_id, letter.event_id), handled_at, parked_at
                FROM (SELECT * FROM inbox WHERE event_id = ANY($1)) AS done
                FULL JOIN (SELECT * FROM dead_letter WHERE event_id = ANY($1)) AS letter ON letter.event_id = done.event_id
                """);
            command.Parameters.Add(new() { Value = request.EventIds.ToArray() });
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            var handled = new List<HandledEvent>();
            while (await reader.ReadAsync(cancellationToken))
                handled.Add(new HandledEvent(reader.GetString(0), reader.GetFieldValue<DateTimeOffset?>(1), reader.GetFieldValue<DateTimeOffset?>(2)));
            return TypedResults.Ok(handled);
        }).ExcludeFromDescription();
    }
}
