namespace OrderMall.Dispatch;

/// <summary>What dispatch makes of what happened elsewhere, in whatever order the events come.</summary>
internal static class DispatchEvents
{
    public static void Map(WebApplication app)
    {
        var time = app.Services.GetRequiredService<TimeProvider>();
        app.MapEvents<DispatchDb>()
            .Once<StoreEvent>([StoreEvent.OrderReceived], (db, e, cancellationToken) => BeginAsync(db, e.Data, time, cancellationToken))
            .Once<OrderEvent>([OrderEvent.Cancelled, OrderEvent.Rejected], (db, e, cancellationToken) => EndAsync(db, e.Data, time, cancellationToken));
    }

    // The store has an order: a worker is requested for it, unless it was stopped before.
    private static async Task BeginAsync(DispatchDb db, StoreEvent order, TimeProvider time, CancellationToken cancellationToken)
    {
        if (order.Fulfilment != Fulfilment.Assignment)
            return;
        await db.LockAsync(order.MerchantId, cancellationToken);
        if (await db.Assignments.FindAsync([order.OrderId], cancellationToken) is null)
            await Matching.BeginAsync(Assignment.Requested(order), db, time, cancellationToken);
    }

    // An order is over: nobody comes, and whoever was to come is free.
    private static async Task EndAsync(DispatchDb db, OrderEvent order, TimeProvider time, CancellationToken cancellationToken)
    {
        if (order.Fulfilment == Fulfilment.Assignment)
            await StopCalls.StopAsync(order.OrderId, db, time, cancellationToken);
    }
}
