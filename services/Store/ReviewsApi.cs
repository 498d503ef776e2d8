namespace OrderMall.Store;

/// <summary>A review as reviewers see it.</summary>
internal sealed record ReviewView(Guid TitleId, string Title, string Author, string PublisherId, ReviewStatus Status);

/// <summary>The product team's side.</summary>
internal static class ReviewsApi
{
    public static void Map(WebApplication app)
    {
        var reviews = app.MapGroup("/api/reviews").WithTags("Reviews").RequireRole(Roles.Reviewer);
        reviews.MapGet("/", ListAsync)
            .WithName("ListReviews").WithSummary("The reviews of new titles, newest first.");
        var review = reviews.MapGroup("/{titleId:guid}").ProducesProblem(StatusCodes.Status409Conflict);
        review.MapPost("/approval", ApproveAsync)
            .WithName("ApproveReview").WithSummary("Approve a title: it goes on sale, unless its publisher withdraws it in this moment.");
        review.MapPost("/rejection", RejectAsync).WithValidation<Rejection>()
            .WithName("RejectReview").WithSummary("Refuse a title; its publisher is told why.");
    }

    private static async Task<Results<Ok<Page<ReviewView>>, ValidationProblem>> ListAsync(
        string? status,
        PageRequest page,
        StoreDb db,
        CancellationToken cancellationToken)
    {
        if (StatusFilter.Read<ReviewStatus>(status, out var wanted) is { } wrong)
            return wrong;
        var reviews = db.Reviews.AsNoTracking().Where(review => review.RequestedAt != null);
        if (wanted is not null)
            reviews = reviews.Where(review => review.Status == wanted);
        if (page.After is { } after)
            reviews = reviews.Where(review => review.TitleId < after);
        var rows = await reviews.OrderByDescending(review => review.TitleId).Take(page.Limit + 1).ToListAsync(cancellationToken);
        return TypedResults.Ok(page.ToPage(rows.ConvertAll(View), view => view.TitleId));
    }

    private static Task<Results<Ok<ReviewView>, ProblemHttpResult>> ApproveAsync(
        Guid titleId, StoreDb db, TimeProvider time, CancellationToken cancellationToken) =>
        DecideAsync(titleId, ReviewStatus.Approved, ReviewEvent.Approved, reason: null, db, time, cancellationToken);

    private static Task<Results<Ok<ReviewView>, ProblemHttpResult>> RejectAsync(
        Guid titleId, Rejection rejection, StoreDb db, TimeProvider time, CancellationToken cancellationToken) =>
        DecideAsync(titleId, ReviewStatus.Rejected, ReviewEvent.Rejected, rejection.Reason!, db, time, cancellationToken);

    private static Task<Results<Ok<ReviewView>, ProblemHttpResult>> DecideAsync(
        Guid titleId,
        ReviewStatus aim,
        string eventType,
        string? reason,
        StoreDb db,
        TimeProvider time,
        CancellationToken cancellationToken) =>
        db.DecideAsync<Results<Ok<ReviewView>, ProblemHttpResult>>(
            async () =>
            {
                var review = await db.Reviews.FindAsync([titleId], cancellationToken);
                if (review is not { RequestedAt: not null })
                    return Problems.NotFound("review");
                var decision = review.Decide(aim, reason);
                if (decision.Refusal is { } why)
                    return Problems.Conflict("review-status", why);
                if (decision.Changed)
                    db.Publish(eventType, review, time.Now());
                return TypedResults.Ok(View(review));
            },
            cancellationToken);

    private static ReviewView View(Review review) => new(review.TitleId, review.Title, review.Author, review.PublisherId, review.Status);
}
