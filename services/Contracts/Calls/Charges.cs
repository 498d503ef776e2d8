using System.Text.Json.Serialization;

namespace OrderMall.Contracts.Calls;

/// <summary>What became of a <see cref="ChargeRequest"/>.</summary>
[JsonConverter(typeof(NamedValueConverter<ChargeOutcome>))]
public enum ChargeOutcome
{
    /// <summary>The money was taken, now or by an earlier request for the same order.</summary>
    Approved,

    /// <summary>The provider refused.</summary>
    Declined,

    /// <summary>The order was withdrawn before; no money was taken and none will be.</summary>
    Voided,

    /// <summary>The provider did not give an answer yet. The payment service goes on asking; ask again or void.</summary>
    Unknown,
}

/// <summary>Charges an order's prepayment. Idempotent by order id. <c>POST /charges</c> of payment.</summary>
public sealed record ChargeRequest(Guid OrderId, string CustomerId, decimal Amount, string Currency, string PaymentMethod);

/// <summary>The answer to a <see cref="ChargeRequest"/>.</summary>
public sealed record ChargeAnswer(ChargeOutcome Outcome);

/// <summary>What became of a <see cref="RefundRequest"/>.</summary>
[JsonConverter(typeof(NamedValueConverter<RefundOutcome>))]
public enum RefundOutcome
{
    /// <summary>No money of this order is with the mall, and none will be.</summary>
    Refunded,

    /// <summary>The provider did not confirm yet. The payment service goes on asking; ask again.</summary>
    Unknown,
}

/// <summary>Gives back whatever an order paid, and refuses any later charge for it. Idempotent. <c>POST /refunds</c> of payment.</summary>
public sealed record RefundRequest(Guid OrderId);

/// <summary>The answer to a <see cref="RefundRequest"/>.</summary>
public sealed record RefundAnswer(RefundOutcome Outcome);
