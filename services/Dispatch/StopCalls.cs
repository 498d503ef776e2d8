namespace OrderMall.Dispatch;

/// <summary>Ordering asks not to send anybody to an order that was cancelled or rejected.</summary>
internal static class StopCalls
{
    public static void Map(WebApplication app) =>
        app.MapPost("/stops", async Task<Ok<StopAnswer>> (StopRequest request, DispatchDb db, TimeProvider time, CancellationToken cancellationToken) =>
                TypedResults.Ok(new StopAnswer(await db.DecideAsync(() => StopAsync(request.OrderId, db, time, cancellationToken, request.UnlessConfirmed), cancellationToken))))
            .ExcludeFromDescription();

    /// <summary>Changes the context; the caller saves it and commits.</summary>
    public static async Task<StopOutcome> StopAsync(Guid orderId, DispatchDb db, TimeProvider time, CancellationToken cancellationToken, bool unlessAssigned = false)
    {
        var assignment = await db.Assignments.FindAsync([orderId], cancellationToken);
        if (assignment is null)
        {
            db.Assignments.Add(Assignment.StoppedBeforeItWasRequested(orderId));
            return StopOutcome.Stopped;
        }

        if (assignment.MerchantId is not { } merchantId)
            return StopOutcome.Stopped;
        // Only now is it known whose lock it takes; whose it is never changes, all else may have.
        await db.LockAsync(merchantId, cancellationToken);
        await db.Entry(assignment).ReloadAsync(cancellationToken);
        if (!(unlessAssigned && assignment.Status == AssignmentStatus.Assigned) && assignment.Stop())
            await Matching.EndAsync(AssignmentEvent.Stopped, assignment, db, time, cancellationToken);
        return assignment.Status == AssignmentStatus.Stopped ? StopOutcome.Stopped : StopOutcome.TooLate;
    }
}
