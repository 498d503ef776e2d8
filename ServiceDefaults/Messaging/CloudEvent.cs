namespace OrderMall.ServiceDefaults.Messaging;

/// <summary>What of a CloudEvents 1.0 envelope a subscriber reads.</summary>
/// <param name="Id">Unique for the event: redeliveries carry the same id.</param>
/// <param name="Type">The event's name, such as <c>OrderAccepted</c>.</param>
/// <typeparam name="T">The payload of the topic.</typeparam>
public sealed record CloudEvent<T>(string Id, string Type, T Data);
