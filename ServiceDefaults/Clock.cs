namespace OrderMall.ServiceDefaults;

/// <summary>The time as the mall keeps it.</summary>
public static class Clock
{
    // Where days end last: UTC-12.
    private static readonly TimeSpan FurthestBehind = TimeSpan.FromHours(12);

    /// <summary>The time now, in UTC and whole milliseconds: what a database or JSON gives back is what was put in.</summary>
    /// <returns>UTC, cut to the millisecond.</returns>
    public static DateTimeOffset Now(this TimeProvider time)
    {
        var now = time.GetUtcNow();
        return new DateTimeOffset(now.Ticks - (now.Ticks % TimeSpan.TicksPerMillisecond), TimeSpan.Zero);
    }

    /// <summary>The earliest day that is not over everywhere on Earth.</summary>
    /// <returns>Today, or yesterday until noon UTC.</returns>
    public static DateOnly EarliestDay(this TimeProvider time) => DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime - FurthestBehind);

    /// <summary>When a day is over everywhere on Earth.</summary>
    /// <returns>Noon UTC of the day after.</returns>
    public static DateTimeOffset EndOf(DateOnly day) =>
        // The calendar's own end has no day after.
        new DateTimeOffset(day < DateOnly.MaxValue ? day.AddDays(1) : day, TimeOnly.MinValue, TimeSpan.Zero) + FurthestBehind;
}
