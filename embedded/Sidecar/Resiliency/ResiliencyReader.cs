using System.Globalization;
using System.Text.RegularExpressions;

namespace OrderMall.Sidecar.Resiliency;

/// <summary>Reads <c>kind: Resiliency</c>.</summary>
internal sealed partial class ResiliencyReader
{
    // Dapr's own size of the cache of breakers for one called app.
    private const int DefaultBreakerCacheSize = 100;
    private const int LargestBreakerCacheSize = 2000;
    // Dapr's own condition, where none is given: consecutiveFailures > 5.
    private const long DefaultFailures = 6;

    private readonly Dictionary<string, TimeSpan> _timeouts = [];
    private readonly Dictionary<string, RetryPolicy> _retries = [];
    private readonly Dictionary<string, BreakerSettings> _breakers = [];

    public static ResiliencySpec Read(YamlMap resource) => new ResiliencyReader().ReadAll(resource);

    private ResiliencySpec ReadAll(YamlMap resource)
    {
        resource.Only("apiVersion", "kind", "metadata", "spec", "scopes");
        var spec = resource.RequiredMap("spec").Only("policies", "targets");
        if (spec.Map("policies")?.Only("timeouts", "retries", "circuitBreakers") is { } policies)
            ReadPolicies(policies);

        var apps = new Dictionary<string, TargetSpec>();
        var components = new Dictionary<string, ComponentTargetSpec>();
        if (spec.Map("targets")?.Only("apps", "components", "actors") is { } targets)
        {
            if (targets.Has("actors"))
                throw targets.Wrong("actors", "the embedded sidecar has no actors; remove targets.actors");
            foreach (var (name, target) in Named(targets.Map("apps")))
                apps[name] = Target(target.Only("timeout", "retry", "circuitBreaker", "circuitBreakerScope", "circuitBreakerCacheSize"));
            foreach (var (name, target) in Named(targets.Map("components")))
            {
                target.Only("inbound", "outbound");
                components[name] = new(Target(Direction(target, "inbound")), Target(Direction(target, "outbound")));
            }
        }

        return new(
            resource.RequiredMap("metadata").RequiredText("name"),
            resource.Texts("scopes"),
            _timeouts,
            _retries,
            _breakers,
            apps,
            components);
    }

    private static YamlMap? Direction(YamlMap component, string direction) =>
        component.Map(direction)?.Only("timeout", "retry", "circuitBreaker");

    private void ReadPolicies(YamlMap policies)
    {
        if (policies.Map("timeouts") is { } timeouts)
        {
            foreach (var name in timeouts.Keys)
            {
                _timeouts[name] = timeouts.Duration(name)!.Value is var timeout && timeout > TimeSpan.Zero
                    ? timeout
                    : throw timeouts.Wrong(name, $"timeout '{name}' must be more than zero");
            }
        }

        foreach (var (name, retry) in Named(policies.Map("retries")))
            _retries[name] = Retry(retry.Only("policy", "duration", "maxInterval", "maxRetries", "matching"));
        foreach (var (name, breaker) in Named(policies.Map("circuitBreakers")))
            _breakers[name] = Breaker(breaker.Only("maxRequests", "interval", "timeout", "trip"));
    }

    private static RetryPolicy Retry(YamlMap retry)
    {
        var exponential = retry.Text("policy") switch
        {
            null or "constant" => false,
            "exponential" => true,
            var other => throw retry.Wrong("policy", $"{retry.Name}.policy is '{other}'; write constant or exponential"),
        };
        var maxRetries = retry.Integer("maxRetries") ?? -1;
        if (maxRetries < -1)
            throw retry.Wrong("maxRetries", $"{retry.Name}.maxRetries is {maxRetries}; write -1 for no limit, or 0 and more");
        var matching = retry.Map("matching")?.Only("httpStatusCodes", "gRPCStatusCodes");
        return new(
            exponential,
            retry.Duration("duration") ?? TimeSpan.FromSeconds(5),
            retry.Duration("maxInterval") ?? TimeSpan.FromSeconds(60),
            maxRetries,
            matching?.Text("httpStatusCodes") is { Length: > 0 } codes ? Statuses(matching, codes) : null);
    }

    private static List<(int First, int Last)> Statuses(YamlMap matching, string codes)
    {
        var ranges = new List<(int, int)>();
        foreach (var part in codes.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var ends = part.Split('-');
            if (ends.Length > 2 || !IsStatus(ends[0], out var first) || !IsStatus(ends[^1], out var last) || last < first)
                throw matching.Wrong("httpStatusCodes", $"'{part}' is not a status or a range of them; write for example 429,500-599");
            ranges.Add((first, last));
        }

        return ranges;
    }

    private static bool IsStatus(string text, out int status) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out status) && status is >= 100 and <= 599;

    private static BreakerSettings Breaker(YamlMap breaker)
    {
        var maxRequests = breaker.Integer("maxRequests") ?? 1;
        if (maxRequests < 0)
            throw breaker.Wrong("maxRequests", $"{breaker.Name}.maxRequests is {maxRequests}; write 1 or more");
        var timeout = breaker.Duration("timeout") ?? TimeSpan.Zero;
        return new(
            Math.Max(maxRequests, 1),
            breaker.Duration("interval") ?? TimeSpan.Zero,
            timeout > TimeSpan.Zero ? timeout : TimeSpan.FromSeconds(60),
            Failures(breaker));
    }

    // What breakers are written for. Dapr takes any expression in CEL: those are for a real one.
    private static long Failures(YamlMap breaker)
    {
        if (breaker.Text("trip") is not { } trip)
            return DefaultFailures;
        var condition = InARow().Match(trip);
        if (!condition.Success || !long.TryParse(condition.Groups["count"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var count))
            throw breaker.Wrong("trip", $"{breaker.Name}.trip is '{trip}'; the embedded sidecar knows conditions such as consecutiveFailures >= 5");
        return condition.Groups["more"].Value == ">" ? count + 1 : count;
    }

    [GeneratedRegex("^ *consecutiveFailures *(?<more>>=?) *(?<count>[0-9]+) *$")]
    private static partial Regex InARow();

    private TargetSpec Target(YamlMap? target)
    {
        if (target is null)
            return new(null, null, null, DefaultBreakerCacheSize);
        var size = target.Integer("circuitBreakerCacheSize") ?? 0;
        if (size is < 0 or > LargestBreakerCacheSize)
            throw target.Wrong("circuitBreakerCacheSize", $"circuitBreakerCacheSize is {size}; write 1 to {LargestBreakerCacheSize}");
        return new(
            Named(target, "timeout", _timeouts, "timeouts", out var timeout) ? timeout : null,
            Named(target, "retry", _retries, "retries", out var retry) ? retry : null,
            Named(target, "circuitBreaker", _breakers, "circuitBreakers", out var breaker) ? breaker : null,
            size == 0 ? DefaultBreakerCacheSize : size);
    }

    private static bool Named<T>(YamlMap target, string field, Dictionary<string, T> policies, string kind, out T? policy)
    {
        policy = default;
        if (target.Text(field) is not { Length: > 0 } name)
            return false;
        return policies.TryGetValue(name, out policy)
            ? true
            : throw target.Wrong(field, $"{target.Name}.{field} names '{name}', which spec.policies.{kind} does not define" +
                (policies.Count == 0 ? "" : $"; it has {string.Join(", ", policies.Keys)}"));
    }

    private static IEnumerable<(string Name, YamlMap Value)> Named(YamlMap? map) =>
        map is null
            ? []
            : map.Keys.Select(name => (name, map.Map(name) ?? throw map.Wrong(name, $"{map.Name}.{name} is empty")));
}
