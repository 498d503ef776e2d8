namespace OrderMall.Payment;

/// <summary>Settles what a crash or an unreachable provider left open.</summary>
internal sealed class SettlementJob(IServiceScopeFactory scopes, TimeProvider time, ILogger<SettlementJob> logger) : DueWork<PaymentDb>(Open, scopes, time, logger)
{
    private static readonly DueRows Open = new("payment", "order_id", Payment.Lease) { AreDueWithinLease = true };

    protected override Task ResumeAsync(IServiceProvider services, Guid id, CancellationToken cancellationToken) =>
        services.GetRequiredService<Settlement>().ResumeAsync(id, cancellationToken);
}
