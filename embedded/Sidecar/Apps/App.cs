using System.Collections.Concurrent;

namespace OrderMall.Sidecar.Apps;

/// <summary>An app the sidecar stands beside: its instances, and the policies it calls and is delivered to under.</summary>
internal sealed class App
{
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _places = new();
    private readonly Lock _lock = new();
    private AppInstance[] _healthy = [];
    private uint _turn;

    public App(SidecarApp settings, AppPolicies policies, AppSpans? spans)
    {
        Settings = settings;
        Policies = policies;
        Spans = spans;
        Instances = [.. settings.Instances.Select(address => new AppInstance(address))];
    }

    /// <summary>Told when the first instance becomes healthy, and when the last one stops being so.</summary>
    public event Action<App, bool>? HealthChanged;

    public string AppId => Settings.AppId;

    public SidecarApp Settings { get; }

    public AppPolicies Policies { get; }

    /// <summary>Where the spans of its sidecar go; <see langword="null"/> where nobody is told of them.</summary>
    public AppSpans? Spans { get; }

    public IReadOnlyList<AppInstance> Instances { get; }

    public bool Healthy => Volatile.Read(ref _healthy).Length > 0;

    /// <summary>
    /// The healthy instance with the least to do, in turn where several have; <see langword="null"/> when there is none. One that
    /// hangs, or was just started and is still slow, so gets little.
    /// </summary>
    public AppInstance? NextInstance()
    {
        var healthy = Volatile.Read(ref _healthy);
        if (healthy.Length < 2)
            return healthy.FirstOrDefault();
        var turn = Interlocked.Increment(ref _turn);
        var next = healthy[turn % (uint)healthy.Length];
        for (var after = 1u; after < healthy.Length; after++)
        {
            var other = healthy[(turn + after) % (uint)healthy.Length];
            if (other.HasRoom == next.HasRoom ? other.Working < next.Working : other.HasRoom)
                next = other;
        }

        return next;
    }

    /// <summary>Where a component limits them: places for the events of its topics that the app is given at a time.</summary>
    public SemaphoreSlim? PlacesFor(Component component) =>
        component.Concurrency is { } each ? _places.GetOrAdd(component.Name, _ => new SemaphoreSlim(each * Instances.Count)) : null;

    /// <summary>A call found nobody listening there: nothing more is sent until a probe succeeds.</summary>
    public void Refused(AppInstance instance)
    {
        SetHealth(instance, healthy: false);
        instance.ProbeNow();
    }

    public void SetHealth(AppInstance instance, bool healthy)
    {
        // Under the lock, so that two changes in a row are told in their order.
        lock (_lock)
        {
            instance.Healthy = healthy;
            var wasHealthy = Healthy;
            Volatile.Write(ref _healthy, [.. Instances.Where(candidate => candidate.Healthy)]);
            if (Healthy != wasHealthy)
                HealthChanged?.Invoke(this, healthy);
        }
    }
}
