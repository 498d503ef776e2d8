namespace OrderMall.Publishing;

/// <summary>Withdraws the titles of publishers who are none any more: nobody reviews them, and those that were approved go off sale.</summary>
internal sealed class SellerTitlesJob(IServiceScopeFactory scopes, TimeProvider time, ILogger<SellerTitlesJob> logger) : SellerJob<PublishingDb>(scopes, time, logger)
{
    private const int BatchSize = 200;

    protected override async Task<bool> EndSomeAsync(PublishingDb db, Seller seller, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var titles = await db.Registrations
            .Where(title => title.PublisherId == seller.BusinessId && (title.Status == TitleStatus.InReview || title.Status == TitleStatus.Approved)
                && (!seller.MaySell || title.CreatedAt < seller.Since))
            .OrderBy(title => title.Id).Take(BatchSize).ToListAsync(cancellationToken);
        foreach (var title in titles)
        {
            title.Cancel(now);
            db.PublishEvents(title);
        }

        await db.SaveChangesAsync(cancellationToken);
        return titles.Count == BatchSize;
    }
}
