using System.Runtime.CompilerServices;

namespace OrderMall.Tests;

/// <summary>Waits for what happens in its own time, up to a deadline.</summary>
internal static class Eventually
{
    private const int LongestPauseMs = 10;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    public static async Task BecomesAsync<T>(T expected, Func<Task<T>> actual)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        var last = await actual();
        while (!Equals(last, expected) && !deadline.IsCancellationRequested)
        {
            await Task.Delay(LongestPauseMs);
            last = await actual();
        }

        Assert.Equal(expected, last);
    }

    public static Task TrueAsync(Func<bool> condition, [CallerArgumentExpression(nameof(condition))] string? what = null) =>
        TrueAsync(() => Task.FromResult(condition()), what);

    public static Task TrueAsync(Func<Task<bool>> condition, [CallerArgumentExpression(nameof(condition))] string? what = null) =>
        WithinAsync(Deadline, condition, () => what);

    /// <summary>For what may take longer, and can say what is still missing.</summary>
    public static async Task WithinAsync(TimeSpan limit, Func<Task<bool>> condition, Func<string?> what)
    {
        using var deadline = new CancellationTokenSource(limit);
        for (var pause = 1; !await condition(); pause = Math.Min(2 * pause, LongestPauseMs))
        {
            Assert.False(deadline.IsCancellationRequested, $"within {limit.TotalSeconds} s this did not come true: {what()}");
            await Task.Delay(pause);
        }
    }
}
