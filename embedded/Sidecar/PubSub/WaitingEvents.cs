namespace OrderMall.Sidecar.PubSub;

/// <summary>
/// Events of a subscription that wait for their next delivery, by a clock that nobody sets: by the wall clock, everything would wait
/// as much longer as that is set back. Its owner locks.
/// </summary>
/// <param name="due">Called when there is one whose time has come.</param>
internal sealed class WaitingEvents(TimeProvider time, Action due) : IDisposable
{
    // Timers cannot be set for much longer than a month; a policy's pause can.
    private static readonly TimeSpan LongestTimer = TimeSpan.FromHours(1);

    private readonly PriorityQueue<QueuedEvent, TimeSpan> _events = new();
    private readonly ITimer _timer = time.CreateTimer(_ => due(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    private readonly long _start = time.GetTimestamp();

    public int Count => _events.Count;

    private TimeSpan Now => time.GetElapsedTime(_start);

    public void Add(QueuedEvent queued, TimeSpan pause)
    {
        _events.Enqueue(queued, Now + pause);
        SetTimer();
    }

    /// <summary>Takes all whose time has come.</summary>
    public IEnumerable<QueuedEvent> TakeDue()
    {
        var now = Now;
        while (_events.TryPeek(out var queued, out var at) && at <= now)
        {
            _events.Dequeue();
            yield return queued;
        }

        SetTimer();
    }

    /// <summary>Takes all, whenever their time comes.</summary>
    public IEnumerable<QueuedEvent> TakeAll()
    {
        while (_events.TryDequeue(out var queued, out _))
            yield return queued;
    }

    public void Dispose() => _timer.Dispose();

    private void SetTimer()
    {
        if (!_events.TryPeek(out _, out var at))
            return;
        // A millisecond more than needed, so that the timer never comes just before its event is due.
        var pause = at - Now + TimeSpan.FromMilliseconds(1);
        _timer.Change(pause < TimeSpan.Zero ? TimeSpan.Zero : pause > LongestTimer ? LongestTimer : pause, Timeout.InfiniteTimeSpan); // false when it has ended
    }
}
