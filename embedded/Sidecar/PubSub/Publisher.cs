using System.Threading.Channels;
using Npgsql;

namespace OrderMall.Sidecar.PubSub;

/// <summary>An event could not be kept. It may still be delivered if the database took it and only the answer was lost.</summary>
internal sealed class PublishException(string problem) : Exception(problem);

/// <summary>
/// Keeps published events. Whatever is published while one commit is in flight shares the next one, so that the cost of
/// a durable commit is spread over all of them.
/// </summary>
internal sealed partial class Publisher(Subscriptions subscriptions, QueueStore store, SidecarLock guard, long firstId, ILogger logger)
{
    private const int LargestBatch = 500;

    // Ends the waiting when the database neither works nor fails.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    private readonly Channel<Request> _requests =
        Channel.CreateBounded<Request>(new BoundedChannelOptions(2000) { SingleReader = true });

    private long _nextId = firstId;

    private sealed record Request(string PubSub, string Topic, IReadOnlyList<byte[]> Envelopes, TaskCompletionSource Kept);

    /// <summary>Returns when the events are on disk for every subscriber.</summary>
    /// <exception cref="PublishException">They are not.</exception>
    public async Task PublishAsync(string pubsub, string topic, IReadOnlyList<byte[]> envelopes)
    {
        var request = new Request(pubsub, topic, envelopes, new(TaskCreationOptions.RunContinuationsAsynchronously));
        try
        {
            if (!_requests.Writer.TryWrite(request))
                await _requests.Writer.WriteAsync(request).AsTask().WaitAsync(Limit);
            await request.Kept.Task.WaitAsync(Limit);
        }
        catch (TimeoutException)
        {
            throw new PublishException("the event store did not answer in time");
        }
        catch (ChannelClosedException)
        {
            throw new PublishException("the sidecar is stopping");
        }
    }

    /// <summary>Ends <see cref="RunAsync"/> once everything is kept.</summary>
    public void Complete() => _requests.Writer.TryComplete();

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var batch = new List<Request>();
        while (await _requests.Reader.WaitToReadAsync(cancellationToken))
        {
            var events = 0;
            while (events < LargestBatch && _requests.Reader.TryRead(out var request))
            {
                batch.Add(request);
                events += request.Envelopes.Count;
            }

            await KeepAsync(batch, cancellationToken);
            batch.Clear();
        }
    }

    private async Task KeepAsync(List<Request> batch, CancellationToken cancellationToken)
    {
        var rows = new List<(SubscriptionQueue Queue, QueuedEvent Queued)>();
        try
        {
            if (!guard.Held)
                throw new PublishException("the event store is not available");
            using (await subscriptions.HoldAsync(cancellationToken))
            {
                foreach (var request in batch)
                    await FanOutAsync(request, rows, cancellationToken);
                if (rows.Count > 0)
                {
                    await store.InsertAsync(
                        [.. rows.Select(row => row.Queued.Id)],
                        [.. rows.Select(row => row.Queue.Id)],
                        [.. rows.Select(row => row.Queued.Envelope)],
                        cancellationToken);
                }

                foreach (var (queue, queued) in rows)
                    queue.Offer(queued);
            }

            foreach (var request in batch)
                request.Kept.TrySetResult();
        }
        catch (Exception failure)
        {
            // Whether they were kept is not known. If they were, they are found in the table.
            foreach (var queue in rows.Select(row => row.Queue).Distinct())
                queue.FallBehind();
            if (failure is not (NpgsqlException or TimeoutException or PublishException))
                LogMistake(logger, failure);
            foreach (var request in batch)
                request.Kept.TrySetException(new PublishException(failure.Message));
        }
    }

    private async Task FanOutAsync(Request request, List<(SubscriptionQueue, QueuedEvent)> rows, CancellationToken cancellationToken)
    {
        var queues = await subscriptions.ForAsync(request.PubSub, request.Topic, cancellationToken);
        foreach (var envelope in request.Envelopes)
        {
            foreach (var queue in queues)
                rows.Add((queue, new QueuedEvent(_nextId++, envelope)));
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Publishing went wrong")]
    private static partial void LogMistake(ILogger logger, Exception mistake);
}
