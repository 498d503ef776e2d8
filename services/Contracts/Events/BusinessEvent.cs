using System.Text.Json.Serialization.Metadata;
using OrderMall.ServiceDefaults.Messaging;

namespace OrderMall.Contracts.Events;

/// <summary>What a business may sell was changed: all of it as it stood right after that.</summary>
/// <param name="BusinessId">The correlation key: as offers, titles and orders name who sells.</param>
/// <param name="Merchant">Whether it may put anything on sale.</param>
/// <param name="Publisher">Whether it may register titles and sell those that were approved.</param>
public sealed record BusinessEvent(string BusinessId, long Version, DateTimeOffset At, SellingRight Merchant, SellingRight Publisher) : IEvent<BusinessEvent>
{
    static string IEvent<BusinessEvent>.Topic => Topics.Sellers;
    static JsonTypeInfo<CloudEvent<BusinessEvent>> IEvent<BusinessEvent>.Json => ContractsJson.Default.CloudEventBusinessEvent;
    string IEvent<BusinessEvent>.Key => BusinessId;

    /// <summary>Its people were given what sells, or it was taken from them.</summary>
    public const string RightsChanged = "BusinessRightsChanged";
}

/// <summary>
/// Whether a business has one of the roles that sell. What it had on sale under one that was taken stays off sale where that is given back: prices, days and
/// who would do the work may be others by then, so its owners put on sale again what they stand by.
/// </summary>
/// <param name="Since">When it was last given or taken (UTC); <see langword="null"/> where it never was since the business began.</param>
public sealed record SellingRight(bool IsHeld, DateTimeOffset? Since);
