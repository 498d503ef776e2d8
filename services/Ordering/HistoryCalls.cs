namespace OrderMall.Ordering;

/// <summary>Tells what orders there are and what became of them, for views that are made again.</summary>
internal static class HistoryCalls
{
    public static void Map(WebApplication app) => app.MapPost("/history", async (HistoryRequest request, OrderingDb db, CancellationToken cancellationToken) =>
    {
        var limit = Math.Clamp(request.Limit, 1, HistoryRequest.MostItems);
        var orders = await db.Orders.AsNoTracking()
            .Where(order => request.After == null || order.Id > request.After)
            .OrderBy(order => order.Id)
            .Take(limit)
            .ToListAsync(cancellationToken);
        return TypedResults.Ok(new HistoryPage<OrderEvent, OrderStatus>(
            [.. orders.Select(order => order.ToHistory()).OfType<History<OrderEvent, OrderStatus>>()],
            orders.Count == limit ? orders[^1].Id : null));
    }).ExcludeFromDescription();
}
