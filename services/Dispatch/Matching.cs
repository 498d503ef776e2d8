namespace OrderMall.Dispatch;

/// <summary>
/// Who is sent to whom: the worker who has been free longest to the request that has waited longest. Each of these changes
/// the context under the lock of the merchant (<see cref="DispatchDb.LockAsync"/>) and leaves nobody waiting while somebody
/// is free. So a new request never passes one that waits, a free worker never one that is free, and one look at the other
/// side is enough.
/// </summary>
internal static class Matching
{
    /// <summary>A new request: somebody comes, or it waits.</summary>
    public static async Task BeginAsync(Assignment request, DispatchDb db, TimeProvider time, CancellationToken cancellationToken)
    {
        db.Assignments.Add(request);
        var worker = await db.Workers
            .Where(worker => worker.MerchantId == request.MerchantId && worker.OrderId == null)
            .OrderBy(worker => worker.FreeSince).ThenBy(worker => worker.Id)
            .FirstOrDefaultAsync(cancellationToken);
        if (worker is not null)
            Send(worker, request, db, time);
    }

    /// <summary>An assignment has ended: whoever was sent to it is sent on, or is free.</summary>
    public static async Task EndAsync(string eventType, Assignment ended, DispatchDb db, TimeProvider time, CancellationToken cancellationToken)
    {
        db.Publish(eventType, ended, time.Now());
        if (ended.WorkerId is not { } workerId)
            return;
        var worker = await db.Workers.SingleAsync(worker => worker.Id == workerId, cancellationToken);
        // Not cut to the millisecond: it decides who is next.
        worker.BecomeFree(time.GetUtcNow());
        await SendOnAsync(worker, db, time, cancellationToken);
    }

    /// <summary>A new worker is sent to whoever waits, or is free.</summary>
    public static async Task HireAsync(Worker worker, DispatchDb db, TimeProvider time, CancellationToken cancellationToken)
    {
        db.Workers.Add(worker);
        await SendOnAsync(worker, db, time, cancellationToken);
    }

    private static async Task SendOnAsync(Worker worker, DispatchDb db, TimeProvider time, CancellationToken cancellationToken)
    {
        var request = await db.Assignments
            .Where(request => request.MerchantId == worker.MerchantId && request.Status == AssignmentStatus.Waiting)
            .OrderBy(request => request.RequestedAt).ThenBy(request => request.OrderId)
            .FirstOrDefaultAsync(cancellationToken);
        if (request is not null)
            Send(worker, request, db, time);
    }

    private static void Send(Worker worker, Assignment request, DispatchDb db, TimeProvider time)
    {
        request.Assign(worker);
        worker.GoTo(request.OrderId);
        db.Publish(AssignmentEvent.WorkerAssigned, request, time.Now());
    }
}
