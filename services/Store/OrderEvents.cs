namespace OrderMall.Store;

/// <summary>What the order book makes of what happened to orders, in whatever order the events come.</summary>
internal sealed class OrderEvents(TimeProvider time)
{
    public static readonly IReadOnlyCollection<string> Types =
    [
        OrderEvent.Accepted,
        OrderEvent.Confirmed,
        OrderEvent.Shipped,
        OrderEvent.Delivered,
        OrderEvent.Completed,
        OrderEvent.CancellationRefused,
        OrderEvent.Cancelled,
        OrderEvent.Rejected,
    ];

    public static Task LoadAsync(StoreDb db, IReadOnlyList<CloudEvent<OrderEvent>> events, CancellationToken cancellationToken)
    {
        var orders = events.Select(e => e.Data.OrderId).ToArray();
        return db.Orders.Where(order => orders.Contains(order.OrderId)).LoadAsync(cancellationToken);
    }

    public void Apply(StoreDb db, CloudEvent<OrderEvent> e)
    {
        var placed = e.Data;
        var order = db.Loaded<StoreOrder>(placed.OrderId);
        var wasRefused = order is { Status: StoreStatus.Rejected, IsFinal: false };
        switch (e.Type)
        {
            case OrderEvent.Accepted when order is null:
                order = StoreOrder.Received(placed, time.Now());
                db.Orders.Add(order);
                db.Publish(StoreEvent.OrderReceived, order, time.Now());
                break;
            case OrderEvent.Confirmed:
                order?.WasConfirmed(time.Now());
                break;
            case OrderEvent.Shipped:
                order?.HasLeft(time.Now());
                break;
            case OrderEvent.Delivered or OrderEvent.Completed:
                order ??= db.Orders.Add(StoreOrder.Received(placed, time.Now())).Entity;
                order.End(StoreStatus.Completed, time.Now());
                break;
            case OrderEvent.CancellationRefused when order?.GoOn(placed, time.Now()) == true:
                db.Publish(StoreEvent.OrderReceived, order, time.Now());
                break;
            case OrderEvent.Cancelled:
                End(StoreStatus.Cancelled);
                break;
            case OrderEvent.Rejected:
                End(StoreStatus.Rejected);
                break;
        }

        if (wasRefused && order!.Status is not (StoreStatus.Rejected or StoreStatus.Cancelled))
            db.Publish(StoreEvent.RejectionOverruled, order, time.Now());

        void End(StoreStatus status)
        {
            if (order is null)
                db.Orders.Add(StoreOrder.EndedBeforeItCame(placed.OrderId, status));
            else
                order.End(status, time.Now());
        }
    }
}
