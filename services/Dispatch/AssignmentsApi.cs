using System.Security.Claims;
using System.Text.Json.Serialization;

namespace OrderMall.Dispatch;

/// <summary>Who comes to an order, as the merchant sees it.</summary>
/// <param name="Phone">How to reach the customer; <see langword="null"/> once nobody has to.</param>
internal sealed record AssignmentView(
    Guid OrderId,
    Guid? WorkerId,
    string? WorkerName,
    AssignmentStatus Status,
    string? Title,
    DateOnly? Date,
    string? Place,
    string? Destination,
    string? Phone,
    string? CustomerName)
{
    public static AssignmentView Of(Assignment assignment) => new(
        assignment.OrderId, assignment.WorkerId, assignment.WorkerName, assignment.Status, assignment.Title, assignment.Date, assignment.Place,
        assignment.Destination, assignment.Phone, assignment.CustomerName);
}

/// <summary>The merchants' side of who is sent to whom.</summary>
internal static class AssignmentsApi
{
    public static void Map(WebApplication app)
    {
        var assignments = app.MapGroup("/api/assignments").WithTags("Assignments").RequireRole(Roles.Merchant);
        assignments.MapGet("/", ListAsync)
            .WithName("ListAssignments").WithSummary("Who is sent to which of your orders, newest order first; of one status, or for one day.");
        var assignment = assignments.MapGroup("/{orderId:guid}");
        assignment.MapGet("/", GetAsync)
            .WithName("GetAssignment").WithSummary("Who is sent to one of your orders.");
        assignment.MapPost("/completion", CompleteAsync).ProducesProblem(StatusCodes.Status409Conflict)
            .WithName("CompleteAssignment").WithSummary("Say that it took place: the worker goes on to the order that has waited longest for that day, or is free.");
    }

    private static async Task<Results<Ok<Page<AssignmentView>>, ValidationProblem>> ListAsync(
        string? status,
        string? date,
        PageRequest page,
        ClaimsPrincipal user,
        DispatchDb db,
        CancellationToken cancellationToken)
    {
        if (StatusFilter.Read<AssignmentStatus>(status, out var wanted) is { } wrong)
            return wrong;
        if (DayFilter.Read("date", date, out var day) is { } wrongDay)
            return wrongDay;
        var merchantId = user.Id();
        var assignments = db.Assignments.AsNoTracking().Where(assignment => assignment.MerchantId == merchantId);
        if (wanted is not null)
            assignments = assignments.Where(assignment => assignment.Status == wanted);
        if (day is not null)
            assignments = assignments.Where(assignment => assignment.Date == day);
        if (page.After is { } after)
            assignments = assignments.Where(assignment => assignment.OrderId < after);
        var rows = await assignments.OrderByDescending(assignment => assignment.OrderId).Take(page.Limit + 1).ToListAsync(cancellationToken);
        return TypedResults.Ok(page.ToPage(rows.ConvertAll(AssignmentView.Of), view => view.OrderId));
    }

    private static async Task<Results<Ok<AssignmentView>, ProblemHttpResult>> GetAsync(
        Guid orderId, ClaimsPrincipal user, DispatchDb db, CancellationToken cancellationToken) =>
        await db.Assignments.FindAsync([orderId], cancellationToken) is { } assignment && assignment.MerchantId == user.Id()
            ? TypedResults.Ok(AssignmentView.Of(assignment))
            : Problems.NotFound("assignment");

    private static Task<Results<Ok<AssignmentView>, ProblemHttpResult>> CompleteAsync(
        Guid orderId, ClaimsPrincipal user, DispatchDb db, TimeProvider time, CancellationToken cancellationToken) =>
        db.DecideAsync<Results<Ok<AssignmentView>, ProblemHttpResult>>(
            async () =>
            {
                await db.LockAsync(user.Id(), cancellationToken);
                var assignment = await db.Assignments.FindAsync([orderId], cancellationToken);
                if (assignment is null || assignment.MerchantId != user.Id())
                    return Problems.NotFound("assignment");
                if (assignment.Complete())
                    await Matching.EndAsync(AssignmentEvent.Completed, assignment, db, time, cancellationToken);
                return assignment.Status switch
                {
                    AssignmentStatus.Completed => TypedResults.Ok(AssignmentView.Of(assignment)),
                    AssignmentStatus.Stopped => Problems.Conflict("assignment-stopped", "The assignment was stopped: its order was cancelled or rejected. Send nobody."),
                    _ => Problems.Conflict("assignment-status", $"The assignment is {assignment.Status}: only an Assigned one can be completed. The next worker who is free is sent to it in its turn."),
                };
            },
            cancellationToken);
}

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(Page<AssignmentView>))]
[JsonSerializable(typeof(Page<WorkerView>))]
[JsonSerializable(typeof(HireWorker))]
internal sealed partial class DispatchJson : JsonSerializerContext;
