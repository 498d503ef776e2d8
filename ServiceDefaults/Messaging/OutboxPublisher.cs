using System.Diagnostics;
using System.Text;
using Npgsql;
using OrderMall.ServiceDefaults.Database;
using OrderMall.ServiceDefaults.Dapr;

namespace OrderMall.ServiceDefaults.Messaging;

/// <summary>
/// Publishes what is in the outbox. Several replicas do so at once: each batch locks the rows it takes, and takes only
/// the first waiting event of an aggregate, so that the events of one aggregate leave in order although the broker may
/// reorder a batch. An event is deleted after it was taken by the broker: a crash in between publishes it again,
/// under the same id.
/// </summary>
internal sealed partial class OutboxPublisher(
    NpgsqlDataSource database,
    EventPublisher publisher,
    CommitSignal signal,
    ActivitySource source,
    ILogger<OutboxPublisher> logger) : BackgroundService
{
    private const int BatchSize = 200;
    // In bytes. Dapr's component for Service Bus sends a batch as one message of at most 128 KiB, or not at all.
    private const int LargestBatch = 64 * 1024;
    private const int EnvelopeSize = 1024;
    private static readonly TimeSpan PublishTimeLimit = TimeSpan.FromSeconds(10);
    // What another replica committed before it died is found by looking.
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);
    // The first event leaves at once; under load those of the next moments leave together.
    private static readonly TimeSpan BatchInterval = TimeSpan.FromMilliseconds(15);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var pause = TimeSpan.Zero;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await signal.WaitForEventsAsync(LookInterval, stoppingToken);
                int published;
                do
                {
                    // Not cancelled by stopping: what was taken is published, and then we stop.
                    published = await PublishBatchAsync();
                    if (published is > 0 and < BatchSize)
                        await Task.Delay(BatchInterval, stoppingToken);
                }
                while (published > 0 && !stoppingToken.IsCancellationRequested);
                pause = TimeSpan.Zero;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is SidecarException or NpgsqlException or TimeoutException or OperationCanceledException || DatabaseFailure.IsTransient(e))
            {
                pause = TimeSpan.FromMilliseconds(Math.Clamp(pause.TotalMilliseconds * 2, 100, LongestPause.TotalMilliseconds));
                LogWaiting(e.Message, pause.TotalSeconds);
                DatabaseFailure.EvictPool(e, database);
                await Task.Delay(pause, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task<int> PublishBatchAsync()
    {
        using var limit = new CancellationTokenSource(PublishTimeLimit);
        await using var connection = await database.OpenConnectionAsync(limit.Token);
        await using var transaction = await connection.BeginTransactionAsync(limit.Token);
        var taken = await TakeAsync(connection, limit.Token);
        foreach (var topic in taken.OrderBy(row => row.Id).GroupBy(row => row.Topic, row => row.Event))
        {
            foreach (var batch in Batches(topic))
                await PublishAsync(topic.Key, batch, limit.Token);
        }

        await transaction.CommitAsync(limit.Token);
        return taken.Count;
    }

    // Each event is published in the trace in which it was committed; the call that carries all of them belongs to none.
    private async Task PublishAsync(string topic, List<OutgoingEvent> batch, CancellationToken cancellationToken)
    {
        var spans = new List<Activity>();
        for (var i = 0; source.HasListeners() && i < batch.Count; i++)
        {
            if (!ActivityContext.TryParse(batch[i].TraceParent, null, isRemote: true, out var committed)
                || source.StartActivity($"publish {topic}/{batch[i].Type}", ActivityKind.Producer, committed) is not { } span)
            {
                continue;
            }

            Activity.Current = null;
            span.SetTag("messaging.system", "dapr").SetTag("messaging.operation.name", "publish").SetTag("messaging.destination.name", topic).SetTag("messaging.message.id", batch[i].Id);
            spans.Add(span);
            batch[i] = batch[i] with { TraceParent = span.Id };
        }

        try
        {
            await publisher.PublishAsync(topic, batch, cancellationToken);
        }
        catch (Exception e)
        {
            spans.ForEach(span => span.SetStatus(ActivityStatusCode.Error, e.Message));
            throw;
        }
        finally
        {
            spans.ForEach(span => span.Dispose());
        }
    }

    private static IEnumerable<List<OutgoingEvent>> Batches(IEnumerable<OutgoingEvent> events)
    {
        var (batch, size) = (new List<OutgoingEvent>(), 0);
        foreach (var e in events)
        {
            var next = e.Data.Length + EnvelopeSize;
            if (size + next > LargestBatch && batch.Count > 0)
            {
                yield return batch;
                (batch, size) = ([], 0);
            }

            batch.Add(e);
            size += next;
        }

        yield return batch;
    }

    // Deleted and logged here, which holds when the transaction commits: after the broker has the events.
    // An outbox is measured when it is empty: whatever the planner takes it for when it is full, rows are found by where they are, and earlier
    // ones by their key (by id + 0 no index finds them), and not by reading all of it for each.
    private static async Task<List<(long Id, string Topic, OutgoingEvent Event)>> TakeAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            """
            WITH taken AS (
                DELETE FROM outbox
                WHERE ctid = ANY (ARRAY(
                    SELECT ctid FROM outbox o
                    WHERE NOT EXISTS (SELECT 1 FROM outbox earlier WHERE earlier.key = o.key AND earlier.id + 0 < o.id)
                    ORDER BY id LIMIT $1
                    FOR UPDATE SKIP LOCKED))
                RETURNING *),
            logged AS (
                INSERT INTO published_event (event_id, topic, type, key, version, trace_parent, created_at)
                SELECT event_id, topic, type, key, version, trace_parent, created_at FROM taken)
            SELECT id, event_id, topic, type, key, data, trace_parent, created_at FROM taken
            """, connection)
        {
            Parameters = { new() { Value = BatchSize } },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var taken = new List<(long, string, OutgoingEvent)>();
        while (await reader.ReadAsync(cancellationToken))
        {
            taken.Add((reader.GetInt64(0), reader.GetString(2), new OutgoingEvent(
                reader.GetGuid(1).ToString(),
                reader.GetString(3),
                reader.GetString(4),
                Encoding.UTF8.GetBytes(reader.GetString(5)),
                await reader.IsDBNullAsync(6, cancellationToken) ? null : reader.GetString(6),
                reader.GetFieldValue<DateTimeOffset>(7))));
        }

        return taken;
    }

    [LoggerMessage(LogLevel.Warning, "Events wait in the outbox: {Reason} Next try in {Seconds} s.")]
    private partial void LogWaiting(string reason, double seconds);
}
