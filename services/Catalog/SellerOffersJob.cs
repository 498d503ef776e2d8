namespace OrderMall.Catalog;

/// <summary>Takes the offers of merchants off sale who are none any more. Titles that were approved go with their registrations, which publishing withdraws.</summary>
internal sealed class SellerOffersJob(IServiceScopeFactory scopes, TimeProvider time, ILogger<SellerOffersJob> logger) : SellerJob<CatalogDb>(scopes, time, logger)
{
    private const int BatchSize = 200;

    protected override async Task<bool> EndSomeAsync(CatalogDb db, Seller seller, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var offers = await db.Offers.FromSql(
            $"""
             SELECT * FROM offer
             WHERE merchant_id = {seller.BusinessId} AND NOT is_over AND NOT approved AND off_sale_at IS NULL AND (NOT {seller.MaySell} OR created_at < {seller.Since})
             ORDER BY id LIMIT {BatchSize} FOR UPDATE
             """).ToListAsync(cancellationToken);
        foreach (var offer in offers)
            db.TakeOffSale(offer, now);
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return offers.Count == BatchSize;
    }
}
