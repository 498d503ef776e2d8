namespace OrderMall.Saga.Tests.World;

/// <summary>The world's time: it stands still until a case lets it pass.</summary>
internal sealed class WorldClock
{
    private long _ticks = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).Ticks;

    public DateTimeOffset Now => new(Interlocked.Read(ref _ticks), TimeSpan.Zero);

    public void Advance(TimeSpan by) => Interlocked.Add(ref _ticks, by.Ticks);
}

/// <summary>The world's time as one service sees it. Its timers ring when the world says so: one service after the other.</summary>
internal sealed class ServiceTime(WorldClock clock) : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<Timer> _timers = [];

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => clock.Now;

    public override long GetTimestamp() => clock.Now.Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, () => callback(state));
        timer.Change(dueTime, period);
        lock (_lock)
            _timers.Add(timer);
        return timer;
    }

    /// <summary>How many timers ring again and again, and at least so often.</summary>
    public int Ringing(TimeSpan period)
    {
        lock (_lock)
            return _timers.Count(timer => timer.Period <= period);
    }

    /// <summary>Rings what is due, and what rings at least so often.</summary>
    public void Ring(TimeSpan period)
    {
        List<Timer> due;
        lock (_lock)
        {
            due = [.. _timers.Where(timer => timer.Due <= clock.Now || timer.Period <= period)];
            due.ForEach(timer => timer.Due = clock.Now + timer.Period);
        }

        due.ForEach(timer => timer.Ring());
    }

    private sealed class Timer(ServiceTime time, Action ring) : ITimer
    {
        /// <summary>When it rings next.</summary>
        public DateTimeOffset? Due { get; set; }

        public TimeSpan? Period { get; private set; }

        public void Ring() => ring();

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time._lock)
            {
                Due = dueTime == Timeout.InfiniteTimeSpan ? null : time.GetUtcNow() + dueTime;
                Period = period == Timeout.InfiniteTimeSpan ? null : period;
            }

            return true;
        }

        public void Dispose()
        {
            lock (time._lock)
                time._timers.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }
    }
}
