namespace OrderMall.Store;

/// <summary>What reviews become by what happened to their titles, in whatever order the events come.</summary>
internal sealed class TitleEvents(TimeProvider time)
{
    public static readonly IReadOnlyCollection<string> Types = [TitleEvent.Approved, TitleEvent.Rejected, TitleEvent.Cancelled, TitleEvent.Voided];

    public async Task ApplyAsync(StoreDb db, CloudEvent<TitleEvent> e, CancellationToken cancellationToken)
    {
        var review = await db.Reviews.FindAsync([e.Data.TitleId], cancellationToken);
        switch (e.Type)
        {
            case TitleEvent.Approved:
                review?.End(ReviewStatus.Approved);
                break;
            case TitleEvent.Rejected:
                review?.End(ReviewStatus.Rejected);
                break;
            default:
                if (review is null)
                    db.Reviews.Add(Review.WithdrawnBeforeItCame(e.Data.TitleId));
                else if (review.Withdraw())
                    db.Publish(ReviewEvent.Withdrawn, review, time.Now());
                break;
        }
    }
}
