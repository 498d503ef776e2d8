namespace OrderMall.Store;

/// <summary>Reminds merchants of orders that wait for their confirmation, before these expire.</summary>
internal sealed class ReminderJob(IServiceScopeFactory scopes, TimeProvider time, ILogger<ReminderJob> logger) : DueWork<StoreDb>(Unconfirmed, scopes, time, logger)
{
    // Beyond the time limit of a transaction.
    private static readonly DueRows Unconfirmed = new("store_order", "order_id", TimeSpan.FromSeconds(30)) { DueAt = "remind_at", OrderBy = "remind_at" };
    private readonly TimeProvider _time = time;

    protected override async Task ResumeAsync(IServiceProvider services, Guid id, CancellationToken cancellationToken)
    {
        var db = services.GetRequiredService<StoreDb>();
        if (await db.Orders.FindAsync([id], cancellationToken) is not { } order || !order.Remind())
            return;
        db.Publish(StoreEvent.ConfirmationDue, order, _time.Now());
        await db.SaveChangesAsync(cancellationToken);
    }
}
