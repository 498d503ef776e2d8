using System.Diagnostics;

namespace OrderMall.Ordering;

/// <summary>Brings to an end what a crash or an absent service left on its way, and what nobody confirmed for its day.</summary>
internal sealed class SagaJob(IServiceScopeFactory scopes, TimeProvider time, ActivitySource source, ILogger<SagaJob> logger) : DueWork<OrderingDb>(scopes, time, logger)
{
    // Nothing is ever due later than a lease from now, unless the clock was set back: then it is due too.
    protected override FormattableString Claim(DateTimeOffset now, int batchSize) =>
        $"""
         UPDATE orders SET due_at = {now + Order.Lease}
         WHERE id IN (
             SELECT id FROM orders
             WHERE due_at <= {now} OR due_at > {now + (2 * Order.Lease)} OR (due_at IS NULL AND expires_at <= {now})
             ORDER BY due_at LIMIT {batchSize} FOR UPDATE SKIP LOCKED)
         RETURNING id AS "Value"
         """;

    protected override async Task ResumeAsync(IServiceProvider services, Guid id, CancellationToken cancellationToken)
    {
        var db = services.GetRequiredService<OrderingDb>();
        if (await db.Orders.FirstOrDefaultAsync(order => order.Id == id, cancellationToken) is not { } order)
            return;
        using var activity = source.StartActivity("resume order", ActivityKind.Internal, parentId: db.TraceParentOf(order));
        await services.GetRequiredService<OrderSaga>().ResumeAsync(order, cancellationToken);
    }
}
