namespace OrderMall.Payment;

/// <summary>Settles what a crash or the provider's absence left open.</summary>
internal sealed class SettlementJob(IServiceScopeFactory scopes, TimeProvider time, ILogger<SettlementJob> logger) : DueWork<PaymentDb>(scopes, time, logger)
{
    // Nothing is ever due later than a lease from now, unless the clock was set back: then it is due too.
    protected override FormattableString Claim(DateTimeOffset now, int batchSize) =>
        $"""
         UPDATE payment SET due_at = {now + Payment.Lease}
         WHERE order_id IN (SELECT order_id FROM payment WHERE due_at <= {now} OR due_at > {now + (2 * Payment.Lease)} ORDER BY due_at LIMIT {batchSize} FOR UPDATE SKIP LOCKED)
         RETURNING order_id AS "Value"
         """;

    protected override Task ResumeAsync(IServiceProvider services, Guid id, CancellationToken cancellationToken) =>
        services.GetRequiredService<Settlement>().ResumeAsync(id, cancellationToken);
}
