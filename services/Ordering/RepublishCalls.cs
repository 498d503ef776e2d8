namespace OrderMall.Ordering;

/// <summary>Publishes an order's events again, under the ids they had: only who missed one sees anything new.</summary>
internal static class RepublishCalls
{
    public static void Map(WebApplication app) => app.MapRepublications<OrderingDb>(async (db, id, _, cancellationToken) =>
    {
        if (await db.Orders.AsNoTracking().FirstOrDefaultAsync(order => order.Id == id, cancellationToken) is not { } order)
            return null;
        var events = order.EventsAgain();
        foreach (var (type, e) in events)
            db.Publish(type, e);
        return [.. events.Select(e => e.Type)];
    });
}
