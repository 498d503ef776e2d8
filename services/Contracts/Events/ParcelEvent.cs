using System.Text.Json.Serialization.Metadata;
using OrderMall.ServiceDefaults.Messaging;

namespace OrderMall.Contracts.Events;

/// <summary>A change of a parcel.</summary>
/// <param name="OrderId">The correlation key: an order is one parcel.</param>
public sealed record ParcelEvent(Guid OrderId, long Version, DateTimeOffset At) : IEvent<ParcelEvent>
{
    static string IEvent<ParcelEvent>.Topic => Topics.Deliveries;
    static JsonTypeInfo<CloudEvent<ParcelEvent>> IEvent<ParcelEvent>.Json => ContractsJson.Default.CloudEventParcelEvent;
    string IEvent<ParcelEvent>.Key => OrderId.ToString();

    /// <summary>Packing began.</summary>
    public const string PreparationStarted = "ParcelPreparationStarted";

    /// <summary>The courier left with it.</summary>
    public const string Shipped = "ParcelShipped";

    /// <summary>It arrived.</summary>
    public const string Delivered = "ParcelDelivered";

    /// <summary>It will not leave.</summary>
    public const string Stopped = "ParcelStopped";
}
