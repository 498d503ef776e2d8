namespace OrderMall.Dispatch;

/// <summary>Publishes again how far an order's assignment is: as a new event, which changes nothing for subscribers that have handled it.</summary>
internal static class RepublishCalls
{
    public static void Map(WebApplication app) => app.MapRepublications<DispatchDb>(async (db, id, now, cancellationToken) =>
    {
        if (await db.Assignments.FindAsync([id], cancellationToken) is not { } assignment)
            return null;
        string? type = assignment.Status switch
        {
            AssignmentStatus.Assigned => AssignmentEvent.WorkerAssigned,
            AssignmentStatus.Completed => AssignmentEvent.Completed,
            AssignmentStatus.Stopped => AssignmentEvent.Stopped,
            _ => null,
        };
        if (type is null)
            return [];
        db.Publish(type, assignment, now);
        return [type];
    });
}
