namespace OrderMall.Operations;

/// <summary>What one service says of an order.</summary>
/// <param name="Answered">Whether the service was asked and answered; if not, nothing is known.</param>
/// <param name="Value">What it knows; <see langword="null"/> if it does not know the order.</param>
internal readonly record struct Said<T>(bool Answered, T? Value)
    where T : class;

/// <summary>An order, and what every side says of it.</summary>
internal sealed record OrderFacts(AuditedOrder Order)
{
    public Said<AuditedPayment> Payment { get; init; }

    public Said<AuditedCharge> Provider { get; init; }

    public Said<AuditedHold> Hold { get; init; }

    public Said<AuditedView> Store { get; init; }

    public Said<AuditedView> Delivery { get; init; }

    public Said<AuditedView> Dispatch { get; init; }

    public Said<AuditedView> Notification { get; init; }

    public Said<AuditedView> MyPage { get; init; }
}

/// <summary>A title's registration, and what every side says of it.</summary>
internal sealed record TitleFacts(AuditedTitle Title)
{
    public Said<AuditedView> Review { get; init; }

    public Said<AuditedOffer> Offer { get; init; }

    public Said<AuditedView> MyPage { get; init; }
}

/// <summary>What must always hold, judged for one order, title or offer. Sides that did not answer are not judged.</summary>
internal static class AuditRules
{
    private static readonly string[] EndedInStore = ["Cancelled", "Rejected"];

    /// <summary>Accepted, and not undone since.</summary>
    public static bool IsLive(OrderStatus status) => status is >= OrderStatus.Accepted and <= OrderStatus.Completed;

    /// <summary>On the way to another status: its sides need not agree yet.</summary>
    public static bool IsInFlight(OrderStatus status) => status is OrderStatus.Pending or OrderStatus.AwaitingPayment or OrderStatus.Cancelling;

    public static IEnumerable<Disagreement> Judge(OrderFacts facts)
    {
        var order = facts.Order;
        if (IsInFlight(order.Status))
            return order.Overdue ? [Say(order, "overdue", $"It is {order.Status} beyond its time.")] : [];
        return IsLive(order.Status)
            ? [.. JudgeLiveMoney(facts), .. JudgeLiveHold(facts), .. JudgeLiveViews(facts), .. JudgePages(facts)]
            : [.. JudgeDeadMoney(facts), .. JudgeDeadHold(facts), .. JudgeDeadViews(facts), .. JudgePages(facts)];
    }

    /// <summary>One agreed state: where publishing says it stands, the review stands too, and it is on sale only when approved.</summary>
    public static IEnumerable<Disagreement> Judge(TitleFacts facts)
    {
        var title = facts.Title;
        if (title.Status == TitleStatus.Pending)
        {
            if (title.Overdue)
                yield return Say(title, "overdue", "It is Pending beyond its time.");
            yield break;
        }

        var expected = title.Status switch
        {
            TitleStatus.InReview => "Pending",
            TitleStatus.Cancelled => "Withdrawn",
            var decided => decided.ToString(),
        };
        if (facts.Review is { Answered: true, Value: var review } && review?.Status != expected)
            yield return Say(title, "title", $"It is {title.Status}, but {Words("the store", review)}.");
        if (facts.Offer is { Answered: true, Value: var offer } && offer is { OnSale: true } != (title.Status == TitleStatus.Approved))
            yield return Say(title, "title", $"It is {title.Status}, but it is {(offer is { OnSale: true } ? "" : "not ")}on sale.");
        if (facts.MyPage is { Answered: true, Value: var page } && page?.Status != title.Status.ToString())
            yield return Say(title, "mypage", $"It is {title.Status}, but {Words("the publisher's page", page)}.");
    }

    public static IEnumerable<Disagreement> Judge(AuditedOffer offer)
    {
        if (offer.Capacity is not { } capacity)
            yield break;
        if (offer.Available is not { } available || available < 0)
            yield return new Disagreement("capacity", $"Available is {offer.Available?.ToString() ?? "missing"}.", OfferId: offer.OfferId);
        else if (capacity != available + offer.Held)
            yield return new Disagreement("capacity", $"Capacity {capacity} is not available {available} + held {offer.Held}.", OfferId: offer.OfferId);
    }

    /// <summary>What is held for orders of which ordering knows nothing.</summary>
    public static IEnumerable<Disagreement> JudgeUnknownHolds(IEnumerable<Guid> held, IEnumerable<AuditedOrder> known) =>
        held.Except(known.Select(order => order.OrderId)).Select(id => new Disagreement("hold", "The catalog holds something for an order that ordering does not know.", OrderId: id));

    /// <summary>What is paid for orders of which ordering knows nothing.</summary>
    public static IEnumerable<Disagreement> JudgeUnknownPayments(IEnumerable<Guid> paid, IEnumerable<AuditedOrder> known) =>
        paid.Except(known.Select(order => order.OrderId)).Select(id => new Disagreement("payment", "Payment has taken money for an order that ordering does not know.", OrderId: id));

    /// <summary>Money that was taken, and not given back, for orders of which ordering knows nothing.</summary>
    public static IEnumerable<Disagreement> JudgeUnknownCharges(IEnumerable<Guid> charged, IEnumerable<AuditedOrder> known) =>
        charged.Except(known.Select(order => order.OrderId)).Select(id => new Disagreement("provider", "The provider charged for an order that ordering does not know.", OrderId: id));

    /// <summary>Nobody waits for a worker while one is free.</summary>
    public static Disagreement Judge(AuditedIdle idle) =>
        new("dispatch", $"{idle.Waiting} requests of {idle.MerchantId} wait although {idle.FreeWorkers} of its workers are free.");

    /// <summary>Everything was published, and could be handled.</summary>
    public static IEnumerable<Disagreement> Judge(string appId, AuditedMessaging messaging)
    {
        if (messaging.Outbox > 0)
            yield return new Disagreement("outbox", $"{appId} has {messaging.Outbox} events that it could not publish yet.");
        if (messaging.DeadLetters > 0)
            yield return new Disagreement("dead-letters", $"{appId} could not handle {messaging.DeadLetters} events. See /api/ops/dead-letters.");
    }

    // Rule 1: exactly one charge of the prepaid amount, here and at the provider.
    private static IEnumerable<Disagreement> JudgeLiveMoney(OrderFacts facts)
    {
        var order = facts.Order;
        if (facts.Payment is { Answered: true, Value: var payment })
        {
            if (order.Prepaid > 0 && (payment is not { Status: PaymentStatus.Approved } || payment.Amount != order.Prepaid))
                yield return Say(order, "payment", $"It is {order.Status} with {order.Prepaid} prepaid, but payment has {Words(payment)}.");
            else if (order.Prepaid == 0 && payment is { Status: PaymentStatus.Approved, Amount: > 0 })
                yield return Say(order, "payment", $"Nothing is prepaid, but payment has {Words(payment)}.");
        }

        if (facts.Provider is { Answered: true, Value: var charge })
        {
            var expected = order.Prepaid > 0 ? (1, order.Prepaid) : (0, 0m);
            if ((charge?.Charges ?? 0, charge?.Charged ?? 0) != expected || charge is { Refunded: not 0 })
                yield return Say(order, "provider", $"It is {order.Status} with {order.Prepaid} prepaid, but the provider has {Words(charge)}.");
        }
    }

    // Rule 1: nothing, or fully given back, here and at the provider.
    private static IEnumerable<Disagreement> JudgeDeadMoney(OrderFacts facts)
    {
        var order = facts.Order;
        if (facts.Payment is { Answered: true, Value: { Status: PaymentStatus.Pending or PaymentStatus.Approved, Amount: > 0 } payment })
            yield return Say(order, "payment", $"It is {order.Status}, but payment has {Words(payment)}.");
        if (facts.Provider is { Answered: true, Value: { } charge } && (charge.Charged != charge.Refunded || charge.Charges > 1))
            yield return Say(order, "provider", $"It is {order.Status}, but the provider has {Words(charge)}.");
        else if (facts is { Payment: { Answered: true, Value: var ours }, Provider: { Answered: true, Value: var theirs } } && ours?.Status != PaymentStatus.Pending)
        {
            // Nothing is left open: both ledgers have moved the same money forth and back.
            var moved = ours is { Status: PaymentStatus.Refunded or PaymentStatus.Approved } ? ours.Amount : 0;
            if (moved != (theirs?.Charged ?? 0))
                yield return Say(order, "ledgers", $"Payment has {Words(ours)}, but the provider has {Words(theirs)}.");
        }
    }

    // Rule 2: what is sold is held.
    private static IEnumerable<Disagreement> JudgeLiveHold(OrderFacts facts)
    {
        if (facts.Hold is { Answered: true, Value: var hold } && hold?.Quantity != facts.Order.Quantity)
            yield return Say(facts.Order, "hold", $"It is {facts.Order.Status} for {facts.Order.Quantity}, but the catalog holds {hold?.Quantity.ToString() ?? "nothing"}.");
    }

    private static IEnumerable<Disagreement> JudgeDeadHold(OrderFacts facts)
    {
        if (facts.Hold is { Answered: true, Value: { Quantity: not 0 } hold })
            yield return Say(facts.Order, "hold", $"It is {facts.Order.Status}, but the catalog holds {hold.Quantity}.");
    }

    // Rule 3: every event had its effect on those who fulfil, and theirs on the order.
    private static IEnumerable<Disagreement> JudgeLiveViews(OrderFacts facts)
    {
        var order = facts.Order;
        if (facts.Store is { Answered: true, Value: var store })
        {
            // Whatever it has: it takes what is accepted, and says so.
            if (order.Status == OrderStatus.Accepted || store?.Status != InStore(order.Status))
                yield return Say(order, "store", $"It is {order.Status}, but {Words("the store", store)}.");
        }

        // Once the store has it, whoever fulfils it has it too.
        if (facts.Delivery is { Answered: true, Value: var parcel }
            && (parcel is not null || (order.Fulfilment == Fulfilment.Delivery && order.Status != OrderStatus.Accepted))
            && parcel?.Status != order.Status.ToString())
        {
            yield return Say(order, "delivery", $"It is {order.Status}, but {Words("delivery", parcel)}.");
        }

        if (facts.Dispatch is { Answered: true, Value: var visit }
            && (visit is not null || (order.Fulfilment == Fulfilment.Assignment && order.Status != OrderStatus.Accepted))
            && visit?.Status != (order.Status == OrderStatus.Received ? "Waiting" : order.Status.ToString()))
        {
            yield return Say(order, "dispatch", $"It is {order.Status}, but {Words("dispatch", visit)}.");
        }
    }

    // The order book has fewer words: what is done between the order's arrival and the last moment to refuse it is not its merchant's.
    private static string InStore(OrderStatus status) => status switch
    {
        OrderStatus.Confirmed or OrderStatus.Shipped => "Confirmed",
        OrderStatus.Delivered or OrderStatus.Completed => "Completed",
        _ => "Received",
    };

    private static IEnumerable<Disagreement> JudgeDeadViews(OrderFacts facts)
    {
        if (facts.Store is { Answered: true, Value: { } store } && !EndedInStore.Contains(store.Status))
            yield return Say(facts.Order, "store", $"It is {facts.Order.Status}, but {Words("the store", store)}.");
        if (facts.Delivery is { Answered: true, Value: { Status: not "Stopped" } parcel })
            yield return Say(facts.Order, "delivery", $"It is {facts.Order.Status}, but {Words("delivery", parcel)}.");
        if (facts.Dispatch is { Answered: true, Value: { Status: not "Stopped" } visit })
            yield return Say(facts.Order, "dispatch", $"It is {facts.Order.Status}, but {Words("dispatch", visit)}.");
    }

    // Rules 3 and 5: whoever ordered was told, and sees the last status.
    private static IEnumerable<Disagreement> JudgePages(OrderFacts facts)
    {
        var order = facts.Order;
        if (!order.Public)
            yield break;
        if (facts.Notification is { Answered: true, Value: null or { Status: "0" } })
            yield return Say(order, "notification", $"It is {order.Status}, but nobody was told.");
        if (facts.MyPage is { Answered: true, Value: var page } && page?.Status != order.Status.ToString())
            yield return Say(order, "mypage", $"It is {order.Status}, but {Words("the customer's page", page)}.");
    }

    private static Disagreement Say(AuditedOrder order, string rule, string detail) => new(rule, detail, OrderId: order.OrderId);

    private static Disagreement Say(AuditedTitle title, string rule, string detail) => new(rule, detail, TitleId: title.TitleId);

    private static string Words(AuditedPayment? payment) => payment is null ? "nothing" : $"{payment.Amount} {payment.Status}";

    private static string Words(AuditedCharge? charge) =>
        charge is null ? "nothing" : $"{charge.Charges} charges of {charge.Charged} and refunds of {charge.Refunded}";

    private static string Words(string who, AuditedView? view) => view is null ? $"{who} does not know it" : $"{who} has it as {view.Status}";
}
