namespace OrderMall.Delivery;

/// <summary>What delivery makes of what happened elsewhere, in whatever order the events come.</summary>
internal static class DeliveryEvents
{
    public static void Map(WebApplication app)
    {
        var time = app.Services.GetRequiredService<TimeProvider>();
        app.MapEvents<DeliveryDb>()
            .Once<StoreEvent>([StoreEvent.OrderReceived], (db, e) => Begin(db, e.Data, time.Now()), LoadAsync)
            .Once<OrderEvent>([OrderEvent.Cancelled, OrderEvent.Rejected], (db, e, cancellationToken) => EndAsync(db, e.Data, time, cancellationToken));
    }

    private static Task LoadAsync(DeliveryDb db, IReadOnlyList<CloudEvent<StoreEvent>> events, CancellationToken cancellationToken)
    {
        var orders = events.Select(e => e.Data.OrderId).ToArray();
        return db.Parcels.Where(parcel => orders.Contains(parcel.OrderId)).LoadAsync(cancellationToken);
    }

    // The store has an order: its parcel is begun, unless it was stopped before.
    private static void Begin(DeliveryDb db, StoreEvent order, DateTimeOffset now)
    {
        if (order.Fulfilment != Fulfilment.Delivery || db.Loaded<Parcel>(order.OrderId) is not null)
            return;
        var parcel = db.Parcels.Add(Parcel.Begun(order.OrderId, order.Destination ?? "")).Entity;
        db.Publish(ParcelEvent.PreparationStarted, parcel, now);
    }

    // An order is over: its parcel does not leave.
    private static async Task EndAsync(DeliveryDb db, OrderEvent order, TimeProvider time, CancellationToken cancellationToken)
    {
        if (order.Fulfilment == Fulfilment.Delivery)
            await StopCalls.StopAsync(order.OrderId, db, time, cancellationToken);
    }
}
