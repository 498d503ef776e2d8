namespace OrderMall.Catalog;

/// <summary>What the catalog makes of what happened to orders, titles and sellers, in whatever order the events come.</summary>
internal static class CatalogEvents
{
    public static void Map(WebApplication app)
    {
        var time = app.Services.GetRequiredService<TimeProvider>();
        app.MapEvents<CatalogDb>()
            .Once<OrderEvent>([OrderEvent.Cancelled, OrderEvent.Rejected, OrderEvent.Voided], (db, e, cancellationToken) => ReleaseAsync(db, e.Data, cancellationToken))
            .Once<TitleEvent>([TitleEvent.Approved, TitleEvent.Cancelled], ApplyAsync)
            .On<BusinessEvent>([BusinessEvent.RightsChanged], (services, events, cancellationToken) =>
                Seller.KeepAsync(services.GetRequiredService<CatalogDb>(), events, business => business.Merchant, time, cancellationToken));
    }

    // What orders that came to nothing had held is put back.
    private static async Task ReleaseAsync(CatalogDb db, OrderEvent order, CancellationToken cancellationToken)
    {
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

    // Titles that were approved go on sale, and off when their publishers withdraw them: a publisher's book is an offer like any other.
    private static async Task ApplyAsync(CatalogDb db, CloudEvent<TitleEvent> e, CancellationToken cancellationToken)
    {
        var title = e.Data;
        // What was withdrawn while it was reviewed was never on sale, and will not be.
        if (e.Type == TitleEvent.Cancelled && !title.WasApproved)
            return;
        var offer = await db.LockAsync(title.TitleId, cancellationToken);
        if (e.Type == TitleEvent.Approved && offer is null)
        {
            db.PutOnSale(Book(title));
        }
        else if (e.Type == TitleEvent.Cancelled && offer is null)
        {
            // Its approval is still on its way: it will find this, and nobody ever sees it on sale.
            offer = Book(title);
            offer.TakeOffSale(title.At);
            db.Offers.Add(offer);
        }
        else if (e.Type == TitleEvent.Cancelled && offer is { OffSaleAt: null })
        {
            db.TakeOffSale(offer, title.At);
        }
    }

    private static Offer Book(TitleEvent title) => new()
    {
        // The title's own: so it goes on sale once.
        Id = title.TitleId,
        MerchantId = title.PublisherId,
        Kind = "book",
        Title = title.Title,
        Price = title.Price,
        Currency = title.Currency,
        Prepayment = Prepayment.Full,
        Fulfilment = Fulfilment.Delivery,
        Capacity = title.Copies,
        Available = title.Copies,
        Details = $"By {title.Author}.",
        Approved = true,
        CreatedAt = title.At,
        UpdatedAt = title.At,
    };
}
