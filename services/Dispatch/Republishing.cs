using Microsoft.AspNetCore.Http.HttpResults;
using OrderMall.Contracts;
using OrderMall.ServiceDefaults;

namespace OrderMall.Dispatch;

/// <summary>Publishes again how far an order's assignment is: as a new event, which changes nothing for who heard of it.</summary>
internal static class Republishing
{
    public static void Map(WebApplication app) => app.MapPost("/republications", RepublishAsync).ExcludeFromDescription();

    private static async Task<Ok<RepublishAnswer>> RepublishAsync(RepublishRequest request, DispatchDb db, TimeProvider time, CancellationToken cancellationToken)
    {
        if (await db.Assignments.FindAsync([request.Id], cancellationToken) is not { } assignment)
            return TypedResults.Ok(new RepublishAnswer(IsKnown: false, []));
        string? type = assignment.Status switch
        {
            AssignmentStatus.Assigned => AssignmentEvent.WorkerAssigned,
            AssignmentStatus.Completed => AssignmentEvent.Completed,
            AssignmentStatus.Stopped => AssignmentEvent.Stopped,
            _ => null,
        };
        if (type is null)
            return TypedResults.Ok(new RepublishAnswer(IsKnown: true, []));
        db.Publish(type, assignment, time.Now());
        await db.SaveChangesAsync(cancellationToken);
        return TypedResults.Ok(new RepublishAnswer(IsKnown: true, [type]));
    }
}
