namespace OrderMall.ServiceDefaults.Connections;

/// <summary>Throttles a log entry to one every few seconds, with how often it happened meanwhile: it may happen thousands of times a second.</summary>
public sealed class ThrottledLog(TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private long _count;
    private long _said;

    /// <summary>It has happened once more.</summary>
    /// <returns>How often since the last time it was said, if it is to be said now.</returns>
    public long? Count()
    {
        var count = Interlocked.Increment(ref _count);
        var said = Interlocked.Read(ref _said);
        if ((said != 0 && time.GetElapsedTime(said) <= Interval) || Interlocked.CompareExchange(ref _said, time.GetTimestamp(), said) != said)
            return null;
        Interlocked.Add(ref _count, -count);
        return count;
    }
}
