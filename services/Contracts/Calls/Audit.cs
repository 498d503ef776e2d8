namespace OrderMall.Contracts.Calls;

// What the services tell the audit. Asked by operations, in pages, so that
// the audit of any number of orders needs little memory. Internal endpoints: POST /audit/{what}.

/// <summary>Asks for a page in the order of ids.</summary>
/// <param name="After">The last id of the page before.</param>
/// <param name="Limit">How many at most, 1 to <see cref="MostItems"/>.</param>
public sealed record AuditPage(Guid? After, int Limit)
{
    /// <summary>The most that are on one page.</summary>
    public const int MostItems = 500;

    /// <summary>How many at most.</summary>
    public int Limit { get; init; } = Math.Clamp(Limit, 1, MostItems);
}

/// <summary>Asks for what is known of some orders (or offers, or titles); unknown ones are left out of the answer.</summary>
public sealed record AuditOrders(IReadOnlyList<Guid> OrderIds);

/// <summary>An order. Ordering: <c>POST /audit/orders</c> with <see cref="AuditPage"/>, <c>POST /audit/orders/some</c> with <see cref="AuditOrders"/>.</summary>
/// <param name="Public">Whether people have seen it: <see langword="false"/> for attempts that never became an order.</param>
/// <param name="Overdue">Whether it is in a transient status beyond its time.</param>
public sealed record AuditedOrder(Guid OrderId, string CustomerId, Guid OfferId, int Quantity, OrderStatus Status, long Version, decimal Prepaid, Fulfilment Fulfilment, bool Public, bool Overdue);

/// <summary>A payment. Payment: <c>POST /audit/payments</c> with <see cref="AuditOrders"/>.</summary>
public sealed record AuditedPayment(Guid OrderId, decimal Amount, PaymentStatus Status);

/// <summary>
/// What the payment provider's own ledger says of an order. Payment provider: <c>POST /audit/charges</c> with
/// <see cref="AuditOrders"/>, <c>POST /audit/charges/page</c> with <see cref="AuditPage"/>.
/// </summary>
/// <param name="Charges">How many charges were approved.</param>
public sealed record AuditedCharge(Guid OrderId, int Charges, decimal Charged, decimal Refunded);

/// <summary>An offer's capacity. Catalog: <c>POST /audit/offers</c> with <see cref="AuditPage"/>, <c>POST /audit/offers/some</c> with <see cref="AuditOrders"/>.</summary>
/// <param name="Capacity">How many can be sold in all; <see langword="null"/> is unlimited.</param>
/// <param name="Held">How many the holds say are not.</param>
/// <param name="OnSale">Whether it can be ordered, as far as its seller is concerned.</param>
public sealed record AuditedOffer(Guid OfferId, int? Capacity, int? Available, long Held, bool OnSale = true);

/// <summary>A hold. Catalog: <c>POST /audit/holds</c> with <see cref="AuditOrders"/>.</summary>
/// <param name="Quantity">How many; 0 when it was released.</param>
public sealed record AuditedHold(Guid OrderId, int Quantity);

/// <summary>
/// What a subscriber knows of an order. Store, delivery, dispatch, notification: <c>POST /audit/orders</c> with
/// <see cref="AuditOrders"/>; mypage: <c>POST /audit/orders</c> with <see cref="AuditPages"/>. Of a title: store
/// <c>POST /audit/reviews</c> with <see cref="AuditOrders"/>, mypage <c>POST /audit/titles</c> with <see cref="AuditPages"/>.
/// </summary>
/// <param name="OrderId">Which order, or which title.</param>
/// <param name="Status">The status it keeps; for notification the number of messages.</param>
/// <param name="Version">The last version of the order it has seen, where it keeps that; else 0.</param>
public sealed record AuditedView(Guid OrderId, string Status, long Version);

/// <summary>A merchant of whom a request waits for a day on which a worker is free. Dispatch: <c>POST /audit/idle</c>, no body; empty when all is well.</summary>
public sealed record AuditedIdle(string MerchantId, int Waiting, int FreeWorkers);

/// <summary>A registration of a title. Publishing: <c>POST /audit/titles</c> with <see cref="AuditPage"/>, <c>POST /audit/titles/some</c> with <see cref="AuditOrders"/>.</summary>
/// <param name="Overdue">Whether it is <see cref="TitleStatus.Pending"/> beyond its time.</param>
public sealed record AuditedTitle(Guid TitleId, string PublisherId, TitleStatus Status, long Version, bool Overdue);

/// <summary>Asks mypage for some orders or titles.</summary>
public sealed record AuditPages(IReadOnlyList<AuditPageOf> Orders);

/// <summary>An order or title on somebody's page.</summary>
/// <param name="OrderId">Which order, or which title.</param>
public sealed record AuditPageOf(string CustomerId, Guid OrderId);
