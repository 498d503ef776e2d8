namespace OrderMall.Sidecar.Resiliency;

/// <summary>One breaker per method path of a called app; the least recently used is dropped, so that ids in paths cannot fill memory.</summary>
internal sealed class BreakerCache(BreakerSettings settings, int capacity, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, LinkedListNode<(string Path, CircuitBreaker Breaker)>> _byPath = [];
    private readonly LinkedList<(string Path, CircuitBreaker Breaker)> _byUse = [];

    public CircuitBreaker For(string path)
    {
        lock (_lock)
        {
            if (_byPath.TryGetValue(path, out var node))
            {
                if (_byUse.First != node)
                {
                    _byUse.Remove(node);
                    _byUse.AddFirst(node);
                }

                return node.Value.Breaker;
            }

            if (_byPath.Count == capacity)
            {
                _byPath.Remove(_byUse.Last!.Value.Path);
                _byUse.RemoveLast();
            }

            node = _byUse.AddFirst((path, new CircuitBreaker(settings, time)));
            _byPath[path] = node;
            return node.Value.Breaker;
        }
    }

    /// <summary>The worst state among the paths, or <see langword="null"/> when nothing was called yet.</summary>
    public string? WorstState()
    {
        CircuitBreaker[] breakers;
        lock (_lock)
            breakers = [.. _byUse.Select(entry => entry.Breaker)];
        var states = breakers.Select(breaker => breaker.StateName).ToHashSet();
        return states.Contains("open") ? "open" : states.Contains("half-open") ? "half-open" : states.FirstOrDefault();
    }
}
