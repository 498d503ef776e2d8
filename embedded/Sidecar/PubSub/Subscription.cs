using System.Text.Json;

namespace OrderMall.Sidecar;

/// <summary>What an app asked for in <c>/dapr/subscribe</c>.</summary>
/// <param name="Routes">Where events go, the first route that matches; a route without a condition matches all.</param>
/// <param name="DeadLetterTopic">Where events go that the app does not want or cannot handle.</param>
/// <param name="RawPayload">Whether the publisher sends bare bodies, to be wrapped for this app.</param>
/// <param name="EventTypes">
/// The only events it wants, from the subscription's metadata; <see langword="null"/> wants all. As with the filters of other
/// brokers, what is not wanted never belongs to the subscription: it is not kept for it and is no dead letter of it.
/// </param>
internal sealed record Subscription(
    string PubSub,
    string Topic,
    IReadOnlyList<(CelExpression? Match, string Path)> Routes,
    string? DeadLetterTopic,
    bool RawPayload,
    IReadOnlySet<string>? EventTypes = null)
{
    /// <summary>Whether an event of this type belongs to the subscription.</summary>
    public bool Wants(string? eventType) => EventTypes is null || eventType is null || EventTypes.Contains(eventType);

    /// <summary>Where this event goes, or <see langword="null"/> when no route matches.</summary>
    public string? PathFor(ReadOnlyMemory<byte> envelope)
    {
        if (Routes[0].Match is null)
            return Routes[0].Path;
        JsonDocument? parsed = null;
        try
        {
            parsed = JsonDocument.Parse(envelope);
        }
        catch (JsonException)
        {
            // A raw body that is no JSON has no attributes; only a route without a condition can match it.
        }

        using (parsed)
        {
            foreach (var (match, path) in Routes)
            {
                if (match is null || match.IsTrue(name => Attribute(parsed, name)))
                    return path;
            }
        }

        return null;
    }

    private static object? Attribute(JsonDocument? document, string name)
    {
        if (document is null)
            return null;
        var value = document.RootElement;
        // The first part is "event" itself.
        foreach (var part in name.Split('.').Skip(1))
        {
            if (value.ValueKind != JsonValueKind.Object || !value.TryGetProperty(part, out value))
                return null;
        }

        return value.ValueKind switch
        {
            JsonValueKind.String => value.GetString(),
            JsonValueKind.Number when value.TryGetInt64(out var number) => number,
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => null,
        };
    }
}
