namespace OrderMall.Delivery;

/// <summary>What delivery makes of what happened elsewhere, in whatever order the events come.</summary>
internal sealed class DeliveryEvents(TimeProvider time)
{
    public static readonly IReadOnlyCollection<string> StoreTypes = [StoreEvent.OrderReceived];

    public static readonly IReadOnlyCollection<string> OrderTypes = [OrderEvent.Cancelled, OrderEvent.Rejected];

    public static Task LoadAsync(DeliveryDb db, IReadOnlyList<CloudEvent<StoreEvent>> events, CancellationToken cancellationToken)
    {
        var orders = events.Select(e => e.Data.OrderId).ToArray();
        return db.Parcels.Where(parcel => orders.Contains(parcel.OrderId)).LoadAsync(cancellationToken);
    }

    /// <summary>The store has an order: its parcel is begun, unless it was stopped before.</summary>
    public void Begin(DeliveryDb db, CloudEvent<StoreEvent> e)
    {
        if (e.Data.Fulfilment != Fulfilment.Delivery || db.Loaded<Parcel>(e.Data.OrderId) is not null)
            return;
        var parcel = db.Parcels.Add(Parcel.Begun(e.Data.OrderId, e.Data.Destination ?? "")).Entity;
        db.Publish(ParcelEvent.PreparationStarted, parcel, time.Now());
    }

    /// <summary>An order is over: its parcel does not leave.</summary>
    public async Task EndAsync(DeliveryDb db, CloudEvent<OrderEvent> e, CancellationToken cancellationToken)
    {
        if (e.Data.Fulfilment == Fulfilment.Delivery)
            await StopCalls.StopAsync(e.Data.OrderId, db, time, cancellationToken);
    }
}
