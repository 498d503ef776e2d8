namespace OrderMall.Sidecar.Resiliency;

/// <summary>The policies a target names; each may be missing.</summary>
internal sealed record TargetSpec(TimeSpan? Timeout, RetryPolicy? Retry, BreakerSettings? Breaker, int BreakerCacheSize);

/// <summary>A component's policies: for calls to it, and for what it delivers to the app.</summary>
internal sealed record ComponentTargetSpec(TargetSpec Inbound, TargetSpec Outbound);

/// <summary>One <c>kind: Resiliency</c> resource, with the names in its targets resolved.</summary>
internal sealed record ResiliencySpec(
    string Name,
    IReadOnlyList<string> Scopes,
    IReadOnlyDictionary<string, TimeSpan> Timeouts,
    IReadOnlyDictionary<string, RetryPolicy> Retries,
    IReadOnlyDictionary<string, BreakerSettings> Breakers,
    IReadOnlyDictionary<string, TargetSpec> Apps,
    IReadOnlyDictionary<string, ComponentTargetSpec> Components)
{
    public bool IsFor(string appId) => Scopes.Count == 0 || Scopes.Contains(appId);
}
