using System.Text.Json.Serialization.Metadata;
using OrderMall.ServiceDefaults.Messaging;

namespace OrderMall.Contracts.Events;

/// <summary>An offer was registered or changed: the whole offer as it stood right after it.</summary>
/// <param name="Version">Grows with each change the merchant makes.</param>
/// <param name="Price">For one unit, in <paramref name="Currency"/>.</param>
public sealed record OfferEvent(
    Guid OfferId,
    long Version,
    DateTimeOffset At,
    string MerchantId,
    string Kind,
    string Title,
    decimal Price,
    string Currency,
    DateOnly? Date,
    string? Place) : IEvent<OfferEvent>
{
    static string IEvent<OfferEvent>.Topic => Topics.Offers;
    static JsonTypeInfo<CloudEvent<OfferEvent>> IEvent<OfferEvent>.Json => ContractsJson.Default.CloudEventOfferEvent;
    string IEvent<OfferEvent>.Key => OfferId.ToString();

    /// <summary>A new offer is on sale.</summary>
    public const string Registered = "OfferRegistered";

    /// <summary>The merchant changed it.</summary>
    public const string Changed = "OfferChanged";

    /// <summary>It is off sale: nobody can order it any more, and orders for it go on.</summary>
    public const string Withdrawn = "OfferWithdrawn";
}
