namespace OrderMall.Services.Tests;

/// <summary>Waits for a condition, with a deadline.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(15);

    public static async Task BecomesAsync<T>(T expected, Func<Task<T>> actual)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        var last = await actual();
        while (!Equals(last, expected) && !deadline.IsCancellationRequested)
        {
            await Task.Delay(10);
            last = await actual();
        }

        Assert.Equal(expected, last);
    }
}
