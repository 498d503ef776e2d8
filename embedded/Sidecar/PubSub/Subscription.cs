namespace OrderMall.Sidecar.PubSub;

/// <summary>What an app asked for in <c>/dapr/subscribe</c>.</summary>
/// <param name="Routes">Where events go: the first route that matches.</param>
/// <param name="DeadLetterTopic">Where events go that the app does not want or cannot handle.</param>
/// <param name="RawPayload">Whether the publisher sends bare bodies, to be wrapped for this app.</param>
/// <param name="Bulk">How many events it is given at once; <see langword="null"/> where it wants them one by one.</param>
internal sealed record Subscription(
    string PubSub,
    string Topic,
    IReadOnlyList<Route> Routes,
    string? DeadLetterTopic,
    bool RawPayload,
    BulkSubscribe? Bulk = null)
{
    /// <summary>Where an event of this type goes, or <see langword="null"/> when no route matches.</summary>
    public Route? RouteFor(string? eventType) => Routes.FirstOrDefault(route => route.EventTypes is null || (eventType is not null && route.EventTypes.Contains(eventType)));
}

/// <summary>Deliveries of several events at once.</summary>
/// <param name="MaxMessagesCount">Of one delivery.</param>
/// <param name="MaxAwaitDuration">For how long an event waits for others at most.</param>
internal sealed record BulkSubscribe(int MaxMessagesCount, TimeSpan MaxAwaitDuration);

/// <summary>An endpoint of an app, and the events that go there.</summary>
/// <param name="Match">The rule as the app wrote it; empty for all events.</param>
/// <param name="EventTypes">The events that it is for; <see langword="null"/> is for all.</param>
/// <param name="Path">The endpoint, with its leading slash.</param>
/// <param name="Problem">
/// Why it cannot be served, or <see langword="null"/>. Events that come to it may be meant for it or for one behind it: they are
/// dead letters, which an operator is told of and can publish again, or wait where there is no topic for those.
/// </param>
internal sealed record Route(string Match, IReadOnlySet<string>? EventTypes, string Path, string? Problem = null);
