namespace OrderMall.Catalog;

/// <summary>Puts titles on sale that were approved: a publisher's book is an offer like any other.</summary>
internal static class TitleEvents
{
    public static readonly IReadOnlyCollection<string> Types = [TitleEvent.Approved];

    public static async Task PutOnSaleAsync(CatalogDb db, CloudEvent<TitleEvent> e, CancellationToken cancellationToken)
    {
        var title = e.Data;
        if (await db.Offers.AnyAsync(offer => offer.Id == title.TitleId, cancellationToken))
            return;
        db.PutOnSale(new Offer
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
        });
    }
}
