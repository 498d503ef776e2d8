namespace OrderMall.Catalog;

/// <summary>Puts back what orders that came to nothing had held.</summary>
internal static class OrderEvents
{
    public static readonly IReadOnlyCollection<string> Types = [OrderEvent.Cancelled, OrderEvent.Rejected, OrderEvent.Voided];

    public static async Task ReleaseAsync(CatalogDb db, CloudEvent<OrderEvent> e, CancellationToken cancellationToken)
    {
        var order = e.Data;
        var hold = await db.Holds.FromSql($"SELECT * FROM hold WHERE order_id = {order.OrderId} FOR UPDATE").SingleOrDefaultAsync(cancellationToken);
        if (hold is null)
        {
            // The request to hold may still be on its way: it will find this.
            db.Holds.Add(new Hold { OrderId = order.OrderId, OfferId = order.OfferId, CustomerId = order.CustomerId, Quantity = 0, Title = order.Title, Price = 0, HeldAt = order.At });
            return;
        }

        var quantity = hold.Quantity;
        hold.Quantity = 0;
        await db.Offers.Where(offer => offer.Id == hold.OfferId)
            .ExecuteUpdateAsync(offer => offer.SetProperty(o => o.Available, o => o.Available + quantity), cancellationToken);
    }
}
