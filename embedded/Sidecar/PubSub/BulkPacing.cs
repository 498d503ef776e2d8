namespace OrderMall.Sidecar.PubSub;

/// <summary>
/// When the bulk deliveries of a subscription go: the first event after a while goes at once, the next ones wait for each other, no
/// longer than the subscription says. Its owner locks.
/// </summary>
/// <param name="due">Called when a delivery may go that might not before.</param>
internal sealed class BulkPacing(TimeProvider time, Action due) : IDisposable
{
    private readonly ITimer _timer = time.CreateTimer(_ => due(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    private long? _last;

    /// <summary>Whether a delivery with so many events goes now.</summary>
    public bool MayGo(int events, BulkSubscribe bulk)
    {
        if (events < bulk.MaxMessagesCount && _last is { } last && bulk.MaxAwaitDuration - time.GetElapsedTime(last) is var pause && pause > TimeSpan.Zero)
        {
            _timer.Change(pause, Timeout.InfiniteTimeSpan);
            return false;
        }

        _last = time.GetTimestamp();
        return true;
    }

    public void Dispose() => _timer.Dispose();
}
