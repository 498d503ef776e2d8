using System.Collections.Frozen;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace OrderMall.Sidecar;

/// <summary>Reads the answer of <c>GET /dapr/subscribe</c>. A subscription that cannot be served is refused by name, the others stand.</summary>
internal static partial class SubscriptionReader
{
    public static (IReadOnlyList<Subscription> Served, IReadOnlyList<string> Refusals) Read(ReadOnlyMemory<byte> answer)
    {
        var served = new Dictionary<(string, string), Subscription>();
        var refusals = new List<string>();
        using var document = JsonDocument.Parse(answer.Length == 0 ? "[]"u8.ToArray() : answer);
        if (document.RootElement.ValueKind == JsonValueKind.Null)
            return ([], []);
        if (document.RootElement.ValueKind != JsonValueKind.Array)
            throw new JsonException("the answer is not a list of subscriptions");
        foreach (var item in document.RootElement.EnumerateArray())
        {
            var (pubsub, topic) = (Text(item, "pubsubname"), Text(item, "topic"));
            try
            {
                if (pubsub is null || topic is null)
                    refusals.Add("a subscription names no pubsubname or no topic");
                else if (!served.TryAdd((pubsub, topic), Read(item, pubsub, topic)))
                    refusals.Add($"topic {topic} of {pubsub} is subscribed twice; give it one subscription with routes");
            }
            catch (FormatException mistake)
            {
                refusals.Add($"topic {topic} of {pubsub}: {mistake.Message}");
            }
        }

        return ([.. served.Values], refusals);
    }

    private static Subscription Read(JsonElement item, string pubsub, string topic)
    {
        var routes = new List<Route>();
        var fallback = Text(item, "route");
        if (item.TryGetProperty("routes", out var several) && several.ValueKind == JsonValueKind.Object)
        {
            if (several.TryGetProperty("rules", out var rules) && rules.ValueKind == JsonValueKind.Array)
            {
                foreach (var rule in rules.EnumerateArray())
                    routes.Add(new Route(EventTypes(Text(rule, "match")), PathOf(Text(rule, "path") ?? "")));
            }

            fallback = Text(several, "default") is { Length: > 0 } path ? path : fallback;
        }

        if (fallback is { Length: > 0 })
            routes.Add(new Route(null, PathOf(fallback)));
        if (routes.Count == 0)
            throw new FormatException("it has no route");
        if (item.TryGetProperty("bulkSubscribe", out var bulk) && bulk.TryGetProperty("enabled", out var enabled) && enabled.ValueKind == JsonValueKind.True)
            throw new FormatException("the embedded sidecar does not deliver in bulk; remove bulkSubscribe");
        return new(
            pubsub,
            topic,
            routes,
            Text(item, "deadLetterTopic") is { Length: > 0 } deadLetter ? deadLetter : null,
            Metadata(item, "rawPayload") is "true",
            Metadata(item, "eventTypes") is { Length: > 0 } types
                ? types.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).ToFrozenSet()
                : null);
    }

    private static string? Metadata(JsonElement item, string name) =>
        item.TryGetProperty("metadata", out var metadata) ? Text(metadata, name) : null;

    // What routing rules are written for. Dapr takes any expression in CEL: those are for a real one.
    private static FrozenSet<string>? EventTypes(string? match)
    {
        if (string.IsNullOrWhiteSpace(match))
            return null;
        var alternatives = match.Split("||", StringSplitOptions.TrimEntries).Select(alternative => OfType().Match(alternative)).ToList();
        return alternatives.TrueForAll(alternative => alternative.Success)
            ? alternatives.Select(alternative => alternative.Groups["type"].Value).ToFrozenSet()
            : throw new FormatException($"the embedded sidecar cannot match '{match}'; write event.type == \"…\", or several of those with || between them");
    }

    private static string PathOf(string route) => route.StartsWith('/') ? route : $"/{route}";

    private static string? Text(JsonElement item, string name) =>
        item.ValueKind == JsonValueKind.Object && item.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;

    [GeneratedRegex("""^event\.type *== *(?<quote>["'])(?<type>[^"']+)\k<quote>$""")]
    private static partial Regex OfType();
}
