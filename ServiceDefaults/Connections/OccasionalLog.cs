namespace OrderMall.ServiceDefaults.Connections;

/// <summary>Says what may happen thousands of times a second every few seconds only, and how often it happened meanwhile.</summary>
public sealed class OccasionalLog(TimeProvider time)
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
