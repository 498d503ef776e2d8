namespace OrderMall.Dispatch;

/// <summary>Tells the audit which assignments there are, and whether somebody waits for nothing.</summary>
internal static class DispatchAudit
{
    public static void Map(WebApplication app)
    {
        app.MapPost("/audit/orders", ListAsync).ExcludeFromDescription();
        app.MapPost("/audit/idle", ListIdleAsync).ExcludeFromDescription();
    }

    private static async Task<Ok<List<AuditedView>>> ListAsync(AuditOrders asked, DispatchDb db, CancellationToken cancellationToken) =>
        TypedResults.Ok((await db.Assignments.AsNoTracking()
            .Where(assignment => asked.OrderIds.Contains(assignment.OrderId))
            .Select(assignment => new { assignment.OrderId, assignment.Status })
            .ToListAsync(cancellationToken)).ConvertAll(assignment => new AuditedView(assignment.OrderId, assignment.Status.ToString(), 0)));

    // One statement: both sides as of the same moment.
    private static async Task<Ok<List<AuditedIdle>>> ListIdleAsync(DispatchDb db, CancellationToken cancellationToken) =>
        TypedResults.Ok(await (
            from waiting in db.Assignments.Where(request => request.Status == AssignmentStatus.Waiting).GroupBy(request => request.MerchantId!)
                .Select(requests => new { MerchantId = requests.Key, Count = requests.Count() })
            join free in db.Workers.Where(worker => worker.OrderId == null).GroupBy(worker => worker.MerchantId)
                .Select(workers => new { MerchantId = workers.Key, Count = workers.Count() }) on waiting.MerchantId equals free.MerchantId
            select new AuditedIdle(waiting.MerchantId, waiting.Count, free.Count)).ToListAsync(cancellationToken));
}
