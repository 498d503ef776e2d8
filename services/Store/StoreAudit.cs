namespace OrderMall.Store;

/// <summary>Tells the audit what the order book and the product team know.</summary>
internal static class StoreAudit
{
    public static void Map(WebApplication app)
    {
        app.MapPost("/audit/orders", ListOrdersAsync).ExcludeFromDescription();
        app.MapPost("/audit/reviews", ListReviewsAsync).ExcludeFromDescription();
    }

    private static async Task<Ok<List<AuditedView>>> ListOrdersAsync(AuditOrders asked, StoreDb db, CancellationToken cancellationToken) =>
        TypedResults.Ok((await db.Orders.AsNoTracking()
            .Where(order => asked.OrderIds.Contains(order.OrderId))
            .Select(order => new { order.OrderId, order.Status })
            .ToListAsync(cancellationToken)).ConvertAll(order => new AuditedView(order.OrderId, order.Status.ToString(), 0)));

    private static async Task<Ok<List<AuditedView>>> ListReviewsAsync(AuditOrders asked, StoreDb db, CancellationToken cancellationToken) =>
        TypedResults.Ok((await db.Reviews.AsNoTracking()
            .Where(review => asked.OrderIds.Contains(review.TitleId))
            .Select(review => new { review.TitleId, review.Status })
            .ToListAsync(cancellationToken)).ConvertAll(review => new AuditedView(review.TitleId, review.Status.ToString(), 0)));
}
