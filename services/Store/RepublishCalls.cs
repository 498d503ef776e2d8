namespace OrderMall.Store;

/// <summary>
/// Publishes again what the store has to say of an order or a title: as new events, which change nothing for subscribers that have handled it,
/// since each handles only what brings it further.
/// </summary>
internal static class RepublishCalls
{
    public static void Map(WebApplication app) => app.MapRepublications<StoreDb>(async (db, id, now, cancellationToken) =>
    {
        var (order, review) = (await db.Orders.FindAsync([id], cancellationToken), await db.Reviews.FindAsync([id], cancellationToken));
        var (ofOrder, ofReview) = (order is null ? null : EventOf(order), review is null ? null : EventOf(review));
        if (ofOrder is not null)
            db.Publish(ofOrder, order!, now);
        if (ofReview is not null)
            db.Publish(ofReview, review!, now);
        return order is null && review is null ? null : [.. new[] { ofOrder, ofReview }.OfType<string>()];
    });

    // Only the last: it says all that came before it. What ended elsewhere, or before it came, is not the store's to tell.
    private static string? EventOf(StoreOrder order) => order switch
    {
        { ReceivedAt: null } => null,
        { Status: StoreStatus.Received } => StoreEvent.OrderReceived,
        { Status: StoreStatus.Confirmed } => StoreEvent.OrderConfirmed,
        { Status: StoreStatus.Completed } => StoreEvent.OrderCompleted,
        { Status: StoreStatus.Rejected, IsFinal: false } => StoreEvent.OrderRejected,
        _ => null,
    };

    private static string? EventOf(Review review) => review.Status switch
    {
        ReviewStatus.Approved => ReviewEvent.Approved,
        ReviewStatus.Rejected => ReviewEvent.Rejected,
        _ => null,
    };
}
