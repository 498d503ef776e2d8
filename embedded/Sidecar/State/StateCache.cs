using Microsoft.Extensions.Caching.Memory;

namespace OrderMall.Sidecar.State;

/// <summary>
/// Values that were read or written lately. Only one sidecar works on a database (<see cref="SidecarLock"/>), so what is
/// remembered here is what is there: every write goes through <see cref="HoldAsync"/>, which also keeps a slow read from
/// putting back what a write has just replaced. Values that expire are not remembered.
/// </summary>
internal sealed class StateCache : IDisposable
{
    private const long MostBytes = 16 << 20;
    private const int EntryBytes = 200;

    private readonly MemoryCache _values = new(new MemoryCacheOptions { SizeLimit = MostBytes });
    private readonly SemaphoreSlim[] _stripes = [.. Enumerable.Range(0, 256).Select(_ => new SemaphoreSlim(1))];

    public StateValue? Find(string store, string key) => _values.Get<StateValue>((store, key));

    /// <summary>Waits until nobody else reads these keys into the cache or writes them.</summary>
    public async Task<IDisposable> HoldAsync(string store, IEnumerable<string> keys, CancellationToken cancellationToken)
    {
        // In one order, so that two holds cannot wait for each other.
        var stripes = keys.Select(key => (uint)HashCode.Combine(store, key) % _stripes.Length).Distinct().Order().ToArray();
        var held = new Hold(this, stripes);
        foreach (var stripe in stripes)
        {
            try
            {
                await _stripes[stripe].WaitAsync(cancellationToken);
            }
            catch
            {
                held.Dispose();
                throw;
            }

            held.Count++;
        }

        return held;
    }

    public void Remember(string store, string key, StateValue value) =>
        _values.Set((store, key), value, new MemoryCacheEntryOptions { Size = value.Json.Length + (2 * key.Length) + EntryBytes });

    public void Forget(string store, string key) => _values.Remove((store, key));

    public void Dispose()
    {
        _values.Dispose();
        foreach (var stripe in _stripes)
            stripe.Dispose();
    }

    private sealed class Hold(StateCache cache, long[] stripes) : IDisposable
    {
        public int Count { get; set; }

        public void Dispose()
        {
            foreach (var stripe in stripes.Take(Count))
                cache._stripes[stripe].Release();
        }
    }
}
