using System.Security.Claims;
using FluentValidation;

namespace OrderMall.Dispatch;

/// <summary>A worker as the merchant sees them: at an order, or free.</summary>
internal sealed record WorkerView(Guid Id, string Name, Guid? OrderId)
{
    public static WorkerView Of(Worker worker) => new(worker.Id, worker.Name, worker.OrderId);
}

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
            .WithName("ListWorkers").WithSummary("Your workers, and the order each of them is at.");
        workers.MapGet("/{id:guid}", GetAsync)
            .WithName("GetWorker").WithSummary("One of your workers.");
        workers.MapPost("/", HireAsync).WithValidation<HireWorker>().WithIdempotencyKey<DispatchDb, HireWorker>()
            .WithName("AddWorker").WithSummary("Add a worker: sent at once to the order that has waited longest, if one waits.");
    }

    private static async Task<Ok<Page<WorkerView>>> ListAsync(PageRequest page, ClaimsPrincipal user, DispatchDb db, CancellationToken cancellationToken)
    {
        var merchantId = user.Id();
        var workers = db.Workers.AsNoTracking().Where(worker => worker.MerchantId == merchantId);
        if (page.After is { } after)
            workers = workers.Where(worker => worker.Id > after);
        var rows = await workers.OrderBy(worker => worker.Id).Take(page.Limit + 1).ToListAsync(cancellationToken);
        return TypedResults.Ok(page.ToPage(rows.ConvertAll(WorkerView.Of), view => view.Id));
    }

    private static async Task<Results<Ok<WorkerView>, ProblemHttpResult>> GetAsync(Guid id, ClaimsPrincipal user, DispatchDb db, CancellationToken cancellationToken) =>
        await db.Workers.FindAsync([id], cancellationToken) is { } worker && worker.MerchantId == user.Id()
            ? TypedResults.Ok(WorkerView.Of(worker))
            : Problems.NotFound("worker");

    private static Task<Created<WorkerView>> HireAsync(
        HireWorker request, IdempotencyKey key, ClaimsPrincipal user, DispatchDb db, TimeProvider time, CancellationToken cancellationToken) => db.DecideAsync(
        async () =>
        {
            await db.LockAsync(user.Id(), cancellationToken);
            var worker = Worker.Hired(user.Id(), request.Name!.Trim(), time.GetUtcNow());
            await Matching.HireAsync(worker, db, time, cancellationToken);
            return key.Created(db, $"/api/workers/{worker.Id}", WorkerView.Of(worker), time.Now());
        },
        cancellationToken);
}
