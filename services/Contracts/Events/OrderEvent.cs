using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using OrderMall.ServiceDefaults.Messaging;

namespace OrderMall.Contracts.Events;

/// <summary>Where an order is in its life.</summary>
[JsonConverter(typeof(NamedValueConverter<OrderStatus>))]
public enum OrderStatus
{
    /// <summary>Not yet an order: only its saga sees it.</summary>
    Pending,

    /// <summary>Held, and waiting for the payment service to come back.</summary>
    AwaitingPayment,

    /// <summary>Held and paid: an order.</summary>
    Accepted,

    /// <summary>The store has it.</summary>
    Received,

    /// <summary>The merchant stands by it.</summary>
    Confirmed,

    /// <summary>The parcel is being packed.</summary>
    Preparing,

    /// <summary>The parcel has left.</summary>
    Shipped,

    /// <summary>The parcel has arrived. Final.</summary>
    Delivered,

    /// <summary>A worker has been assigned.</summary>
    Assigned,

    /// <summary>It took place. Final.</summary>
    Completed,

    /// <summary>A cancellation or refusal was taken and is being carried out.</summary>
    Cancelling,

    /// <summary>Cancelled, and whatever was paid is refunded. Final.</summary>
    Cancelled,

    /// <summary>Refused, and whatever was paid is refunded; the reason says why. Final.</summary>
    Rejected,
}

/// <summary>Why an order was rejected, or its cancellation refused; the values of <see cref="OrderEvent.Reason"/> that the mall itself gives.</summary>
public static class OrderReasons
{
    /// <summary>No capacity was left.</summary>
    public const string SoldOut = "sold out";

    /// <summary>The payment was declined.</summary>
    public const string Declined = "declined";

    /// <summary>A service that had to answer did not.</summary>
    public const string Unavailable = "unavailable";

    /// <summary>The merchant refused; the merchant's own words follow after a colon.</summary>
    public const string RefusedByMerchant = "refused by merchant";

    /// <summary>The payment did not become possible in time, or nobody confirmed the booking before its day was over.</summary>
    public const string Expired = "expired";

    /// <summary>It could not be had as it was asked for; the customer was told why.</summary>
    public const string Refused = "refused";

    /// <summary>Payment did not answer, and too much of the offer was already held by orders that wait for it.</summary>
    public const string TooManyUnpaid = "too many unpaid";

    /// <summary>The customer's cancellation came too late to stop the fulfilment.</summary>
    public const string TooLateToCancel = "too late to cancel";

    /// <summary>The merchant's refusal came too late to stop the fulfilment.</summary>
    public const string TooLateToRefuse = "too late to refuse";
}

/// <summary>
/// A change of an order: the whole order as it stood right after it, so that a subscriber that missed
/// or reordered earlier events can still show the last one.
/// </summary>
/// <param name="Reason">Why it was rejected, or why a cancellation was refused; else <see langword="null"/>.</param>
/// <param name="Title">The offer's title when it was ordered.</param>
/// <param name="Amount">Price times quantity, in <paramref name="Currency"/>.</param>
/// <param name="Prepaid">What was charged before acceptance, in <paramref name="Currency"/>.</param>
/// <param name="Fulfilment">The offer's fulfilment policy when it was ordered.</param>
/// <param name="Note">The customer's note to the merchant.</param>
/// <param name="Worker">The name of who comes, once somebody was assigned.</param>
/// <param name="WasReceived">Whether it ever was <see cref="OrderStatus.Received"/>: merchants are told of no other.</param>
/// <param name="CustomerName">What the customer is called. For the store, in the events by which work begins: <see cref="Accepted"/> and <see cref="CancellationRefused"/>.</param>
/// <param name="Phone">How to reach the customer, in the same events alone and until the order is over.</param>
public sealed record OrderEvent(
    Guid OrderId,
    long Version,
    DateTimeOffset At,
    OrderStatus Status,
    string? Reason,
    string CustomerId,
    string MerchantId,
    Guid OfferId,
    string Kind,
    string Title,
    int Quantity,
    decimal Amount,
    decimal Prepaid,
    string Currency,
    Fulfilment Fulfilment,
    string? Destination,
    DateOnly? Date,
    string? Place,
    string? Note,
    string? Worker = null,
    bool WasReceived = true,
    string? CustomerName = null,
    string? Phone = null) : IEvent<OrderEvent>
{
    static string IEvent<OrderEvent>.Topic => Topics.Orders;

    /// <inheritdoc/>
    static string IEvent<OrderEvent>.TopicOf(string type) => type switch
    {
        Accepted => Topics.Orders,
        Confirmed or Shipped or Delivered or Completed or CancellationRefused => Topics.OrderSteps,
        Cancelled or Rejected => Topics.OrderEnds,
        Voided => Topics.OrderVoids,
        _ => Topics.OrderProgress,
    };
    static JsonTypeInfo<CloudEvent<OrderEvent>> IEvent<OrderEvent>.Json => ContractsJson.Default.CloudEventOrderEvent;
    string IEvent<OrderEvent>.Key => OrderId.ToString();

    /// <summary>Held; the charge is made when payment is back.</summary>
    public const string AwaitingPayment = "OrderAwaitingPayment";

    /// <summary>Held and paid.</summary>
    public const string Accepted = "OrderAccepted";

    /// <summary>The store has it.</summary>
    public const string Received = "OrderReceived";

    /// <summary>Confirmed at once, or by the merchant.</summary>
    public const string Confirmed = "OrderConfirmed";

    /// <summary>The parcel is being packed.</summary>
    public const string PreparationStarted = "OrderPreparationStarted";

    /// <summary>The parcel has left.</summary>
    public const string Shipped = "OrderShipped";

    /// <summary>The parcel has arrived.</summary>
    public const string Delivered = "OrderDelivered";

    /// <summary>A worker has been assigned.</summary>
    public const string Assigned = "OrderAssigned";

    /// <summary>It took place.</summary>
    public const string Completed = "OrderCompleted";

    /// <summary>A cancellation was taken that could not be carried out at once.</summary>
    public const string CancellationRequested = "OrderCancellationRequested";

    /// <summary>The cancellation came too late; the order is where it was.</summary>
    public const string CancellationRefused = "OrderCancellationRefused";

    /// <summary>Cancelled and refunded.</summary>
    public const string Cancelled = "OrderCancelled";

    /// <summary>An order that people saw was refused or expired; refunded.</summary>
    public const string Rejected = "OrderRejected";

    /// <summary>
    /// An attempt that never became an order. Whatever was held or charged for it is undone;
    /// people are never told of it. <see cref="Title"/> and the amounts may be empty.
    /// </summary>
    public const string Voided = "OrderVoided";

    /// <summary>Every event that people are told of: all but <see cref="Voided"/>.</summary>
    public static readonly IReadOnlyCollection<string> OfPublicOrders =
    [
        AwaitingPayment, Accepted, Received, Confirmed, PreparationStarted, Shipped, Delivered, Assigned, Completed,
        CancellationRequested, CancellationRefused, Cancelled, Rejected,
    ];
}
