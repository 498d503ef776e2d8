using System.Text.Json.Serialization;

namespace OrderMall.Contracts.Calls;

/// <summary>What the payment provider decided.</summary>
[JsonConverter(typeof(NamedValueConverter<ProviderOutcome>))]
public enum ProviderOutcome
{
    /// <summary>The provider knows nothing of this key.</summary>
    Unknown,

    /// <summary>The money was taken.</summary>
    Approved,

    /// <summary>The money was not taken.</summary>
    Declined,

    /// <summary>The money was given back, or the key was closed before any was taken.</summary>
    Refunded,
}

/// <summary>Takes money. The same key again has the same outcome. <c>POST /charges</c> of the payment provider.</summary>
/// <param name="Key">The idempotency key: the order's id.</param>
public sealed record ProviderCharge(Guid Key, decimal Amount, string Currency, string PaymentMethod);

/// <summary>
/// Asks what became of a key (<c>POST /lookups</c> of the payment provider), or gives its money back and closes it: a
/// charge that comes later is not made (<c>POST /refunds</c>).
/// </summary>
/// <param name="Key">The idempotency key: the order's id.</param>
public sealed record ProviderKey(Guid Key);

/// <summary>The provider's answer.</summary>
public sealed record ProviderAnswer(ProviderOutcome Outcome, decimal Refunded);
