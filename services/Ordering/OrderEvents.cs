namespace OrderMall.Ordering;

/// <summary>What the fulfilling services and payment report of orders.</summary>
internal static class OrderEvents
{
    public static void Map(WebApplication app) => app.MapEvents<OrderingDb>()
        .Once<StoreEvent>([StoreEvent.OrderReceived, StoreEvent.OrderConfirmed, StoreEvent.OrderRejected, StoreEvent.OrderCompleted],
            (db, e, ct) => ApplyAsync(db, e.Data.OrderId, order => Apply(order, e.Type, e.Data), ct))
        .Once<ParcelEvent>([ParcelEvent.PreparationStarted, ParcelEvent.Shipped, ParcelEvent.Delivered],
            (db, e, ct) => ApplyAsync(db, e.Data.OrderId, order => Apply(order, e.Type, e.Data), ct))
        .Once<AssignmentEvent>([AssignmentEvent.WorkerAssigned, AssignmentEvent.Completed],
            (db, e, ct) => ApplyAsync(db, e.Data.OrderId, order => Apply(order, e.Type, e.Data), ct))
        .Once<PaymentEvent>([PaymentEvent.Approved, PaymentEvent.Declined],
            (db, e, ct) => ApplyAsync(db, e.Data.OrderId, OrderStatus.AwaitingPayment, order => Apply(order, e.Type, e.Data), ct));

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

    private static Task ApplyAsync(OrderingDb db, Guid orderId, Action<Order> change, CancellationToken cancellationToken) =>
        ApplyAsync(db, db.Orders.Where(order => order.Id == orderId), change, cancellationToken);

    private static Task ApplyAsync(OrderingDb db, Guid orderId, OrderStatus status, Action<Order> change, CancellationToken cancellationToken) =>
        ApplyAsync(db, db.Orders.Where(order => order.Id == orderId && order.Status == status), change, cancellationToken);

    private static async Task ApplyAsync(OrderingDb db, IQueryable<Order> which, Action<Order> change, CancellationToken cancellationToken)
    {
        if (await which.FirstOrDefaultAsync(cancellationToken) is not { } order)
            return;
        change(order);
        db.PublishEvents(order);
    }
}
