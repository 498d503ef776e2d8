namespace OrderMall.Dispatch;

/// <summary>What dispatch makes of what happened elsewhere, in whatever order the events come.</summary>
internal sealed class DispatchEvents(TimeProvider time)
{
    public static readonly IReadOnlyCollection<string> StoreTypes = [StoreEvent.OrderReceived];

    public static readonly IReadOnlyCollection<string> OrderTypes = [OrderEvent.Cancelled, OrderEvent.Rejected];

    /// <summary>The store has an order: a worker is requested for it, unless it was stopped before.</summary>
    public async Task BeginAsync(DispatchDb db, CloudEvent<StoreEvent> e, CancellationToken cancellationToken)
    {
        if (e.Data.Fulfilment != Fulfilment.Assignment)
            return;
        await db.LockAsync(e.Data.MerchantId, cancellationToken);
        if (await db.Assignments.FindAsync([e.Data.OrderId], cancellationToken) is null)
            await Matching.BeginAsync(Assignment.Requested(e.Data), db, time, cancellationToken);
    }

    /// <summary>An order is over: nobody comes, and whoever was to come is free.</summary>
    public async Task EndAsync(DispatchDb db, CloudEvent<OrderEvent> e, CancellationToken cancellationToken)
    {
        if (e.Data.Fulfilment == Fulfilment.Assignment)
            await StopCalls.StopAsync(e.Data.OrderId, db, time, cancellationToken);
    }
}
