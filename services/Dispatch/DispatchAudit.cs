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
            from waiting in db.Assignments.Where(request => request.Status == AssignmentStatus.Waiting).GroupBy(request => new { request.MerchantId, request.Date })
                .Select(requests => new { MerchantId = requests.Key.MerchantId!, Day = requests.Key.Date, Count = requests.Count() })
            let free = db.Workers.Count(worker =>
                worker.MerchantId == waiting.MerchantId
                && !db.Assignments.Any(visit => visit.WorkerId == worker.Id && visit.Status == AssignmentStatus.Assigned && visit.Date == waiting.Day)
                && !db.DaysOff.Any(off => off.WorkerId == worker.Id && off.Date == waiting.Day))
            where free > 0
            select new AuditedIdle(waiting.MerchantId, waiting.Count, free)).ToListAsync(cancellationToken));
}
