using System.Security.Claims;
using FluentValidation;

namespace OrderMall.Dispatch;

/// <summary>A worker as the merchant sees them.</summary>
/// <param name="OrderId">The next of the orders they are sent to, if they are.</param>
/// <param name="DaysOff">The days to come on which they are sent nowhere.</param>
internal sealed record WorkerView(Guid Id, string Name, Guid? OrderId, IReadOnlyList<DateOnly> DaysOff);

/// <summary>Who is new.</summary>
internal sealed record HireWorker(string? Name);

internal sealed class HireWorkerValidator : AbstractValidator<HireWorker>
{
    private const int LongestName = 100;
    private static readonly string Wanted = $"Give a name of 1 to {LongestName} characters: customers are told who comes.";

    public HireWorkerValidator() =>
        RuleFor(worker => worker.Name)
            .NotEmpty().WithMessage(Wanted)
            .Must(name => name is null || name.Trim().Length <= LongestName).WithMessage(Wanted)
            .OneLine();
}

/// <summary>The merchants' workers.</summary>
internal static class WorkersApi
{
    public static void Map(WebApplication app)
    {
        var workers = app.MapGroup("/api/workers").WithTags("Workers").RequireRole(Roles.Merchant);
        workers.MapGet("/", ListAsync)
            .WithName("ListWorkers").WithSummary("Your workers, the order each of them is sent to next, and their days off.");
        workers.MapGet("/{id:guid}", GetAsync)
            .WithName("GetWorker").WithSummary("One of your workers.");
        workers.MapPost("/", HireAsync).WithValidation<HireWorker>().WithIdempotencyKey<DispatchDb, HireWorker>()
            .WithName("AddWorker").WithSummary("Add a worker: sent at once, for each day, to the order that has waited longest, if one waits.");
        var dayOff = workers.MapGroup("/{id:guid}/days-off/{date}").ProducesProblem(StatusCodes.Status409Conflict);
        dayOff.MapPut("/", TakeOffAsync)
            .WithName("AddDayOff").WithSummary("Send one of your workers nowhere on a day.");
        dayOff.MapDelete("/", BeBackAsync)
            .WithName("RemoveDayOff").WithSummary("Send one of your workers somewhere on a day again: at once to the order that has waited longest for it, if one waits.");
    }

    // Their days to come, and not for ever.
    private const int DaysAhead = 731;

    private static async Task<List<WorkerView>> DescribeAsync(IReadOnlyCollection<Worker> workers, DispatchDb db, TimeProvider time, CancellationToken cancellationToken)
    {
        var (ids, earliest) = (workers.Select(worker => worker.Id).ToList(), time.EarliestDay());
        var days = (await db.DaysOff.AsNoTracking().Where(off => ids.Contains(off.WorkerId) && off.Date >= earliest).ToListAsync(cancellationToken))
            .ToLookup(off => off.WorkerId, off => off.Date);
        return [.. workers.Select(worker => new WorkerView(worker.Id, worker.Name, worker.OrderId, [.. days[worker.Id].Order()]))];
    }

    private static async Task<Ok<Page<WorkerView>>> ListAsync(PageRequest page, ClaimsPrincipal user, DispatchDb db, TimeProvider time, CancellationToken cancellationToken)
    {
        var merchantId = user.Id();
        var workers = db.Workers.AsNoTracking().Where(worker => worker.MerchantId == merchantId);
        if (page.After is { } after)
            workers = workers.Where(worker => worker.Id > after);
        var rows = await workers.OrderBy(worker => worker.Id).Take(page.Limit + 1).ToListAsync(cancellationToken);
        return TypedResults.Ok(page.ToPage(await DescribeAsync(rows, db, time, cancellationToken), view => view.Id));
    }

    private static async Task<Results<Ok<WorkerView>, ProblemHttpResult>> GetAsync(Guid id, ClaimsPrincipal user, DispatchDb db, TimeProvider time, CancellationToken cancellationToken) =>
        await db.Workers.FindAsync([id], cancellationToken) is { } worker && worker.MerchantId == user.Id()
            ? TypedResults.Ok((await DescribeAsync([worker], db, time, cancellationToken))[0])
            : Problems.NotFound("worker");

    private static Task<Created<WorkerView>> HireAsync(
        HireWorker request, IdempotencyKey key, ClaimsPrincipal user, DispatchDb db, TimeProvider time, CancellationToken cancellationToken) => db.DecideAsync(
        async () =>
        {
            await db.LockAsync(user.Id(), cancellationToken);
            var worker = Worker.Hired(user.Id(), request.Name!.Trim(), time.GetUtcNow());
            await Matching.HireAsync(worker, db, time, cancellationToken);
            return key.Created(db, $"/api/workers/{worker.Id}", new WorkerView(worker.Id, worker.Name, worker.OrderId, []), time.Now());
        },
        cancellationToken);

    private static Task<Results<Ok<WorkerView>, ValidationProblem, ProblemHttpResult>> TakeOffAsync(
        Guid id, string date, ClaimsPrincipal user, DispatchDb db, TimeProvider time, CancellationToken cancellationToken) =>
        ChangeDayAsync(id, date, user, db, time, async (worker, day, off) =>
        {
            if (off is not null)
                return null;
            if (await db.Assignments.FirstOrDefaultAsync(visit => visit.WorkerId == id && visit.Status == AssignmentStatus.Assigned && visit.Date == day, cancellationToken) is { } visit)
                return Problems.Conflict("worker-sent", $"{worker.Name} is sent to order {visit.OrderId} on that day, whose customer was told so.", new Dictionary<string, object?> { ["orderId"] = visit.OrderId });
            var earliest = time.EarliestDay();
            await db.DaysOff.Where(past => past.WorkerId == id && past.Date < earliest).ExecuteDeleteAsync(cancellationToken);
            db.DaysOff.Add(new DayOff { WorkerId = id, Date = day });
            return null;
        }, cancellationToken);

    private static Task<Results<Ok<WorkerView>, ValidationProblem, ProblemHttpResult>> BeBackAsync(
        Guid id, string date, ClaimsPrincipal user, DispatchDb db, TimeProvider time, CancellationToken cancellationToken) =>
        ChangeDayAsync(id, date, user, db, time, async (worker, day, off) =>
        {
            if (off is null)
                return null;
            db.DaysOff.Remove(off);
            await Matching.SendOnAsync(worker, day, db, time, cancellationToken);
            return null;
        }, cancellationToken);

    private static async Task<Results<Ok<WorkerView>, ValidationProblem, ProblemHttpResult>> ChangeDayAsync(
        Guid id, string date, ClaimsPrincipal user, DispatchDb db, TimeProvider time, Func<Worker, DateOnly, DayOff?, Task<ProblemHttpResult?>> change, CancellationToken cancellationToken)
    {
        if (DayFilter.Read("date", date, out var read) is { } wrong)
            return wrong;
        if (read is not { } day || day < time.EarliestDay() || day > time.EarliestDay().AddDays(DaysAhead))
            return Problems.Invalid("date", $"Must be a day to come, at most {DaysAhead} days ahead.");
        var refusal = await db.DecideAsync(
            async () =>
            {
                await db.LockAsync(user.Id(), cancellationToken);
                return await db.Workers.FindAsync([id], cancellationToken) is { } worker && worker.MerchantId == user.Id()
                    ? await change(worker, day, await db.DaysOff.FindAsync([id, day], cancellationToken))
                    : Problems.NotFound("worker");
            },
            cancellationToken);
        if (refusal is not null)
            return refusal;
        return TypedResults.Ok((await DescribeAsync([await db.Workers.AsNoTracking().SingleAsync(worker => worker.Id == id, cancellationToken)], db, time, cancellationToken))[0]);
    }
}
