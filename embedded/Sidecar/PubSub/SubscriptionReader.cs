using System.Collections.Frozen;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace OrderMall.Sidecar.PubSub;

/// <summary>
/// Reads the answer of <c>GET /dapr/subscribe</c>. What cannot be served of it is told, and the rest stands: a subscription keeps its
/// events even where it cannot deliver them.
/// </summary>
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
            if (pubsub is null || topic is null)
            {
                refusals.Add("a subscription names no pubsubname or no topic");
                continue;
            }

            var subscription = Read(item, pubsub, topic);
            if (subscription.Routes.Count == 0)
            {
                refusals.Add($"topic {topic} of {pubsub}: it has no route");
                continue;
            }

            // As in Dapr, the last one counts.
            if (!served.TryAdd((pubsub, topic), subscription))
            {
                served[(pubsub, topic)] = subscription;
                refusals.Add($"topic {topic} of {pubsub} is subscribed twice, and the last one counts; give it one subscription with routes");
            }

            refusals.AddRange(subscription.Routes.Select(route => route.Problem).OfType<string>().Distinct().Select(problem => $"topic {topic} of {pubsub}: {problem}"));
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
                    routes.Add(Rule(Text(rule, "match") ?? "", PathOf(Text(rule, "path") ?? "")));
            }

            fallback = Text(several, "default") is { Length: > 0 } path ? path : fallback;
        }

        if (fallback is { Length: > 0 })
            routes.Add(new Route("", null, PathOf(fallback)));
        return new(
            pubsub,
            topic,
            routes,
            Text(item, "deadLetterTopic") is { Length: > 0 } deadLetter ? deadLetter : null,
            Metadata(item, "rawPayload") is "true",
            Bulk(item));
    }

    // With daprd's defaults.
    private static BulkSubscribe? Bulk(JsonElement item) =>
        item.TryGetProperty("bulkSubscribe", out var bulk) && bulk.ValueKind == JsonValueKind.Object && bulk.TryGetProperty("enabled", out var enabled) && enabled.ValueKind == JsonValueKind.True
            ? new(Number(bulk, "maxMessagesCount", 100), TimeSpan.FromMilliseconds(Number(bulk, "maxAwaitDurationMs", 1000)))
            : null;

    private static int Number(JsonElement item, string name, int otherwise) =>
        item.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number > 0 ? number : otherwise;

    private static string? Metadata(JsonElement item, string name) =>
        item.TryGetProperty("metadata", out var metadata) ? Text(metadata, name) : null;

    // What routing rules are written for. Dapr takes any expression in CEL: those are for a real one.
    private static Route Rule(string match, string path)
    {
        if (string.IsNullOrWhiteSpace(match))
            return new(match, null, path);
        var alternatives = match.Split("||", StringSplitOptions.TrimEntries).Select(alternative => OfType().Match(alternative)).ToList();
        return alternatives.TrueForAll(alternative => alternative.Success)
            ? new(match, alternatives.Select(alternative => alternative.Groups["type"].Value).ToFrozenSet(), path)
            : new(match, null, path, $"the embedded sidecar cannot match '{match}'; write event.type == \"…\", or several of those with || between them");
    }

    private static string PathOf(string route) => route.StartsWith('/') ? route : $"/{route}";

    private static string? Text(JsonElement item, string name) =>
        item.ValueKind == JsonValueKind.Object && item.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;

    [GeneratedRegex("""^event\.type *== *(?<quote>["'])(?<type>[^"']+)\k<quote>$""")]
    private static partial Regex OfType();
}
