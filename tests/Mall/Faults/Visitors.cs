using System.Net;

namespace OrderMall.Mall.Tests.Faults;

/// <summary>Some who look at the same thing over and over, and count how often they were not served.</summary>
internal sealed class Visitors : IAsyncDisposable
{
    public const int Count = 8;
    private readonly CancellationTokenSource _leaving = new();
    private readonly Task[] _all;
    private int _served;
    private int _unserved;

    public Visitors(Person who, string path) => _all = [.. Enumerable.Range(0, Count).Select(_ => LookAsync(who, path))];

    /// <summary>Waits until so many more were served.</summary>
    public Task ComeAsync(int more)
    {
        var target = Volatile.Read(ref _served) + more;
        return Eventually.Is(true, () => Task.FromResult(Volatile.Read(ref _served) >= target));
    }

    /// <summary>Ends it.</summary>
    /// <returns>How often there was no answer, or not the right one.</returns>
    public async Task<int> LeaveAsync()
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

    private async Task LookAsync(Person who, string path)
    {
        while (!_leaving.IsCancellationRequested)
        {
            try
            {
                var answer = await Person.PatientlyAsync(() => who.GetAsync(path));
                Interlocked.Increment(ref answer.Status == HttpStatusCode.OK ? ref _served : ref _unserved);
            }
            catch (HttpRequestException)
            {
                Interlocked.Increment(ref _unserved);
            }
        }
    }
}
