using Microsoft.EntityFrameworkCore;
using Npgsql;
using OrderMall.ServiceDefaults.Database;

namespace OrderMall.ServiceDefaults.Messaging;

/// <summary>Gives an event its effect once, however often it is delivered.</summary>
internal static class Inbox
{
    private const string PrimaryKey = "inbox_pkey";

    /// <summary>Writes down that an event was handled whose effect is idempotent by itself. Nobody waits for the disk: a crash loses no more than this.</summary>
    public static async Task RecordAsync(IServiceProvider services, string eventId, CancellationToken cancellationToken)
    {
        await using var command = services.GetRequiredService<NpgsqlDataSource>().CreateCommand(
            "WITH fast AS (SELECT set_config('synchronous_commit', 'off', true)) INSERT INTO inbox (event_id, handled_at) SELECT $1, $2 FROM fast ON CONFLICT DO NOTHING");
        command.Parameters.Add(new() { Value = eventId });
        command.Parameters.Add(new() { Value = services.GetRequiredService<TimeProvider>().Now() });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public static async Task HandleOnceAsync<TDb>(IServiceProvider services, string eventId, Func<TDb, CancellationToken, Task> effect, CancellationToken cancellationToken)
        where TDb : MallDb
    {
        var time = services.GetRequiredService<TimeProvider>();
        for (var attempt = 1; ; attempt++)
        {
            await using var scope = services.CreateAsyncScope();
            var db = scope.ServiceProvider.GetRequiredService<TDb>();
            await effect(db, cancellationToken);
            // Without an effect there is nothing that a redelivery could do twice.
            if (!db.ChangeTracker.HasChanges())
                return;
            db.Inbox.Add(new InboxEntry { EventId = eventId, HandledAt = time.Now() });
            try
            {
                await db.SaveChangesAsync(cancellationToken);
                // An effect that needs statements of its own begins a transaction.
                if (db.Database.CurrentTransaction is { } transaction)
                    await transaction.CommitAsync(cancellationToken);
                return;
            }
            catch (DbUpdateException e) when (e.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: PrimaryKey })
            {
                return;
            }
            catch (DbUpdateException e) when (attempt < MallDb.Attempts && MallDb.IsRace(e))
            {
                // Somebody else changed or made the same rows first: look again.
            }
        }
    }
}
