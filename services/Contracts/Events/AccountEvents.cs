using System.Text.Json.Serialization.Metadata;
using OrderMall.ServiceDefaults.Messaging;

namespace OrderMall.Contracts.Events;

/// <summary>A person's account, as far as others need to know it: where to write to them, and what they are to be told of what they may do.</summary>
/// <param name="AccountId">The correlation key: the person's id.</param>
/// <param name="At">When it happened (UTC).</param>
/// <param name="Name">What the person is called.</param>
/// <param name="Languages">Those that the person's browser asked for when the account was registered (ISO 639-1), the first one most.</param>
/// <param name="Given">The roles that the person has since.</param>
/// <param name="Taken">The roles that the person has no more.</param>
/// <param name="Role">The role of an application that was decided on.</param>
/// <param name="Reason">Why an application was refused, in the operator's words.</param>
public sealed record AccountEvent(
    string AccountId,
    DateTimeOffset At,
    string Email,
    string Name,
    IReadOnlyList<string>? Languages = null,
    IReadOnlyList<string>? Given = null,
    IReadOnlyList<string>? Taken = null,
    string? Role = null,
    string? Reason = null) : IEvent<AccountEvent>
{
    static string IEvent<AccountEvent>.Topic => Topics.Accounts;
    static JsonTypeInfo<CloudEvent<AccountEvent>> IEvent<AccountEvent>.Json => ContractsJson.Default.CloudEventAccountEvent;
    string IEvent<AccountEvent>.Key => AccountId;
    long IEvent<AccountEvent>.Version => 1;

    /// <summary>A person has an account now.</summary>
    public const string Registered = "AccountRegistered";

    /// <summary>Somebody else gave the person roles or took them.</summary>
    public const string RolesChanged = "AccountRolesChanged";

    /// <summary>An operator gave the person the role that they had applied for.</summary>
    public const string ApplicationApproved = "AccountApplicationApproved";

    /// <summary>An operator refused the role that the person had applied for.</summary>
    public const string ApplicationRejected = "AccountApplicationRejected";
}

/// <summary>What a business may sell was changed: all of it as it stood right after that.</summary>
/// <param name="BusinessId">The correlation key: as offers, titles and orders name who sells.</param>
/// <param name="Version">Grows with each change of what this business may sell.</param>
/// <param name="At">When it happened (UTC).</param>
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
