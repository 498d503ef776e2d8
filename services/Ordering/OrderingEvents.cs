namespace OrderMall.Ordering;

/// <summary>What the fulfilling services and payment report of orders.</summary>
internal static class OrderingEvents
{
    public static void Map(WebApplication app) => app.MapEvents<OrderingDb>()
        .Once<StoreEvent>([StoreEvent.OrderReceived, StoreEvent.OrderConfirmed, StoreEvent.OrderRejected, StoreEvent.OrderCompleted],
            (db, e) => Apply(db, e.Data.OrderId, order => Apply(order, e.Type, e.Data)),
            (db, events, cancellationToken) => LoadAsync(db.Orders, events.Select(e => e.Data.OrderId), cancellationToken))
        .Once<ParcelEvent>([ParcelEvent.PreparationStarted, ParcelEvent.Shipped, ParcelEvent.Delivered],
            (db, e) => Apply(db, e.Data.OrderId, order => Apply(order, e.Type, e.Data)),
            (db, events, cancellationToken) => LoadAsync(db.Orders, events.Select(e => e.Data.OrderId), cancellationToken))
        .Once<AssignmentEvent>([AssignmentEvent.WorkerAssigned, AssignmentEvent.Completed],
            (db, e) => Apply(db, e.Data.OrderId, order => Apply(order, e.Type, e.Data)),
            (db, events, cancellationToken) => LoadAsync(db.Orders, events.Select(e => e.Data.OrderId), cancellationToken))
        .Once<PaymentEvent>([PaymentEvent.Approved, PaymentEvent.Declined],
            (db, e) => Apply(db, e.Data.OrderId, order => Apply(order, e.Type, e.Data)),
            (db, events, cancellationToken) =>
                LoadAsync(db.Orders.Where(order => order.Status == OrderStatus.AwaitingPayment), events.Select(e => e.Data.OrderId), cancellationToken));

    internal static void Apply(Order order, string type, StoreEvent e)
    {
        switch (type)
        {
            case StoreEvent.OrderReceived:
                order.Advance(OrderStatus.Received, e.At);
                break;
            case StoreEvent.OrderConfirmed:
                order.Advance(OrderStatus.Confirmed, e.At);
                break;
            case StoreEvent.OrderCompleted:
                order.Advance(OrderStatus.Completed, e.At);
                break;
            case StoreEvent.OrderRejected:
                // The saga stops, refunds and tells.
                if (order.BeginCancelling(OrderStatus.Rejected, $"{OrderReasons.RefusedByMerchant}: {e.Reason}", e.At))
                    order.TryAgain(e.At);
                break;
        }
    }

    internal static void Apply(Order order, string type, ParcelEvent e) => order.Advance(
        type switch
        {
            ParcelEvent.PreparationStarted => OrderStatus.Preparing,
            ParcelEvent.Shipped => OrderStatus.Shipped,
            _ => OrderStatus.Delivered,
        },
        e.At);

    internal static void Apply(Order order, string type, AssignmentEvent e) =>
        order.Advance(type == AssignmentEvent.Completed ? OrderStatus.Completed : OrderStatus.Assigned, e.At, e.WorkerName);

    // The usual answer came by invocation; this one matters when that was lost and the order waits.
    internal static void Apply(Order order, string type, PaymentEvent e)
    {
        if (type == PaymentEvent.Approved)
            order.Accept(e.At);
        else
            order.Decline(e.At);
    }

    private static Task LoadAsync(IQueryable<Order> orders, IEnumerable<Guid> ids, CancellationToken cancellationToken)
    {
        var wanted = ids.ToArray();
        return orders.Where(order => wanted.Contains(order.Id)).LoadAsync(cancellationToken);
    }

    private static void Apply(OrderingDb db, Guid orderId, Action<Order> change)
    {
        if (db.Loaded<Order>(orderId) is not { } order)
            return;
        change(order);
        db.PublishEvents(order);
    }
}
