namespace OrderMall.Store;

/// <summary>What the order book and reviews make of what happened to orders and titles, in whatever order the events come.</summary>
internal static class StoreEvents
{
    private static readonly IReadOnlyCollection<string> OfOrders =
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

    public static void Map(WebApplication app)
    {
        var time = app.Services.GetRequiredService<TimeProvider>();
        app.MapEvents<StoreDb>()
            .Once<OrderEvent>(OfOrders, (db, e) => Apply(db, e, time.Now()), LoadAsync)
            .Once<TitleEvent>([TitleEvent.Approved, TitleEvent.Rejected, TitleEvent.Cancelled, TitleEvent.Voided],
                (db, e, cancellationToken) => ApplyAsync(db, e, time.Now(), cancellationToken));
    }

    private static Task LoadAsync(StoreDb db, IReadOnlyList<CloudEvent<OrderEvent>> events, CancellationToken cancellationToken)
    {
        var orders = events.Select(e => e.Data.OrderId).ToArray();
        return db.Orders.Where(order => orders.Contains(order.OrderId)).LoadAsync(cancellationToken);
    }

    private static void Apply(StoreDb db, CloudEvent<OrderEvent> e, DateTimeOffset now)
    {
        var placed = e.Data;
        var order = db.Loaded<StoreOrder>(placed.OrderId);
        var wasRefused = order is { Status: StoreStatus.Rejected, IsFinal: false };
        switch (e.Type)
        {
            case OrderEvent.Accepted when order is null:
                order = StoreOrder.Received(placed, now);
                db.Orders.Add(order);
                db.Publish(StoreEvent.OrderReceived, order, now);
                break;
            case OrderEvent.Confirmed:
                order?.WasConfirmed(now);
                break;
            case OrderEvent.Shipped:
                order?.HasLeft(now);
                break;
            case OrderEvent.Delivered or OrderEvent.Completed:
                order ??= db.Orders.Add(StoreOrder.Received(placed, now)).Entity;
                order.End(StoreStatus.Completed, now);
                break;
            case OrderEvent.CancellationRefused when order?.GoOn(placed, now) == true:
                db.Publish(StoreEvent.OrderReceived, order, now);
                break;
            case OrderEvent.Cancelled:
                End(StoreStatus.Cancelled);
                break;
            case OrderEvent.Rejected:
                End(StoreStatus.Rejected);
                break;
        }

        if (wasRefused && order!.Status is not (StoreStatus.Rejected or StoreStatus.Cancelled))
            db.Publish(StoreEvent.RejectionOverruled, order, now);

        void End(StoreStatus status)
        {
            if (order is null)
                db.Orders.Add(StoreOrder.EndedBeforeItCame(placed.OrderId, status));
            else
                order.End(status, now);
        }
    }

    private static async Task ApplyAsync(StoreDb db, CloudEvent<TitleEvent> e, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var review = await db.Reviews.FindAsync([e.Data.TitleId], cancellationToken);
        switch (e.Type)
        {
            case TitleEvent.Approved:
                review?.End(ReviewStatus.Approved);
                break;
            case TitleEvent.Rejected:
                review?.End(ReviewStatus.Rejected);
                break;
            default:
                if (review is null)
                    db.Reviews.Add(Review.WithdrawnBeforeItCame(e.Data.TitleId));
                else if (review.Withdraw())
                    db.Publish(ReviewEvent.Withdrawn, review, now);
                break;
        }
    }
}
