using System.Collections.Concurrent;
using System.Diagnostics;

namespace OrderMall.AppHost.Tests.Faults;

/// <summary>
/// Some who do the same over and over, each a moment after they are answered, and remember every answer that was none of those they
/// wanted. Told to come less often, they do not: they say so.
/// </summary>
internal sealed class Visitors : IAsyncDisposable
{
    private const int Told = 20;
    private static readonly TimeSpan UsualPause = TimeSpan.FromMilliseconds(100);
    private readonly CancellationTokenSource _leaving = new();
    private readonly ConcurrentQueue<TimeSpan> _served = new();
    private readonly ConcurrentQueue<string> _unserved = new();
    private readonly Func<Answer, bool> _isServed;
    private readonly TimeSpan _pause;
    private readonly Stopwatch _time = Stopwatch.StartNew();
    private readonly Task[] _all;

    /// <summary>They come.</summary>
    /// <param name="asks">What each of them does.</param>
    /// <param name="isServed">Whether an answer is one of those they want.</param>
    /// <param name="pause">How long each of them usually thinks before the next time: without it a few would keep the whole machine busy, as no people do.</param>
    public Visitors(IEnumerable<Func<Task<Answer>>> asks, Func<Answer, bool> isServed, TimeSpan? pause = null)
    {
        (_isServed, _pause) = (isServed, pause ?? UsualPause);
        _all = [.. asks.Select(AskAsync)];
    }

    /// <summary>Waits until so many more were served.</summary>
    /// <returns>How long that took each of them, the shortest first.</returns>
    public async Task<IReadOnlyList<TimeSpan>> ComeAsync(int more, TimeSpan? within = null)
    {
        var before = _served.Count;
        await Eventually.Satisfies(() => Task.FromResult(_served.Count - before), served => served >= more, $"serve {more}", within);
        return [.. _served.Skip(before).Order()];
    }

    /// <summary>Ends it.</summary>
    /// <returns>What came instead of what they wanted.</returns>
    public async Task<IReadOnlyCollection<string>> LeaveAsync()
    {
        await _leaving.CancelAsync();
        await Task.WhenAll(_all);
        return _unserved;
    }

    /// <summary>Ends it, and holds that all of them always got what they wanted.</summary>
    public async Task AllWereServedAsync()
    {
        var unserved = await LeaveAsync();
        Assert.True(unserved.Count == 0, $"{unserved.Count} of {unserved.Count + _served.Count} were not served:\n{string.Join('\n', unserved.Take(Told))}");
    }

    public async ValueTask DisposeAsync()
    {
        await LeaveAsync();
        _leaving.Dispose();
    }

    private async Task AskAsync(Func<Task<Answer>> ask)
    {
        while (!_leaving.IsCancellationRequested)
        {
            var asked = _time.Elapsed;
            try
            {
                var answer = await ask();
                if (_isServed(answer))
                    _served.Enqueue(answer.Took);
                else
                    _unserved.Enqueue($"asked after {asked.TotalSeconds:0.0} s, answered in {answer.Took.TotalSeconds:0.0} s: {answer}");
            }
            catch (UnansweredException broken)
            {
                _unserved.Enqueue($"asked after {asked.TotalSeconds:0.0} s: {broken.Message}");
            }

            await Task.Delay(_pause * (0.5 + Random.Shared.NextDouble()), _leaving.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
