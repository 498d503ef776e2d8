namespace OrderMall.ServiceDefaults;

/// <summary>The time as the mall keeps it.</summary>
public static class Clock
{
    /// <summary>The time now, in UTC and whole milliseconds: what a database or JSON gives back is what was put in.</summary>
    /// <returns>UTC, cut to the millisecond.</returns>
    public static DateTimeOffset Now(this TimeProvider time)
    {
        var now = time.GetUtcNow();
        return new DateTimeOffset(now.Ticks - (now.Ticks % TimeSpan.TicksPerMillisecond), TimeSpan.Zero);
    }
}
