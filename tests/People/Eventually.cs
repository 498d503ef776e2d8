using System.Diagnostics;

namespace OrderMall.People;

/// <summary>
/// Waits for what must come true, with a deadline: events take their time, but not for ever. Whoever looks does as the mall says: an answer
/// that a service is unreachable is one to try again after, until the deadline. Any other answer that nobody expects fails at once.
/// </summary>
public static class Eventually
{
    /// <summary>How long anything may take whose own limit is not what a test is about.</summary>
    public static readonly TimeSpan Usual = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(15);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(250);

    /// <summary>Looks until it equals what is expected.</summary>
    public static Task Is<T>(T expected, Func<Task<T>> look, TimeSpan? within = null) =>
        Satisfies(look, seen => EqualityComparer<T>.Default.Equals(seen, expected), $"be {expected}", within);

    /// <summary>Asks until no service is unreachable any more, and returns what was answered.</summary>
    public static Task<T> Answers<T>(Func<Task<T>> ask, TimeSpan? within = null) => Satisfies(ask, _ => true, "be answered", within);

    /// <summary>Looks until it is as it must be, and returns that.</summary>
    /// <param name="must">The same in words, for the failure: <c>be Shipped</c>.</param>
    /// <param name="within">The deadline in a mall of our own; <see cref="Usual"/> if left out.</param>
    public static async Task<T> Satisfies<T>(Func<Task<T>> look, Func<T, bool> isRight, string must, TimeSpan? within = null)
    {
        var limit = OpenMall.Patience(within ?? Usual);
        var waited = Stopwatch.StartNew();
        for (var pause = FirstPause; ; pause = pause * 1.5 < LongestPause ? pause * 1.5 : LongestPause)
        {
            try
            {
                var seen = await look();
                if (isRight(seen))
                    return seen;
                if (waited.Elapsed > limit)
                    Assert.Fail($"It should {must} within {limit.TotalSeconds} s, but is: {seen}");
            }
            catch (UnexpectedAnswerException unexpected) when (unexpected.Answer.IsUnreachable && waited.Elapsed <= limit)
            {
            }

            await Task.Delay(pause);
        }
    }
}
