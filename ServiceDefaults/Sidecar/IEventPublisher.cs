namespace OrderMall.ServiceDefaults.Sidecar;

/// <summary>Publishes events through the service's sidecar. Two adapters: Dapr's HTTP API, and the Dapr SDK.</summary>
public interface IEventPublisher
{
    /// <summary>Publishes a batch to one topic. The broker may deliver it in another order.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="events">What happened; not empty.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="SidecarException">Not every event was taken: publish the whole batch again.</exception>
    Task PublishAsync(string topic, IReadOnlyList<OutgoingEvent> events, CancellationToken cancellationToken);
}

/// <summary>An event on its way out.</summary>
/// <param name="Id">The CloudEvent id: the same on every attempt, so that subscribers recognise duplicates.</param>
/// <param name="Type">The event's name.</param>
/// <param name="Key">The correlation key; travels as the CloudEvent <c>subject</c>.</param>
/// <param name="Data">The event as UTF-8 JSON.</param>
/// <param name="TraceParent">The W3C trace context in which it happened, if there was one.</param>
/// <param name="At">When it happened (UTC).</param>
public sealed record OutgoingEvent(
    string Id,
    string Type,
    string Key,
    ReadOnlyMemory<byte> Data,
    string? TraceParent,
    DateTimeOffset At);
