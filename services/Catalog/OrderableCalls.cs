namespace OrderMall.Catalog;

/// <summary>Tells marketing what can be ordered, so that it recommends nothing else.</summary>
internal static class OrderableCalls
{
    public static void Map(WebApplication app) => app.MapPost("/orderable-offers", AskAsync).ExcludeFromDescription();

    // People wait for the recommendations: this is one of their reads, and takes no connection from orders.
    private static async Task<Ok<OrderableOffersAnswer>> AskAsync(
        OrderableOffersRequest request, [FromKeyedServices(DatabaseSetup.PublicReads)] CatalogDb db, DemoRule demo, TimeProvider time, CancellationToken cancellationToken)
    {
        var earliest = time.EarliestDay();
        return TypedResults.Ok(new OrderableOffersAnswer(await demo.OnSale(db.Offers)
            .Where(offer => request.OfferIds.Contains(offer.Id) && offer.OffSaleAt == null)
            .Where(offer => (offer.Available == null || offer.Available > 0) && (offer.Date == null || offer.Date >= earliest))
            .Select(offer => offer.Id)
            .ToListAsync(cancellationToken)));
    }
}
