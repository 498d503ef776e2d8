using Npgsql;

namespace OrderMall.ServiceDefaults.Messaging;

/// <summary>Tells the audit what this service still has to publish, and what it could not handle.</summary>
internal static class MessagingAudit
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        EventLog.Map(routes);
        routes.MapPost("/audit/messaging", async (NpgsqlDataSource database, CancellationToken cancellationToken) =>
        {
            await using var command = database.CreateCommand("SELECT (SELECT count(*) FROM outbox), (SELECT count(*) FROM dead_letter)");
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            return TypedResults.Ok(new AuditedMessaging(reader.GetInt64(0), reader.GetInt64(1)));
        }).ExcludeFromDescription();
    }
}

/// <summary>Events a service still has to publish or could not handle. Every service with a database: <c>POST /audit/messaging</c>, no body.</summary>
public sealed record AuditedMessaging(long Outbox, long DeadLetters);
