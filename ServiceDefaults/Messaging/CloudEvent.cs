using System.Text.Json.Serialization;

namespace OrderMall.ServiceDefaults.Messaging;

/// <summary>What of a CloudEvents 1.0 envelope a subscriber reads.</summary>
/// <param name="Id">Unique for the event: redeliveries carry the same id.</param>
/// <param name="Type">The event's name, such as <c>OrderAccepted</c>.</param>
/// <param name="TraceParent">The W3C trace context in which it was published, if there was one.</param>
public sealed record CloudEvent<T>(string Id, string Type, T Data, [property: JsonPropertyName("traceparent")] string? TraceParent = null);
