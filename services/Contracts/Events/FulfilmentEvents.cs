using System.Text.Json.Serialization.Metadata;
using OrderMall.ServiceDefaults.Messaging;

namespace OrderMall.Contracts.Events;

/// <summary>A change in the merchants' order book.</summary>
/// <param name="Version">Grows with each change of this entry of the order book.</param>
/// <param name="At">When it happened (UTC).</param>
/// <param name="Destination">Where a parcel or a worker goes.</param>
/// <param name="Date">The day it is for.</param>
/// <param name="Reason">The merchant's words when the order was refused.</param>
/// <param name="Place">Where it takes place.</param>
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

/// <summary>A change of a parcel.</summary>
/// <param name="OrderId">The correlation key: an order is one parcel.</param>
/// <param name="Version">Grows with each change of this parcel.</param>
/// <param name="At">When it happened (UTC).</param>
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

/// <summary>A change of an assignment.</summary>
/// <param name="OrderId">The correlation key: an order is one visit.</param>
/// <param name="Version">Grows with each change of this assignment.</param>
/// <param name="At">When it happened (UTC).</param>
/// <param name="WorkerId">Who comes; <see langword="null"/> where nobody had been assigned.</param>
/// <param name="WorkerName">The name of who comes.</param>
public sealed record AssignmentEvent(Guid OrderId, long Version, DateTimeOffset At, Guid? WorkerId, string? WorkerName) : IEvent<AssignmentEvent>
{
    static string IEvent<AssignmentEvent>.Topic => Topics.Assignments;
    static JsonTypeInfo<CloudEvent<AssignmentEvent>> IEvent<AssignmentEvent>.Json => ContractsJson.Default.CloudEventAssignmentEvent;
    string IEvent<AssignmentEvent>.Key => OrderId.ToString();

    /// <summary>A worker was assigned.</summary>
    public const string WorkerAssigned = "WorkerAssigned";

    /// <summary>The worker's side says it took place.</summary>
    public const string Completed = "AssignmentCompleted";

    /// <summary>Nobody will come; the worker, if there was one, is free.</summary>
    public const string Stopped = "AssignmentStopped";
}
