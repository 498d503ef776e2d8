namespace OrderMall.Store;

/// <summary>Reminds merchants of orders that wait for their confirmation, before these expire.</summary>
internal sealed class ReminderJob(IServiceScopeFactory scopes, TimeProvider time, ILogger<ReminderJob> logger) : DueWork<StoreDb>(scopes, time, logger)
{
    // Beyond the time limit of a transaction.
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);
    private readonly TimeProvider _time = time;

    protected override FormattableString Claim(DateTimeOffset now, int batchSize) =>
        $"""
         UPDATE store_order SET remind_at = {now + Lease}
         WHERE order_id IN (SELECT order_id FROM store_order WHERE remind_at <= {now} ORDER BY remind_at LIMIT {batchSize} FOR UPDATE SKIP LOCKED)
         RETURNING order_id AS "Value"
         """;

    protected override async Task ResumeAsync(IServiceProvider services, Guid id, CancellationToken cancellationToken)
    {
        var db = services.GetRequiredService<StoreDb>();
        if (await db.Orders.FindAsync([id], cancellationToken) is not { } order || !order.Remind())
            return;
        db.Publish(StoreEvent.ConfirmationDue, order, _time.Now());
        await db.SaveChangesAsync(cancellationToken);
    }
}
