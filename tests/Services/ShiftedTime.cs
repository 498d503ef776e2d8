namespace OrderMall.Services.Tests;

/// <summary>The time of day, moved: timers run as ever.</summary>
public sealed class ShiftedTime : TimeProvider
{
    private long _ticks;

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddTicks(Interlocked.Read(ref _ticks));

    /// <summary>It is this time now, and goes on from there.</summary>
    public void Set(DateTimeOffset now) => Interlocked.Exchange(ref _ticks, (now - base.GetUtcNow()).Ticks);
}
