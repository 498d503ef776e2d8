namespace OrderMall.Sidecar.Resiliency;

/// <summary>
/// When a failed call is retried, and after how long: constant, or exponential with Dapr's fixed terms
/// (first 500 ms, then half as long again each time, each varied by up to half, given up 15 minutes after the first failure).
/// </summary>
/// <param name="MaxInterval">The longest exponential pause, before it is varied.</param>
/// <param name="MaxRetries">Tries after the first; -1 is no limit.</param>
/// <param name="Statuses">Which of the app's statuses are retried; <see langword="null"/> is every status that is a failure.</param>
internal sealed record RetryPolicy(
    bool Exponential,
    TimeSpan Duration,
    TimeSpan MaxInterval,
    int MaxRetries,
    IReadOnlyList<(int First, int Last)>? Statuses)
{
    private static readonly TimeSpan GiveUpAfter = TimeSpan.FromMinutes(15);

    /// <summary>What Dapr does for a called app that no target names: connection failures are retried for 3 s.</summary>
    public static RetryPolicy BuiltIn { get; } = new(false, TimeSpan.FromSeconds(1), default, 3, null);

    public bool Covers(int status) => Statuses is null || Statuses.Any(range => range.First <= status && status <= range.Last);

    /// <summary>The pause before the next try, or <see langword="null"/> to give up.</summary>
    /// <param name="elapsed">Since the first failure.</param>
    public TimeSpan? Pause(int retries, TimeSpan elapsed)
    {
        if (MaxRetries >= 0 && retries >= MaxRetries)
            return null;
        if (!Exponential)
            return Duration;
        var interval = Math.Min(500 * Math.Pow(1.5, Math.Min(retries, 40)), MaxInterval.TotalMilliseconds);
        var pause = TimeSpan.FromMilliseconds(interval * (0.5 + Random.Shared.NextDouble()));
        return elapsed + pause > GiveUpAfter ? null : pause;
    }
}
