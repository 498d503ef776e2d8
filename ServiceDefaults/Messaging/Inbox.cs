using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using OrderMall.ServiceDefaults.Database;

namespace OrderMall.ServiceDefaults.Messaging;

/// <summary>Gives events their effects once, however often they are delivered.</summary>
internal static class Inbox
{
    /// <summary>Writes down that events were handled whose effect is idempotent by itself. Nobody waits for the disk: a crash loses no more than this.</summary>
    public static async Task RecordAsync(IServiceProvider services, string[] eventIds, CancellationToken cancellationToken)
    {
        await using var command = services.GetRequiredService<NpgsqlDataSource>().CreateCommand(
            "WITH fast AS (SELECT set_config('synchronous_commit', 'off', true)) INSERT INTO inbox (event_id, handled_at) SELECT unnest($1), $2 FROM fast ON CONFLICT DO NOTHING");
        command.Parameters.Add(new() { Value = eventIds });
        command.Parameters.Add(new() { Value = services.GetRequiredService<TimeProvider>().Now() });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Gives events their effects in one transaction, all of them or none.</summary>
    public static async Task HandleOnceAsync<TDb, T>(
        IServiceProvider services,
        IReadOnlyList<CloudEvent<T>> events,
        Func<TDb, IReadOnlyList<CloudEvent<T>>, CancellationToken, Task>? load,
        Func<TDb, CloudEvent<T>, CancellationToken, Task> effect,
        CancellationToken cancellationToken)
        where TDb : MallDb
        where T : class, IEvent<T>
    {
        var source = services.GetRequiredService<ActivitySource>();
        for (var attempt = 1; ; attempt++)
        {
            await using var scope = services.CreateAsyncScope();
            var db = scope.ServiceProvider.GetRequiredService<TDb>();
            // The transaction fails or succeeds as a whole: nobody goes back to a savepoint.
            db.Database.AutoSavepointsEnabled = false;
            // With so many rows at once it is done once, before they are saved.
            db.ChangeTracker.AutoDetectChangesEnabled = load is null;
            await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
            var unhandled = await BeginAsync(db, events, services.GetRequiredService<TimeProvider>().Now(), cancellationToken);
            if (unhandled.Count == 0)
                return;
            try
            {
                if (load is not null)
                    await load(db, unhandled, cancellationToken);
                var hasEffect = false;
                foreach (var e in unhandled)
                {
                    using var span = Enter(source, e);
                    await effect(db, e, cancellationToken);
                    // One that looks for itself sees what those before it did.
                    if (load is null)
                        hasEffect |= await db.SaveChangesAsync(cancellationToken) > 0;
                }

                db.ChangeTracker.DetectChanges();
                hasEffect |= await db.SaveChangesAsync(cancellationToken) > 0;
                // Without an effect there is nothing that a redelivery could do twice.
                if (hasEffect)
                    await transaction.CommitAsync(cancellationToken);
                return;
            }
            catch (DbUpdateException e) when (attempt < MallDb.Attempts && MallDb.IsRace(e))
            {
                // Somebody else changed or made the same rows first: look again.
            }
        }
    }

    // Those that nobody has handled, as they came. Who handles one of them at this moment is waited for.
    private static async Task<IReadOnlyList<CloudEvent<T>>> BeginAsync<T>(MallDb db, IReadOnlyList<CloudEvent<T>> events, DateTimeOffset now, CancellationToken cancellationToken)
        where T : class, IEvent<T>
    {
        // In the order of their ids: two that handle the same events do not wait for each other.
        var ids = events.Select(e => e.Id).Distinct().Order(StringComparer.Ordinal).ToArray();
        var begun = await db.RowsAsync(
            $"INSERT INTO inbox (event_id, handled_at) SELECT unnest({ids}), {now} ON CONFLICT DO NOTHING RETURNING event_id", row => row.GetString(0), cancellationToken);
        if (begun.Count == events.Count)
            return events;
        var left = begun.ToHashSet();
        return [.. events.Where(e => left.Remove(e.Id))];
    }

    // A delivery of several events is a request in the trace of one of them at most; each has its effect in its own.
    private static Activity? Enter<T>(ActivitySource source, CloudEvent<T> e)
        where T : class, IEvent<T>
    {
        if (!ActivityContext.TryParse(e.TraceParent, null, isRemote: true, out var published) || Activity.Current?.TraceId == published.TraceId)
            return null;
        return source.StartActivity($"process {T.Topic}/{e.Type}", ActivityKind.Consumer, published)
            ?? new Activity("process").SetParentId(published.TraceId, published.SpanId, published.TraceFlags).Start();
    }
}
