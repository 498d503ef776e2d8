namespace OrderMall.PaymentProvider;

/// <summary>Tells the audit what was charged and given back.</summary>
internal static class ProviderAudit
{
    public static void Map(WebApplication app)
    {
        app.MapPost("/audit/charges", (AuditOrders some, Ledger ledger, CancellationToken cancellationToken) =>
            AuditAsync(ledger.Charges.Where(charge => some.OrderIds.Contains(charge.Key)), cancellationToken)).ExcludeFromDescription();
        app.MapPost("/audit/charges/page", (AuditPage page, Ledger ledger, CancellationToken cancellationToken) =>
            AuditAsync(ledger.Charges.Where(charge => page.After == null || charge.Key > page.After).OrderBy(charge => charge.Key).Take(page.Limit), cancellationToken)).ExcludeFromDescription();
    }

    private static async Task<List<AuditedCharge>> AuditAsync(IQueryable<Charge> charges, CancellationToken cancellationToken) =>
        await charges.AsNoTracking()
            .Select(charge => new AuditedCharge(charge.Key, charge.Amount > 0 ? 1 : 0, charge.Amount, charge.Refunded))
            .ToListAsync(cancellationToken);
}
