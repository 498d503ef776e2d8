using System.Security.Claims;
using System.Text.Json.Serialization;

namespace OrderMall.Dispatch;

/// <summary>Who comes to an order, as the merchant sees it.</summary>
/// <param name="Phone">How to reach the customer; <see langword="null"/> once nobody has to, and for operators.</param>
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
    public static AssignmentView Of(Assignment assignment, ClaimsPrincipal user) => new(
        assignment.OrderId, assignment.WorkerId, assignment.WorkerName, assignment.Status, assignment.Title, assignment.Date, assignment.Place,
        assignment.Destination, user.IsOnBehalfOf(assignment.MerchantId) ? null : assignment.Phone, assignment.CustomerName);
}

/// <summary>The merchants' side of who is sent to whom; and operators', on their behalf.</summary>
internal static partial class AssignmentsApi
{
    public static void Map(WebApplication app)
    {
        var assignments = app.MapGroup("/api/assignments").WithTags("Assignments").RequireRole(Roles.Merchant, Roles.Operator);
        assignments.MapGet("/", ListAsync)
            .WithName("ListAssignments").WithSummary("Who is sent to which of your orders, newest order first; of one status, or for one day. An operator sees those of any merchant by merchantId.");
        var assignment = assignments.MapGroup("/{orderId:guid}");
        assignment.MapGet("/", GetAsync)
            .WithName("GetAssignment").WithSummary("Who is sent to one of your orders.");
        assignment.MapPost("/completion", CompleteAsync).ProducesProblem(StatusCodes.Status409Conflict)
            .WithName("CompleteAssignment").WithSummary("Say that it took place: the worker goes on to the order that has waited longest for that day, or is free.");
    }

    private static async Task<Results<Ok<Page<AssignmentView>>, ValidationProblem>> ListAsync(
        string? status,
        string? date,
        string? merchantId,
        PageRequest page,
        ClaimsPrincipal user,
        DispatchDb db,
        CancellationToken cancellationToken)
    {
        if (StatusFilter.Read<AssignmentStatus>(status, out var wanted) is { } wrong)
            return wrong;
        if (DayFilter.Read("date", date, out var day) is { } wrongDay)
            return wrongDay;
        if (OrdersOf.Read(merchantId, user, out var of) is { } notTheirs)
            return notTheirs;
        var assignments = db.Assignments.AsNoTracking().Where(assignment => assignment.MerchantId == of);
        if (wanted is not null)
            assignments = assignments.Where(assignment => assignment.Status == wanted);
        if (day is not null)
            assignments = assignments.Where(assignment => assignment.Date == day);
        if (page.After is { } after)
            assignments = assignments.Where(assignment => assignment.OrderId < after);
        var rows = await assignments.OrderByDescending(assignment => assignment.OrderId).Take(page.Limit + 1).ToListAsync(cancellationToken);
        return TypedResults.Ok(page.ToPage(rows.ConvertAll(assignment => AssignmentView.Of(assignment, user)), view => view.OrderId));
    }

    private static async Task<Results<Ok<AssignmentView>, ProblemHttpResult>> GetAsync(
        Guid orderId, ClaimsPrincipal user, DispatchDb db, CancellationToken cancellationToken) =>
        await db.Assignments.FindAsync([orderId], cancellationToken) is { MerchantId: not null } assignment && user.MayDecideFor(assignment.MerchantId)
            ? TypedResults.Ok(AssignmentView.Of(assignment, user))
            : Problems.NotFound("assignment");

    private static async Task<Results<Ok<AssignmentView>, ProblemHttpResult>> CompleteAsync(
        Guid orderId, ClaimsPrincipal user, DispatchDb db, TimeProvider time, ILogger<Assignment> logger, CancellationToken cancellationToken)
    {
        // Whose it is never changes, and says which lock is taken before anything is decided on.
        var merchantId = await db.Assignments.Where(assignment => assignment.OrderId == orderId).Select(assignment => assignment.MerchantId).FirstOrDefaultAsync(cancellationToken);
        if (merchantId is null || !user.MayDecideFor(merchantId))
            return Problems.NotFound("assignment");
        var isCompleted = false;
        var answer = await db.DecideAsync<Results<Ok<AssignmentView>, ProblemHttpResult>>(
            async () =>
            {
                await db.LockAsync(merchantId, cancellationToken);
                var assignment = await db.Assignments.SingleAsync(own => own.OrderId == orderId, cancellationToken);
                isCompleted = assignment.Complete();
                if (isCompleted)
                    await Matching.EndAsync(AssignmentEvent.Completed, assignment, db, time, cancellationToken);

                return assignment.Status switch
                {
                    AssignmentStatus.Completed => TypedResults.Ok(AssignmentView.Of(assignment, user)),
                    AssignmentStatus.Stopped => Problems.Conflict("assignment-stopped", "The assignment was stopped: its order was cancelled or rejected. Send nobody."),
                    _ => Problems.Conflict("assignment-status", $"The assignment is {assignment.Status}: only an Assigned one can be completed. The next worker who is free is sent to it in its turn."),
                };
            },
            cancellationToken);
        if (isCompleted && user.IsOnBehalfOf(merchantId))
            LogCompleted(logger, user.Id(), orderId, merchantId);
        return answer;
    }

    [LoggerMessage(LogLevel.Information, "Operator {Who} completes the visit of order {OrderId} on behalf of merchant {MerchantId}")]
    private static partial void LogCompleted(ILogger logger, string who, Guid orderId, string merchantId);
}

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(Page<AssignmentView>))]
[JsonSerializable(typeof(Page<WorkerView>))]
[JsonSerializable(typeof(HireWorker))]
[JsonSerializable(typeof(CalendarView))]
internal sealed partial class DispatchJson : JsonSerializerContext;
