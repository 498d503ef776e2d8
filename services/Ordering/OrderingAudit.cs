namespace OrderMall.Ordering;

/// <summary>Tells the audit of orders.</summary>
internal static class OrderingAudit
{
    // The saga looks every few seconds; what it has not taken up by then it has forgotten.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(60);

    public static void Map(WebApplication app)
    {
        app.MapPost("/audit/orders", async (AuditPage page, OrderingDb db, TimeProvider time, CancellationToken cancellationToken) =>
            Describe(await db.Orders.AsNoTracking()
                .Where(order => page.After == null || order.Id > page.After)
                .OrderBy(order => order.Id)
                .Take(page.Limit)
                .ToListAsync(cancellationToken), time.Now())).ExcludeFromDescription();
        app.MapPost("/audit/orders/some", async (AuditOrders some, OrderingDb db, TimeProvider time, CancellationToken cancellationToken) =>
            Describe(await db.Orders.AsNoTracking()
                .Where(order => some.OrderIds.Contains(order.Id))
                .ToListAsync(cancellationToken), time.Now())).ExcludeFromDescription();
    }

    private static List<AuditedOrder> Describe(List<Order> orders, DateTimeOffset now) =>
        orders.ConvertAll(order => new AuditedOrder(
            order.Id, order.CustomerId, order.OfferId, order.Quantity, order.Status, order.Version, order.Prepaid, order.Fulfilment, order.IsPublic,
            order.DueAt < now - Grace || order.ExpiresAt < now - Grace));
}
