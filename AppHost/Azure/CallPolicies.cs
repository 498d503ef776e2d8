using System.Globalization;
using System.Text.RegularExpressions;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace OrderMall.AppHost.Azure;

/// <summary>
/// What <c>components/resiliency.yaml</c> says of calls between services. Container Apps has resiliency resources for components
/// (<c>components/azure</c>) and for calls by an app's name, but none for calls through sidecars: so services that call get these
/// policies as settings (<c>Resiliency:{callee}:...</c>) and keep to them themselves.
/// </summary>
internal sealed partial class CallPolicies
{
    private readonly ResiliencyFile _file;

    private CallPolicies(ResiliencyFile file) => _file = file;

    /// <exception cref="InvalidOperationException">The file cannot be read; the message says why.</exception>
    public static CallPolicies Read(string path)
    {
        try
        {
            return new CallPolicies(new DeserializerBuilder()
                .WithNamingConvention(CamelCaseNamingConvention.Instance).IgnoreUnmatchedProperties().Build()
                .Deserialize<ResiliencyFile>(File.ReadAllText(path)));
        }
        catch (YamlDotNet.Core.YamlException wrong)
        {
            throw new InvalidOperationException($"{path}: {wrong.Message}", wrong);
        }
    }

    /// <summary>The settings of a service: for each that it calls, how.</summary>
    /// <exception cref="InvalidOperationException">A policy that is named is not there, or cannot be read.</exception>
    public IEnumerable<(string Name, string Value)> Of(MallService service)
    {
        if (!_file.Scopes.Contains(service.AppId))
            yield break;
        var policies = _file.Spec.Policies;
        foreach (var callee in service.Calls.Where(_file.Spec.Targets.Apps.ContainsKey))
        {
            var target = _file.Spec.Targets.Apps[callee];
            var prefix = $"Resiliency__{callee}__";
            if (target.Timeout is { } timeout)
                yield return ($"{prefix}Timeout", Duration(Named(policies.Timeouts, timeout)));
            if (target.Retry is { } name && Named(policies.Retries, name) is var retry)
            {
                if (retry is not { Policy: "constant", Duration: { } pause, Matching.HttpStatusCodes: { } codes })
                    throw new InvalidOperationException($"components/resiliency.yaml: the retry '{name}' of {callee} must be constant, with a duration and the HTTP status codes it is for.");
                yield return ($"{prefix}Retries", retry.MaxRetries.ToString(CultureInfo.InvariantCulture));
                yield return ($"{prefix}RetryAfter", Duration(pause));
                yield return ($"{prefix}RetryOn", codes);
            }

            if (target.CircuitBreaker is { } breakerName && Named(policies.CircuitBreakers, breakerName) is var breaker)
            {
                if (Consecutive().Match(breaker.Trip) is not { Success: true } trip)
                    throw new InvalidOperationException($"components/resiliency.yaml: the circuit breaker '{breakerName}' must trip on consecutiveFailures >= a number; it says '{breaker.Trip}'.");
                yield return ($"{prefix}BreakAfter", trip.Groups[1].Value);
                yield return ($"{prefix}BreakFor", Duration(breaker.Timeout));
            }
        }
    }

    private static T Named<T>(Dictionary<string, T> policies, string name) => policies.TryGetValue(name, out var policy)
        ? policy
        : throw new InvalidOperationException($"components/resiliency.yaml: there is no policy '{name}'.");

    // As .NET reads it.
    private static string Duration(string dapr) => Span().Match(dapr) is { Success: true } span
        ? (int.Parse(span.Groups[1].Value, CultureInfo.InvariantCulture) * span.Groups[2].Value switch
        {
            "ms" => TimeSpan.FromMilliseconds(1),
            "s" => TimeSpan.FromSeconds(1),
            _ => TimeSpan.FromMinutes(1),
        }).ToString("c", CultureInfo.InvariantCulture)
        : throw new InvalidOperationException($"components/resiliency.yaml: '{dapr}' is not a duration such as 100ms, 2s or 1m.");

    [GeneratedRegex(@"^(\d+)(ms|s|m)$")]
    private static partial Regex Span();

    [GeneratedRegex(@"^consecutiveFailures\s*>=\s*(\d+)$")]
    private static partial Regex Consecutive();

#pragma warning disable CA1812 // Made by the deserializer.
    private sealed class ResiliencyFile
    {
        public List<string> Scopes { get; init; } = [];

        public Spec Spec { get; init; } = new();
    }

    private sealed class Spec
    {
        public Policies Policies { get; init; } = new();

        public Targets Targets { get; init; } = new();
    }

    private sealed class Policies
    {
        public Dictionary<string, string> Timeouts { get; init; } = [];

        public Dictionary<string, Retry> Retries { get; init; } = [];

        public Dictionary<string, Breaker> CircuitBreakers { get; init; } = [];
    }

    private sealed class Retry
    {
        public string? Policy { get; init; }

        public string? Duration { get; init; }

        public int MaxRetries { get; init; }

        public Matching? Matching { get; init; }
    }

    private sealed class Matching
    {
        public string? HttpStatusCodes { get; init; }
    }

    private sealed class Breaker
    {
        public string Timeout { get; init; } = "";

        public string Trip { get; init; } = "";
    }

    private sealed class Targets
    {
        public Dictionary<string, Target> Apps { get; init; } = [];
    }

    private sealed class Target
    {
        public string? Timeout { get; init; }

        public string? Retry { get; init; }

        public string? CircuitBreaker { get; init; }
    }
#pragma warning restore CA1812
}
