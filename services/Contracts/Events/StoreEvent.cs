using System.Text.Json.Serialization.Metadata;
using OrderMall.ServiceDefaults.Messaging;

namespace OrderMall.Contracts.Events;

/// <summary>A change in the merchants' order book.</summary>
/// <param name="Reason">The merchant's words when the order was refused.</param>
/// <param name="CustomerName">The customer's name; only where the fulfilment sends a worker or courier.</param>
/// <param name="Phone">The customer's phone number; only where the fulfilment sends a worker or courier.</param>
public sealed record StoreEvent(
    Guid OrderId,
    long Version,
    DateTimeOffset At,
    string MerchantId,
    string CustomerId,
    string Title,
    int Quantity,
    Fulfilment Fulfilment,
    string? Destination,
    DateOnly? Date,
    string? Reason,
    string? Place = null,
    string? CustomerName = null,
    string? Phone = null) : IEvent<StoreEvent>
{
    static string IEvent<StoreEvent>.Topic => Topics.Store;

    /// <inheritdoc/>
    static string IEvent<StoreEvent>.TopicOf(string type) => type switch
    {
        OrderReceived => Topics.Store,
        RejectionOverruled or ConfirmationDue => Topics.StoreNotices,
        _ => Topics.StoreDecisions,
    };
    static JsonTypeInfo<CloudEvent<StoreEvent>> IEvent<StoreEvent>.Json => ContractsJson.Default.CloudEventStoreEvent;
    string IEvent<StoreEvent>.Key => OrderId.ToString();

    /// <summary>The store has the order: its fulfilment begins.</summary>
    public const string OrderReceived = "StoreOrderReceived";

    /// <summary>The merchant confirmed.</summary>
    public const string OrderConfirmed = "StoreOrderConfirmed";

    /// <summary>The merchant refused.</summary>
    public const string OrderRejected = "StoreOrderRejected";

    /// <summary>The merchant's refusal came too late: the order goes on, or took place.</summary>
    public const string RejectionOverruled = "StoreOrderRejectionOverruled";

    /// <summary>The order still waits for the merchant's confirmation, and will expire.</summary>
    public const string ConfirmationDue = "StoreOrderConfirmationDue";

    /// <summary>The merchant says it took place.</summary>
    public const string OrderCompleted = "StoreOrderCompleted";
}
