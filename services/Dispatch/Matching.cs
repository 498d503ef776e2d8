namespace OrderMall.Dispatch;

/// <summary>
/// Who is sent to whom: the worker who has been free longest to the request that has waited longest, for each day by itself; what is
/// for no day is one more. Each of these changes the context under the lock of the merchant (<see cref="DispatchDb.LockAsync"/>) and leaves
/// nobody waiting for a day on which somebody is free. So a new request never passes one that waits, a free worker never one that is free,
/// and one look at the other side is enough.
/// </summary>
internal static class Matching
{
    /// <summary>A new request: somebody comes, or it waits.</summary>
    public static async Task BeginAsync(Assignment request, DispatchDb db, TimeProvider time, CancellationToken cancellationToken)
    {
        db.Assignments.Add(request);
        var worker = await db.FreeWorkers(request.MerchantId!, request.Date)
            .OrderBy(worker => worker.FreeSince).ThenBy(worker => worker.Id)
            .FirstOrDefaultAsync(cancellationToken);
        if (worker is not null)
            await SendAsync(worker, request, db, time, cancellationToken);
    }

    /// <summary>An assignment has ended: whoever was sent to it is sent on, or is free that day.</summary>
    public static async Task EndAsync(string eventType, Assignment ended, DispatchDb db, TimeProvider time, CancellationToken cancellationToken)
    {
        db.Publish(eventType, ended, time.Now());
        if (ended.WorkerId is not { } workerId)
            return;
        var worker = await db.Workers.SingleAsync(worker => worker.Id == workerId, cancellationToken);
        var next = worker.OrderId != ended.OrderId ? worker.OrderId : await db.Assignments
            .Where(visit => visit.WorkerId == workerId && visit.Status == AssignmentStatus.Assigned && visit.OrderId != ended.OrderId)
            .OrderBy(visit => visit.Date != null).ThenBy(visit => visit.Date).Select(visit => (Guid?)visit.OrderId)
            .FirstOrDefaultAsync(cancellationToken);
        // Not cut to the millisecond: it decides who is next.
        worker.Move(next, time.GetUtcNow());
        if (!await db.DaysOff.AnyAsync(off => off.WorkerId == workerId && off.Date == ended.Date, cancellationToken))
            await SendOnAsync(worker, ended.Date, db, time, cancellationToken);
    }

    /// <summary>A new worker is sent to whoever waits, of each day to one, and is free on the others.</summary>
    public static async Task HireAsync(Worker worker, DispatchDb db, TimeProvider time, CancellationToken cancellationToken)
    {
        db.Workers.Add(worker);
        var days = await db.Assignments
            .Where(request => request.MerchantId == worker.MerchantId && request.Status == AssignmentStatus.Waiting)
            .Select(request => request.Date).Distinct()
            .ToListAsync(cancellationToken);
        foreach (var day in days.Order())
            await SendOnAsync(worker, day, db, time, cancellationToken);
    }

    /// <summary>A worker who is free on a day is sent to whoever has waited longest for it.</summary>
    public static async Task SendOnAsync(Worker worker, DateOnly? day, DispatchDb db, TimeProvider time, CancellationToken cancellationToken)
    {
        var request = await db.Assignments
            .Where(request => request.MerchantId == worker.MerchantId && request.Status == AssignmentStatus.Waiting && request.Date == day)
            .OrderBy(request => request.RequestedAt).ThenBy(request => request.OrderId)
            .FirstOrDefaultAsync(cancellationToken);
        if (request is not null)
            await SendAsync(worker, request, db, time, cancellationToken);
    }

    private static async Task SendAsync(Worker worker, Assignment request, DispatchDb db, TimeProvider time, CancellationToken cancellationToken)
    {
        request.Assign(worker);
        var before = worker.OrderId is { } nextOrder ? await db.Assignments.FindAsync([nextOrder], cancellationToken) : null;
        worker.Move(before is { Status: AssignmentStatus.Assigned } && Comparer<DateOnly?>.Default.Compare(before.Date, request.Date) <= 0 ? before.OrderId : request.OrderId, time.GetUtcNow());
        db.Publish(AssignmentEvent.WorkerAssigned, request, time.Now());
    }
}
