namespace OrderMall.Catalog;

/// <summary>Tells the audit of offers and holds.</summary>
internal static class CatalogAudit
{
    public static void Map(WebApplication app)
    {
        // One statement, one snapshot: an offer and its holds as of the same moment.
        app.MapPost("/audit/offers", (AuditPage page, CatalogDb db, CancellationToken cancellationToken) =>
            DescribeAsync(db.Offers.Where(offer => page.After == null || offer.Id > page.After).OrderBy(offer => offer.Id).Take(page.Limit), db, cancellationToken))
            .ExcludeFromDescription();
        app.MapPost("/audit/offers/some", (AuditOrders some, CatalogDb db, CancellationToken cancellationToken) =>
            DescribeAsync(db.Offers.Where(offer => some.OrderIds.Contains(offer.Id)), db, cancellationToken))
            .ExcludeFromDescription();
        app.MapPost("/audit/holds", async (AuditOrders some, CatalogDb db, CancellationToken cancellationToken) =>
            await db.Holds.AsNoTracking()
                .Where(hold => some.OrderIds.Contains(hold.OrderId))
                .Select(hold => new AuditedHold(hold.OrderId, hold.Quantity))
                .ToListAsync(cancellationToken)).ExcludeFromDescription();
        app.MapPost("/audit/holds/page", async (AuditPage page, CatalogDb db, CancellationToken cancellationToken) =>
            await db.Holds.AsNoTracking()
                .Where(hold => hold.Quantity > 0 && (page.After == null || hold.OrderId > page.After))
                .OrderBy(hold => hold.OrderId)
                .Take(page.Limit)
                .Select(hold => new AuditedHold(hold.OrderId, hold.Quantity))
                .ToListAsync(cancellationToken)).ExcludeFromDescription();
    }

    private static Task<List<AuditedOffer>> DescribeAsync(IQueryable<Offer> offers, CatalogDb db, CancellationToken cancellationToken) => offers
        .AsNoTracking()
        .Select(offer => new AuditedOffer(
            offer.Id, offer.Capacity, offer.Available, db.Holds.Where(hold => hold.OfferId == offer.Id).Sum(hold => (long)hold.Quantity), offer.OffSaleAt == null))
        .ToListAsync(cancellationToken);
}
