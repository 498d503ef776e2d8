namespace OrderMall.Publishing;

/// <summary>Tells the audit of registrations.</summary>
internal static class PublishingAudit
{
    // The resumer looks every few seconds; what it has not taken up by then it has forgotten.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(60);

    public static void Map(WebApplication app)
    {
        app.MapPost("/audit/titles", (AuditPage page, PublishingDb db, TimeProvider time, CancellationToken cancellationToken) =>
            DescribeAsync(db.Registrations
                .Where(registration => page.After == null || registration.Id > page.After)
                .OrderBy(registration => registration.Id)
                .Take(page.Limit), time, cancellationToken)).ExcludeFromDescription();
        app.MapPost("/audit/titles/some", (AuditOrders some, PublishingDb db, TimeProvider time, CancellationToken cancellationToken) =>
            DescribeAsync(db.Registrations.Where(registration => some.OrderIds.Contains(registration.Id)), time, cancellationToken)).ExcludeFromDescription();
    }

    private static Task<List<AuditedTitle>> DescribeAsync(IQueryable<Registration> registrations, TimeProvider time, CancellationToken cancellationToken)
    {
        var forgotten = time.Now() - Grace;
        return registrations.AsNoTracking()
            .Select(registration => new AuditedTitle(
                registration.Id, registration.PublisherId, registration.Status, registration.Version, registration.DueAt != null && registration.DueAt < forgotten))
            .ToListAsync(cancellationToken);
    }
}
