using System.Collections.Concurrent;
using Polly;

namespace OrderMall.Sidecar.Resiliency;

/// <summary>The policies of one target, ready to run.</summary>
/// <param name="Timeout">The limit for one try.</param>
internal sealed record TargetPolicies(
    TimeSpan? Timeout,
    RetryPolicy? Retry,
    BreakerCache? Breakers,
    ResiliencePipeline<HttpResponseMessage?> Pipeline)
{
    public bool MayRepeat => Retry is { MaxRetries: not 0 };
}

/// <summary>What the resiliency resources say for one app: as a caller of other apps, and as a subscriber.</summary>
internal sealed class AppPolicies
{
    private readonly Dictionary<string, TargetSpec> _apps = [];
    private readonly Dictionary<string, ComponentTargetSpec> _components = [];
    private readonly Dictionary<string, TimeSpan> _timeouts = [];
    private readonly Dictionary<string, RetryPolicy> _retries = [];
    private readonly Dictionary<string, BreakerSettings> _breakers = [];
    private readonly ConcurrentDictionary<(string Kind, string Target), TargetPolicies?> _ready = new();
    private readonly TimeProvider _time;

    public AppPolicies(string appId, IEnumerable<ResiliencySpec> specs, TimeProvider time)
    {
        _time = time;
        foreach (var spec in specs.Where(spec => spec.IsFor(appId)))
        {
            Copy(spec.Apps, _apps);
            Copy(spec.Components, _components);
            Copy(spec.Timeouts, _timeouts);
            Copy(spec.Retries, _retries);
            Copy(spec.Breakers, _breakers);
        }
    }

    /// <summary>What to try again when a called app without policies cannot be connected to.</summary>
    public RetryPolicy BuiltInRetry => _retries.GetValueOrDefault("DaprBuiltInServiceRetries", RetryPolicy.BuiltIn);

    /// <summary>For calls to another app; <see langword="null"/> where nothing applies.</summary>
    public TargetPolicies? ForApp(string appId) =>
        _ready.GetOrAdd(("app", appId), static (key, policies) =>
            policies.Ready(policies._apps.GetValueOrDefault(key.Target) ?? policies.Default("App")), this);

    /// <summary>For what a pub/sub component delivers to this app; <see langword="null"/> where nothing applies.</summary>
    public TargetPolicies? ForInbound(string component) =>
        _ready.GetOrAdd(("inbound", component), static (key, policies) => policies.Ready(
            policies._components.GetValueOrDefault(key.Target)?.Inbound
            ?? policies.Default("PubsubComponentInbound", "ComponentInbound", "Component")), this);

    /// <summary>For what this app asks of a component; <see langword="null"/> where nothing applies.</summary>
    /// <param name="kind"><c>Pubsub</c> or <c>Statestore</c>, which defaults may be given for.</param>
    public TargetPolicies? ForOutbound(string component, string kind) =>
        _ready.GetOrAdd((kind, component), static (key, policies) => policies.Ready(
            policies._components.GetValueOrDefault(key.Target)?.Outbound
            ?? policies.Default($"{key.Kind}ComponentOutbound", "ComponentOutbound", "Component")), this);

    /// <summary>The state of each target's breakers that were used.</summary>
    public IEnumerable<(string Target, string State)> Circuits() =>
        from ready in _ready
        let state = ready.Value?.Breakers?.WorstState()
        where state is not null
        select (ready.Key.Target, state);

    /// <summary>The default policies by Dapr's names, the most particular first: <c>DefaultPubsubComponentInboundRetryPolicy</c> before <c>DefaultRetryPolicy</c>.</summary>
    private TargetSpec Default(params string[] levels) => new(
        First(_timeouts, levels, "TimeoutPolicy", out var timeout) ? timeout : null,
        First(_retries, levels, "RetryPolicy", out var retry) ? retry : null,
        First(_breakers, levels, "CircuitBreakerPolicy", out var breaker) ? breaker : null,
        BreakerCacheSize: 100);

    private static bool First<T>(Dictionary<string, T> policies, string[] levels, string suffix, out T? policy)
    {
        foreach (var level in levels.Append(""))
        {
            if (policies.TryGetValue($"Default{level}{suffix}", out policy))
                return true;
        }

        policy = default;
        return false;
    }

    private TargetPolicies? Ready(TargetSpec spec)
    {
        if (spec is { Timeout: null, Retry: null, Breaker: null })
            return null;
        return new(
            spec.Timeout,
            spec.Retry,
            spec.Breaker is null ? null : new BreakerCache(spec.Breaker, spec.BreakerCacheSize, _time),
            PolicyPipeline.Build(spec.Timeout, spec.Retry, spec.Breaker is not null, _time));
    }

    private static void Copy<T>(IReadOnlyDictionary<string, T> from, Dictionary<string, T> to)
    {
        foreach (var (name, value) in from)
            to[name] = value;
    }
}
