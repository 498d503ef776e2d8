namespace OrderMall.Payment;

/// <summary>Tells the audit which payments there are.</summary>
internal static class PaymentAudit
{
    public static void Map(WebApplication app)
    {
        app.MapPost("/audit/payments", async (AuditOrders some, PaymentDb db, CancellationToken cancellationToken) =>
            await db.Payments.AsNoTracking()
                .Where(payment => some.OrderIds.Contains(payment.OrderId))
                .Select(payment => new AuditedPayment(payment.OrderId, payment.Amount, payment.Status))
                .ToListAsync(cancellationToken)).ExcludeFromDescription();
        app.MapPost("/audit/payments/page", async (AuditPage page, PaymentDb db, CancellationToken cancellationToken) =>
            await db.Payments.AsNoTracking()
                .Where(payment => payment.Status == PaymentStatus.Approved && (page.After == null || payment.OrderId > page.After))
                .OrderBy(payment => payment.OrderId)
                .Take(page.Limit)
                .Select(payment => new AuditedPayment(payment.OrderId, payment.Amount, payment.Status))
                .ToListAsync(cancellationToken)).ExcludeFromDescription();
    }
}
