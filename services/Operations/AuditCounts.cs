namespace OrderMall.Operations;

/// <summary>How many of what the services have: what must agree can be seen to.</summary>
internal sealed class AuditCounts
{
    // In the order in which they are shown.
    private readonly OrderedDictionary<string, long> _counts = new(
        new[]
        {
            "orders", "accepted", "cancelled", "rejected", "inFlight", "voided", "prepaid", "payments", "refunded",
            "providerCharges", "providerRefunds", "offers", "holds", "received", "parcels", "assignments", "messages", "pages", "titles", "titlesOnSale", "outbox", "deadLetters",
        }.Select(name => KeyValuePair.Create(name, 0L)));

    /// <summary>The counts by name, as they are now.</summary>
    public IReadOnlyDictionary<string, long> All => new OrderedDictionary<string, long>(_counts);

    public void Count(OrderFacts facts)
    {
        var (order, isLive) = (facts.Order, AuditRules.IsLive(facts.Order.Status));
        Add("orders", order.Public);
        Add("accepted", isLive);
        Add("cancelled", order is { Public: true, Status: OrderStatus.Cancelled });
        Add("rejected", order is { Public: true, Status: OrderStatus.Rejected });
        Add("inFlight", AuditRules.IsInFlight(order.Status));
        Add("voided", !order.Public && !AuditRules.IsInFlight(order.Status));
        Add("prepaid", isLive && order.Prepaid > 0);
        Add("payments", facts.Payment.Value is { Status: PaymentStatus.Approved });
        Add("refunded", facts.Payment.Value is { Status: PaymentStatus.Refunded });
        Add("providerRefunds", facts.Provider.Value is { Refunded: > 0 });
        Add("holds", facts.Hold.Value is { Quantity: > 0 });
        Add("received", facts.Store.Value is not null);
        Add("parcels", facts.Delivery.Value is not null);
        Add("assignments", facts.Dispatch.Value is not null);
        Add("pages", facts.MyPage.Value is not null);
        Add("messages", facts.Notification.Value is { } told && long.TryParse(told.Status, out var messages) ? messages : 0);
    }

    public void Count(TitleFacts facts)
    {
        Add("titles", facts.Title.Status != TitleStatus.Pending);
        Add("titlesOnSale", facts.Title.Status == TitleStatus.Approved);
    }

    public void Count(AuditedOffer _) => Add("offers", 1);

    public void Count(AuditedCharge charge) => Add("providerCharges", charge.Charges);

    public void Count(AuditedMessaging messaging)
    {
        Add("outbox", messaging.Outbox);
        Add("deadLetters", messaging.DeadLetters);
    }

    private void Add(string name, bool one) => Add(name, one ? 1 : 0);

    private void Add(string name, long number) => _counts[name] += number;
}
