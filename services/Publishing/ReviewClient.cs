namespace OrderMall.Publishing;

/// <summary>Asks the product team, who work in the store, to review titles.</summary>
internal sealed class ReviewClient([FromKeyedServices(AppIds.Store)] ServiceClient store)
{
    /// <exception cref="ServiceUnavailableException">Whether it was taken in is unknown.</exception>
    public async Task<ReviewRequestOutcome> RequestAsync(Registration registration, CancellationToken cancellationToken) => (await store.AskAsync(
        "review-requests",
        new ReviewRequest(registration.Id, registration.PublisherId, registration.Title, registration.Author),
        ContractsJson.Default.ReviewRequest,
        ContractsJson.Default.ReviewRequestAnswer,
        cancellationToken)).Outcome;
}
