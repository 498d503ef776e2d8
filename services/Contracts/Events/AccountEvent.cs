using System.Text.Json.Serialization.Metadata;
using OrderMall.ServiceDefaults.Messaging;

namespace OrderMall.Contracts.Events;

/// <summary>A person's account, as far as others need to know it: where to write to them, and what they are to be told of what they may do.</summary>
/// <param name="AccountId">The correlation key: the person's id.</param>
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
