using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using OrderMall.ServiceDefaults.Messaging;

namespace OrderMall.Contracts.Events;

/// <summary>Where a payment stands.</summary>
[JsonConverter(typeof(NamedValueConverter<PaymentStatus>))]
public enum PaymentStatus
{
    /// <summary>Asked of the provider; the outcome is not known yet.</summary>
    Pending,

    /// <summary>The money was taken.</summary>
    Approved,

    /// <summary>The provider refused, or the attempt was withdrawn before any money moved.</summary>
    Declined,

    /// <summary>The money was given back.</summary>
    Refunded,
}

/// <summary>A change of a payment.</summary>
/// <param name="OrderId">The correlation key: an order has at most one payment.</param>
/// <param name="Since">Since when it has that status (UTC): what is published again has a new <paramref name="At"/>. <see langword="null"/> of services of the time before.</param>
public sealed record PaymentEvent(
    Guid OrderId,
    long Version,
    DateTimeOffset At,
    string CustomerId,
    decimal Amount,
    string Currency,
    PaymentStatus Status,
    DateTimeOffset? Since = null) : IEvent<PaymentEvent>
{
    static string IEvent<PaymentEvent>.Topic => Topics.Payments;

    /// <inheritdoc/>
    static string IEvent<PaymentEvent>.TopicOf(string type) => type == Refunded ? Topics.Refunds : Topics.Payments;
    static JsonTypeInfo<CloudEvent<PaymentEvent>> IEvent<PaymentEvent>.Json => ContractsJson.Default.CloudEventPaymentEvent;
    string IEvent<PaymentEvent>.Key => OrderId.ToString();

    /// <summary>The money was taken.</summary>
    public const string Approved = "PaymentApproved";

    /// <summary>No money was taken, and none will be.</summary>
    public const string Declined = "PaymentDeclined";

    /// <summary>The money was given back.</summary>
    public const string Refunded = "PaymentRefunded";
}
