using System.Security.Claims;
using Microsoft.Extensions.Options;

namespace OrderMall.Publishing;

/// <summary>What publishers do with their titles.</summary>
internal static class TitlesApi
{
    // It goes on without the publisher: a closed connection must not leave an attempt half done.
    private static readonly TimeSpan RegisterTimeLimit = TimeSpan.FromSeconds(25);

    public static void Map(WebApplication app)
    {
        var titles = app.MapGroup("/api/titles").WithTags("Titles").RequireRole(Roles.Publisher);
        titles.MapPost("/", RegisterAsync).WithName("RegisterTitle").WithSummary("Registers a title, which goes on sale when the product team approves it.")
            .WithValidation<RegisterTitle>()
            .WithIdempotencyKey<PublishingDb, RegisterTitle>()
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        titles.MapGet("/{id:guid}", GetAsync).WithName("GetTitle").WithSummary("One of the publisher's own titles.");
        titles.MapDelete("/{id:guid}", WithdrawAsync).WithName("WithdrawTitle").WithSummary("Withdraws a title: nobody reviews it any more, and what was approved goes off sale. Orders for it go on.")
            .ProducesProblem(StatusCodes.Status409Conflict);
    }

    private static async Task<Results<Created<TitleView>, ProblemHttpResult>> RegisterAsync(
        RegisterTitle request, IdempotencyKey key, ClaimsPrincipal user, PublishingDb db, [FromKeyedServices(AppIds.Store)] ServiceClient store, IOptions<PublishingOptions> options,
        TimeProvider time, HttpContext context)
    {
        using var limit = new CancellationTokenSource(RegisterTimeLimit);
        var registration = Registration.Begin(user.Id(), request, options.Value.Currency, time.Now());
        db.Registrations.Add(registration);
        await db.SaveChangesAsync(limit.Token);
        try
        {
            if (await IsTakenInAsync(store, registration, limit.Token))
            {
                db.TakeIn(registration, time.Now());
                var answer = key.Created(db, $"/api/titles/{registration.Id}", TitleView.Of(registration), time.Now());
                await db.SaveChangesAsync(limit.Token);
                return answer;
            }

            await db.VoidAsync(registration, time.Now(), limit.Token);
        }
        catch (DbUpdateException taken) when (IdempotencyKey.IsTaken(taken))
        {
            // Sent twice at once, and the other one has it: of this attempt nothing is left, at the product team either.
            db.ChangeTracker.Clear();
            if (await db.Registrations.FirstOrDefaultAsync(attempt => attempt.Id == registration.Id && attempt.Status == TitleStatus.Pending, limit.Token) is { } attempt)
                await db.VoidAsync(attempt, time.Now(), limit.Token);
            throw;
        }
        catch (DbUpdateConcurrencyException)
        {
            // The product team decided on it already, or it was given up because all this took too long: see which.
            db.ChangeTracker.Clear();
            if (await db.Registrations.FirstOrDefaultAsync(decided => decided.Id == registration.Id, limit.Token) is { } decided)
            {
                var answer = key.Created(db, $"/api/titles/{decided.Id}", TitleView.Of(decided), time.Now());
                await db.SaveChangesAsync(limit.Token);
                return answer;
            }
        }

        return Problems.RetryLater(context, StatusCodes.Status503ServiceUnavailable, "unavailable", "Not available at the moment.",
            "The review of the title could not be requested at the moment. Nothing was registered. Try again shortly.");
    }

    private static async Task<Results<Ok<TitleView>, ProblemHttpResult>> GetAsync(Guid id, ClaimsPrincipal user, PublishingDb db, CancellationToken cancellationToken) =>
        await OwnAsync(db, id, user, cancellationToken) is { } registration
            ? TypedResults.Ok(TitleView.Of(registration))
            : Problems.NotFound("title");

    private static Task<Results<Ok<TitleView>, ProblemHttpResult>> WithdrawAsync(
        Guid id, ClaimsPrincipal user, PublishingDb db, TimeProvider time, CancellationToken cancellationToken) =>
        db.DecideAsync<Results<Ok<TitleView>, ProblemHttpResult>>(
            async () =>
            {
                if (await OwnAsync(db, id, user, cancellationToken) is not { } registration)
                    return Problems.NotFound("title");
                if (!registration.Cancel(time.Now()))
                    return Problems.Conflict("title-status", $"The title is {registration.Status}: there is nothing to withdraw. Register it again to have it reviewed again.");
                db.PublishEvents(registration);
                return TypedResults.Ok(TitleView.Of(registration));
            },
            cancellationToken);

    private static async Task<bool> IsTakenInAsync(ServiceClient store, Registration registration, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await store.AskAsync(
                "review-requests",
                new ReviewRequest(registration.Id, registration.PublisherId, registration.Title, registration.Author),
                ContractsJson.Default.ReviewRequest,
                ContractsJson.Default.ReviewRequestAnswer,
                cancellationToken);
            return answer.Outcome == ReviewRequestOutcome.Taken;
        }
        catch (ServiceUnavailableException)
        {
            // It may have been after all: what voids the registration takes the review back.
            return false;
        }
    }

    // An attempt is not a title yet.
    private static Task<Registration?> OwnAsync(PublishingDb db, Guid id, ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        var publisherId = user.Id();
        return db.Registrations.FirstOrDefaultAsync(
            registration => registration.Id == id && registration.PublisherId == publisherId && registration.Status != TitleStatus.Pending, cancellationToken);
    }
}
