using System.Collections.Concurrent;

namespace OrderMall.Mall.Tests.Faults;

/// <summary>Some who do the same over and over, each when they are answered, and remember every answer that was none of those they wanted.</summary>
internal sealed class Visitors : IAsyncDisposable
{
    private readonly CancellationTokenSource _leaving = new();
    private readonly ConcurrentQueue<string> _unserved = new();
    private readonly Func<Answer, bool> _isServed;
    private readonly Task[] _all;
    private int _served;

    /// <summary>They come.</summary>
    /// <param name="asks">What each of them does.</param>
    /// <param name="isServed">Whether an answer is one of those they want.</param>
    public Visitors(IEnumerable<Func<Task<Answer>>> asks, Func<Answer, bool> isServed)
    {
        _isServed = isServed;
        _all = [.. asks.Select(AskAsync)];
    }

    /// <summary>Waits until so many more were served.</summary>
    public Task ComeAsync(int more)
    {
        var target = Volatile.Read(ref _served) + more;
        return Eventually.Is(true, () => Task.FromResult(Volatile.Read(ref _served) >= target));
    }

    /// <summary>Ends it.</summary>
    /// <returns>What came instead of what they wanted.</returns>
    public async Task<IReadOnlyCollection<string>> LeaveAsync()
    {
        await _leaving.CancelAsync();
        await Task.WhenAll(_all);
        return _unserved;
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
            try
            {
                var answer = await Person.PatientlyAsync(ask);
                if (_isServed(answer))
                    Interlocked.Increment(ref _served);
                else
                    _unserved.Enqueue(answer.ToString());
            }
            catch (UnansweredException broken)
            {
                _unserved.Enqueue(broken.Message);
            }
        }
    }
}
