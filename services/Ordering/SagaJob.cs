using System.Diagnostics;

namespace OrderMall.Ordering;

/// <summary>Brings to an end what a crash or an unreachable service left on its way, and what nobody confirmed for its day.</summary>
internal sealed class SagaJob(IServiceScopeFactory scopes, TimeProvider time, ActivitySource source, ILogger<SagaJob> logger) : DueWork<OrderingDb>(Open, scopes, time, logger)
{
    private static readonly DueRows Open = new("orders", "id", Order.Lease) { AreDueWithinLease = true, Or = "(due_at IS NULL AND expires_at <= {0})" };

    protected override async Task ResumeAsync(IServiceProvider services, Guid id, CancellationToken cancellationToken)
    {
        var db = services.GetRequiredService<OrderingDb>();
        if (await db.Orders.FirstOrDefaultAsync(order => order.Id == id, cancellationToken) is not { } order)
            return;
        using var activity = source.StartActivity("resume order", ActivityKind.Internal, parentId: db.TraceParentOf(order));
        await services.GetRequiredService<OrderSaga>().ResumeAsync(order, cancellationToken);
    }
}
