using System.Text;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using OrderMall.ServiceDefaults.Sidecar;

namespace OrderMall.ServiceDefaults.Messaging;

/// <summary>
/// Publishes what is in the outbox. Several replicas do so at once: each batch locks the rows it takes, and takes only
/// the first waiting event of an aggregate, so that the events of one aggregate leave in order although the broker may
/// reorder a batch. An event is deleted after it was taken by the broker: a crash in between publishes it again,
/// under the same id.
/// </summary>
internal sealed partial class OutboxPublisher(
    NpgsqlDataSource database,
    IEventPublisher publisher,
    OutboxSignal signal,
    ILogger<OutboxPublisher> logger) : BackgroundService
{
    private const int BatchSize = 200;
    private static readonly TimeSpan PublishTimeLimit = TimeSpan.FromSeconds(10);
    // What another replica committed before it died is found by looking.
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var pause = TimeSpan.Zero;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                // Not cancelled by stopping: what was locked is published and deleted, and then we stop.
                if (await PublishBatchAsync() == 0)
                    await signal.WaitAsync(LookInterval, stoppingToken);
                pause = TimeSpan.Zero;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is SidecarException or NpgsqlException or TimeoutException or OperationCanceledException)
            {
                pause = TimeSpan.FromMilliseconds(Math.Clamp(pause.TotalMilliseconds * 2, 100, LongestPause.TotalMilliseconds));
                LogWaiting(e.Message, pause.TotalSeconds);
                await Task.Delay(pause, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task<int> PublishBatchAsync()
    {
        using var limit = new CancellationTokenSource(PublishTimeLimit);
        await using var connection = await database.OpenConnectionAsync(limit.Token);
        await using var transaction = await connection.BeginTransactionAsync(limit.Token);
        var (ids, topics) = await TakeAsync(connection, limit.Token);
        if (ids.Length == 0)
            return 0;
        foreach (var (topic, events) in topics)
            await publisher.PublishAsync(topic, events, limit.Token);
        await using var delete = new NpgsqlCommand("DELETE FROM outbox WHERE id = ANY($1)", connection, transaction)
        {
            Parameters = { new() { Value = ids } },
        };
        await delete.ExecuteNonQueryAsync(limit.Token);
        await transaction.CommitAsync(limit.Token);
        return ids.Length;
    }

    private static async Task<(long[] Ids, Dictionary<string, List<OutgoingEvent>> Topics)> TakeAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            """
            SELECT id, event_id, topic, type, key, data, trace_parent, created_at
            FROM outbox o
            WHERE NOT EXISTS (SELECT 1 FROM outbox earlier WHERE earlier.key = o.key AND earlier.id < o.id)
            ORDER BY id LIMIT $1
            FOR UPDATE SKIP LOCKED
            """, connection)
        {
            Parameters = { new() { Value = BatchSize } },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var ids = new List<long>();
        var topics = new Dictionary<string, List<OutgoingEvent>>();
        while (await reader.ReadAsync(cancellationToken))
        {
            ids.Add(reader.GetInt64(0));
            var topic = reader.GetString(2);
            if (!topics.TryGetValue(topic, out var events))
                topics[topic] = events = [];
            events.Add(new OutgoingEvent(
                reader.GetGuid(1).ToString(),
                reader.GetString(3),
                reader.GetString(4),
                Encoding.UTF8.GetBytes(reader.GetString(5)),
                await reader.IsDBNullAsync(6, cancellationToken) ? null : reader.GetString(6),
                reader.GetFieldValue<DateTimeOffset>(7)));
        }

        return ([.. ids], topics);
    }

    [LoggerMessage(LogLevel.Warning, "Events wait in the outbox: {Reason} Next try in {Seconds} s.")]
    private partial void LogWaiting(string reason, double seconds);
}
