namespace OrderMall.Store;

/// <summary>Publishing asks for the review of a title.</summary>
internal static class ReviewCalls
{
    public static void Map(WebApplication app) => app.MapPost("/review-requests", TakeInAsync).ExcludeFromDescription();

    private static async Task<Ok<ReviewRequestAnswer>> TakeInAsync(ReviewRequest request, StoreDb db, TimeProvider time, CancellationToken cancellationToken) =>
        TypedResults.Ok(new ReviewRequestAnswer(await db.DecideAsync(
            async () =>
            {
                var review = await db.Reviews.FindAsync([request.TitleId], cancellationToken)
                    ?? db.Reviews.Add(Review.Requested(request, time.Now())).Entity;
                return review.Status == ReviewStatus.Withdrawn ? ReviewRequestOutcome.Withdrawn : ReviewRequestOutcome.Taken;
            },
            cancellationToken)));
}
