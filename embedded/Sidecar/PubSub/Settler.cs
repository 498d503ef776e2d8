using System.Threading.Channels;

namespace OrderMall.Sidecar.PubSub;

/// <summary>
/// Writes down what became of deliveries, many at a time. It runs behind them: after a crash, what was handled in the last
/// moments is delivered once more, which at-least-once delivery allows.
/// </summary>
internal sealed partial class Settler(QueueStore store, ILogger logger)
{
    private const int LargestBatch = 2000;

    // Long enough to gather a batch under load, short enough to bound what a crash delivers again.
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(500);

    private readonly Channel<(QueuedEvent Event, bool Handled)> _settled =
        Channel.CreateBounded<(QueuedEvent, bool)>(new BoundedChannelOptions(20_000) { SingleReader = true });

    /// <summary>The event is handled and can be forgotten. Waits when the database is far behind.</summary>
    public ValueTask HandledAsync(QueuedEvent settled) => _settled.Writer.WriteAsync((settled, true));

    /// <summary>The event is due again at its <see cref="QueuedEvent.DueAt"/>.</summary>
    public ValueTask PostponedAsync(QueuedEvent settled) => _settled.Writer.WriteAsync((settled, false));

    /// <summary>Ends <see cref="RunAsync"/> once everything is written.</summary>
    public void Complete() => _settled.Writer.TryComplete();

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var handled = new List<long>();
        var postponed = new Dictionary<long, QueuedEvent>();
        while (await _settled.Reader.WaitToReadAsync(cancellationToken))
        {
            if (_settled.Reader.Count < LargestBatch && !_settled.Reader.Completion.IsCompleted)
                await Task.Delay(Gathering, cancellationToken);
            while (handled.Count + postponed.Count < LargestBatch && _settled.Reader.TryRead(out var next))
            {
                if (next.Handled)
                    handled.Add(next.Event.Id);
                else
                    postponed[next.Event.Id] = next.Event;
            }

            await WriteAsync(handled, postponed.Values, cancellationToken);
            handled.Clear();
            postponed.Clear();
        }
    }

    private async Task WriteAsync(List<long> handled, ICollection<QueuedEvent> postponed, CancellationToken cancellationToken)
    {
        // Until the database takes it: the deliveries behind this wait, so nothing is lost or piles up.
        while (true)
        {
            try
            {
                if (postponed.Count > 0)
                {
                    await store.PostponeAsync(
                        [.. postponed.Select(waiting => waiting.Id)],
                        [.. postponed.Select(waiting => waiting.Attempts)],
                        [.. postponed.Select(waiting => (waiting.DueAt ?? DateTimeOffset.UtcNow).UtcDateTime)],
                        cancellationToken);
                }

                if (handled.Count > 0)
                    await store.DeleteAsync([.. handled], cancellationToken);
                return;
            }
            catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
            {
                // Whatever it is: without this loop nothing would be delivered any more. A connection that breaks is not always reported as such.
                LogWaiting(logger, failure.Message);
                await Task.Delay(RetryPause, cancellationToken);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Deliveries cannot be written down yet: {Problem}")]
    private static partial void LogWaiting(ILogger logger, string problem);
}
