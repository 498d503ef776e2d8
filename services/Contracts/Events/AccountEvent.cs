using System.Text.Json.Serialization.Metadata;
using OrderMall.ServiceDefaults.Messaging;

namespace OrderMall.Contracts;

/// <summary>A person's account, as far as others need to know it: where to write to them.</summary>
/// <param name="AccountId">The correlation key: the person's id.</param>
/// <param name="At">When it happened (UTC).</param>
/// <param name="Name">What the person is called.</param>
public sealed record AccountEvent(string AccountId, DateTimeOffset At, string Email, string Name) : IEvent<AccountEvent>
{
    static string IEvent<AccountEvent>.Topic => Topics.Accounts;
    static JsonTypeInfo<CloudEvent<AccountEvent>> IEvent<AccountEvent>.Json => ContractsJson.Default.CloudEventAccountEvent;
    string IEvent<AccountEvent>.Key => AccountId;
    long IEvent<AccountEvent>.Version => 1;

    /// <summary>A person has an account now.</summary>
    public const string Registered = "AccountRegistered";
}
