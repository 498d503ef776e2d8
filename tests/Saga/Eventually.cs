using System.Diagnostics;

namespace OrderMall.Saga.Tests;

/// <summary>Waits for a condition, with a deadline.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    /// <param name="condition">What must come true.</param>
    /// <param name="must">The same in words, for the failure: <c>come to rest</c>.</param>
    public static async Task HoldsAsync(Func<Task<bool>> condition, Func<string> must)
    {
        var waited = Stopwatch.StartNew();
        while (!await condition())
        {
            if (waited.Elapsed > Deadline)
                Assert.Fail($"Within {Deadline.TotalSeconds} s it should {must()}.");
            await Task.Delay(1);
        }
    }
}
