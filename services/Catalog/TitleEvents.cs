namespace OrderMall.Catalog;

/// <summary>
/// Puts titles on sale that were approved, and takes them off when their publishers withdraw them, in whatever order the events come: a publisher's
/// book is an offer like any other.
/// </summary>
internal static class TitleEvents
{
    public static readonly IReadOnlyCollection<string> Types = [TitleEvent.Approved, TitleEvent.Cancelled];

    public static async Task ApplyAsync(CatalogDb db, CloudEvent<TitleEvent> e, CancellationToken cancellationToken)
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
