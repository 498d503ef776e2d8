using System.Text.Json.Serialization;

namespace OrderMall.Contracts.Calls;

// What services ask of each other by invocation. A business refusal is a 200 with an outcome, since Dapr
// counts every 4xx as a failure and opens the breaker on it; ids travel in the body, since a breaker is
// kept per path.

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
/// <param name="OrderId">Whose hold it is.</param>
/// <param name="Destination">Where a parcel or a worker would go.</param>
/// <param name="Date">The day the customer asks for.</param>
/// <param name="CanPay">Whether the customer said by what to pay.</param>
/// <param name="ExpectedAmount">What the customer expects all of it to cost; <see langword="null"/> takes any amount.</param>
/// <param name="ExpectedPrepaid">What of that the customer expects to pay first; <see langword="null"/> takes any amount.</param>
/// <param name="HasPhone">Whether the customer said how to be reached; <see langword="null"/> where it was not asked.</param>
public sealed record HoldRequest(
    Guid OrderId, string CustomerId, Guid OfferId, int Quantity, string? Destination, DateOnly? Date, bool CanPay,
    decimal? ExpectedAmount = null, decimal? ExpectedPrepaid = null, bool? HasPhone = null);

/// <summary>The answer to a <see cref="HoldRequest"/>.</summary>
/// <param name="Outcome">Whether it is held.</param>
/// <param name="Offer">The offer as it is sold to this order, when held; as it is sold now, when its price has changed.</param>
/// <param name="Left">How many more the customer may have, when they would hold too many.</param>
public sealed record HoldAnswer(HoldOutcome Outcome, HeldOffer? Offer, int? Left = null);

/// <summary>The terms on which an order is placed: they do not change when the offer does later.</summary>
/// <param name="Price">For one unit, in <paramref name="Currency"/>.</param>
/// <param name="Deposit">For one unit, in <paramref name="Currency"/>; <see langword="null"/> where none is asked.</param>
/// <param name="Currency">ISO 4217.</param>
/// <param name="Prepayment">What is charged first.</param>
/// <param name="Date">The day it is for.</param>
/// <param name="Place">Where it takes place.</param>
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
/// <param name="OrderId">Whose charge it is.</param>
/// <param name="Amount">How much, in <paramref name="Currency"/>.</param>
/// <param name="Currency">ISO 4217.</param>
/// <param name="PaymentMethod">What it is charged to.</param>
public sealed record ChargeRequest(Guid OrderId, string CustomerId, decimal Amount, string Currency, string PaymentMethod);

/// <summary>The answer to a <see cref="ChargeRequest"/>.</summary>
/// <param name="Outcome">Whether the money was taken.</param>
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
/// <param name="Outcome">Whether the money is back.</param>
public sealed record RefundAnswer(RefundOutcome Outcome);

/// <summary>What became of a <see cref="StopRequest"/>.</summary>
[JsonConverter(typeof(NamedValueConverter<StopOutcome>))]
public enum StopOutcome
{
    /// <summary>It will not be fulfilled. What has not reached the fulfiller yet will not be started when it comes.</summary>
    Stopped,

    /// <summary>It is already under way or done.</summary>
    TooLate,
}

/// <summary>Asks a fulfiller (store, delivery or dispatch) not to fulfil an order. Idempotent. <c>POST /stops</c>.</summary>
/// <param name="UnlessConfirmed">Whether it is too late once somebody stands by the order: confirmed it, or was assigned to it.</param>
public sealed record StopRequest(Guid OrderId, bool UnlessConfirmed = false);

/// <summary>The answer to a <see cref="StopRequest"/>.</summary>
/// <param name="Outcome">Whether it was stopped.</param>
public sealed record StopAnswer(StopOutcome Outcome);

/// <summary>What became of a <see cref="ReviewRequest"/>.</summary>
[JsonConverter(typeof(NamedValueConverter<ReviewRequestOutcome>))]
public enum ReviewRequestOutcome
{
    /// <summary>The product team has it, now or by an earlier request for the same title.</summary>
    Taken,

    /// <summary>The registration was withdrawn before; nothing is reviewed and nothing will be.</summary>
    Withdrawn,
}

/// <summary>Asks the product team to review a title. Idempotent by title id. <c>POST /review-requests</c> of the store.</summary>
public sealed record ReviewRequest(Guid TitleId, string PublisherId, string Title, string Author);

/// <summary>The answer to a <see cref="ReviewRequest"/>.</summary>
/// <param name="Outcome">Whether it was taken in.</param>
public sealed record ReviewRequestAnswer(ReviewRequestOutcome Outcome);

/// <summary>Asks which of some offers can be ordered now. <c>POST /orderable-offers</c> of the catalog.</summary>
public sealed record OrderableOffersRequest(IReadOnlyList<Guid> OfferIds);

/// <summary>The answer to an <see cref="OrderableOffersRequest"/>.</summary>
/// <param name="OfferIds">Those that are on sale, not sold out, and for no day that is over.</param>
public sealed record OrderableOffersAnswer(IReadOnlyList<Guid> OfferIds);

/// <summary>Asks how many workers of a merchant can be sent somewhere on a day. <c>POST /worker-counts</c> of dispatch.</summary>
public sealed record WorkerCountRequest(string MerchantId, DateOnly Date);

/// <summary>The answer to a <see cref="WorkerCountRequest"/>.</summary>
/// <param name="Workers">The merchant's workers, without those who have that day off.</param>
public sealed record WorkerCountAnswer(int Workers);
