namespace OrderMall.Ordering;

/// <summary>
/// Brings an attempt to order to its outcome for everybody who asks for it: one instance places it, the others wait for what comes of it.
/// One that dies meanwhile is noticed by who waits, within seconds, and that one goes on: every step is idempotent by order id, and
/// the version that taking over gives the order keeps whoever had it before from saving anything.
/// </summary>
internal sealed class Placing(OrderingDb db, OrderSaga saga, PlacingLeaseJob leases, TimeProvider time)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(200);

    /// <summary>Places an attempt that this request has begun.</summary>
    /// <param name="order">Pending, saved, tracked.</param>
    /// <param name="mayWait">Whether the customer is willing to wait for payment to come back.</param>
    /// <param name="cancellationToken">Ends the attempt; who asks again, or the saga, then takes it up.</param>
    /// <returns>The catalog's refusal of an order that cannot be placed like this, if it refused; and the order.</returns>
    public async Task<(HoldAnswer? Refusal, Order? Order)> PlaceAsync(Order order, bool mayWait, CancellationToken cancellationToken)
    {
        try
        {
            using (leases.Hold(order))
                return (await saga.PlaceAsync(order, mayWait, cancellationToken), order);
        }
        catch (DbUpdateConcurrencyException)
        {
            // The saga gave it up, or somebody who asked again took it over: theirs is the outcome.
            db.ChangeTracker.Clear();
            return await AwaitAsync(order.Id, mayWait, cancellationToken);
        }
    }

    /// <summary>Waits for what comes of an attempt that another request has begun, and goes on with it where that one died.</summary>
    /// <returns>As <see cref="PlaceAsync"/>; no order where the attempt was a mistake, of which nothing is left.</returns>
    public async Task<(HoldAnswer? Refusal, Order? Order)> AwaitAsync(Guid id, bool mayWait, CancellationToken cancellationToken)
    {
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            var order = await db.Orders.FirstOrDefaultAsync(order => order.Id == id, cancellationToken);
            if (order is not { Status: OrderStatus.Pending })
                return (null, order);
            if (order.IsAbandoned(time.Now()) && await TryTakeOverAsync(order, cancellationToken))
                return await PlaceAsync(order, mayWait, cancellationToken);
            db.ChangeTracker.Clear();
            await Task.Delay(pause, cancellationToken);
        }
    }

    private async Task<bool> TryTakeOverAsync(Order order, CancellationToken cancellationToken)
    {
        order.TakeOver(time.Now());
        try
        {
            await db.SaveAsync(order, cancellationToken);
            return true;
        }
        catch (DbUpdateConcurrencyException)
        {
            return false;
        }
    }
}
