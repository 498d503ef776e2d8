using System.Text.Json.Serialization;

namespace OrderMall.Contracts.Calls;

// What services ask of each other by invocation, here and in the files beside this one. A business refusal is a 200 with an outcome, since
// Dapr counts every 4xx as a failure and opens the breaker on it; ids travel in the body, since a breaker is kept per path.

/// <summary>What became of a <see cref="HoldRequest"/>.</summary>
[JsonConverter(typeof(NamedValueConverter<HoldOutcome>))]
public enum HoldOutcome
{
    /// <summary>Held, now or by an earlier request for the same order.</summary>
    Held,

    /// <summary>Not enough is left.</summary>
    SoldOut,

    /// <summary>There is no such offer.</summary>
    UnknownOffer,

    /// <summary>The order was withdrawn before; nothing is held and nothing will be.</summary>
    Released,

    /// <summary>The offer needs a destination and the order has none.</summary>
    DestinationRequired,

    /// <summary>The fulfilment of the offer sends a worker, and the order has no phone number.</summary>
    PhoneRequired,

    /// <summary>The offer is prepaid and the order says not by what.</summary>
    PaymentMethodRequired,

    /// <summary>The offer is for another day than the order asks for.</summary>
    OtherDate,

    /// <summary>The offer's price times the quantity is more than one order may cost.</summary>
    AmountTooLarge,

    /// <summary>The order costs another amount than its customer expects.</summary>
    PriceChanged,

    /// <summary>The offer's day is over everywhere on Earth.</summary>
    Over,

    /// <summary>The offer has no day of its own, and the one that the order asks for is over everywhere on Earth.</summary>
    PastDate,

    /// <summary>The offer's price is no amount of a currency in use.</summary>
    NoAmount,

    /// <summary>The customer would hold more of the offer than one may.</summary>
    CustomerLimit,
}

/// <summary>Holds capacity for an order. Idempotent by order id. <c>POST /holds</c> of the catalog.</summary>
/// <param name="CanPay">Whether the customer said by what to pay.</param>
/// <param name="ExpectedAmount">What the customer expects all of it to cost; <see langword="null"/> takes any amount.</param>
/// <param name="ExpectedPrepaid">What of that the customer expects to pay first; <see langword="null"/> takes any amount.</param>
/// <param name="HasPhone">Whether the customer said how to be reached; <see langword="null"/> where it was not asked.</param>
public sealed record HoldRequest(
    Guid OrderId, string CustomerId, Guid OfferId, int Quantity, string? Destination, DateOnly? Date, bool CanPay,
    decimal? ExpectedAmount = null, decimal? ExpectedPrepaid = null, bool? HasPhone = null);

/// <summary>The answer to a <see cref="HoldRequest"/>.</summary>
/// <param name="Offer">The offer as it is sold to this order, when held; as it is sold now, when its price has changed.</param>
/// <param name="Left">How many more the customer may have, when they would hold too many.</param>
public sealed record HoldAnswer(HoldOutcome Outcome, HeldOffer? Offer, int? Left = null);

/// <summary>The terms on which an order is placed: they do not change when the offer does later.</summary>
/// <param name="Price">For one unit, in <paramref name="Currency"/>.</param>
/// <param name="Deposit">For one unit, in <paramref name="Currency"/>; <see langword="null"/> where none is asked.</param>
/// <param name="Left">How many were left, with those that the order holds; <see langword="null"/> is unlimited.</param>
public sealed record HeldOffer(
    string MerchantId,
    string Kind,
    string Title,
    decimal Price,
    decimal? Deposit,
    string Currency,
    Prepayment Prepayment,
    Fulfilment Fulfilment,
    DateOnly? Date,
    string? Place,
    int? Left = null)
{
    /// <summary>What an order of so many costs.</summary>
    public decimal Amount(int quantity) => Price * quantity;

    /// <summary>What of that is paid first.</summary>
    public decimal Prepaid(int quantity) => Prepayment switch
    {
        Prepayment.Full => Amount(quantity),
        Prepayment.Deposit => (Deposit ?? 0) * quantity,
        _ => 0,
    };
}
