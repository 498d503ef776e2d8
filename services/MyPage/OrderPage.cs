using OrderMall.Contracts;

namespace OrderMall.MyPage;

/// <summary>
/// An order as its customer's page keeps it, from the events in whatever order they come: <c>Version</c> is the highest
/// that was seen, and everything but the timeline is of that one.
/// </summary>
internal sealed record OrderPage(
    string CustomerId,
    Guid OrderId,
    string Title,
    string Kind,
    OrderStatus Status,
    decimal Amount,
    string Currency,
    DateOnly? Date,
    string? Place,
    DateTimeOffset UpdatedAt,
    long Version,
    IReadOnlyList<TimelineEntry> Timeline)
{
    // Far more than a life has; somebody who asks again and again to cancel what has left must not grow the page for ever.
    private const int LongestTimeline = 100;

    /// <summary>The page of an order that is seen for the first time.</summary>
    public static OrderPage Begin(OrderEvent order) =>
        new(order.CustomerId,
            order.OrderId,
            order.Title,
            order.Kind,
            order.Status,
            order.Amount,
            order.Currency,
            order.Date,
            order.Place,
            order.At,
            order.Version,
            [new TimelineEntry(order.Status, order.At, order.Version)]);

    /// <summary>The page with one more event.</summary>
    /// <returns><see langword="null"/> when the event is known already.</returns>
    public OrderPage? With(OrderEvent order)
    {
        if (Timeline.Any(entry => entry.Version == order.Version))
            return null;
        var timeline = Timeline
            .Append(new TimelineEntry(order.Status, order.At, order.Version))
            .OrderBy(entry => entry.Version)
            .TakeLast(LongestTimeline)
            .ToArray();
        return order.Version > Version ? Begin(order) with { Timeline = timeline } : this with { Timeline = timeline };
    }
}

/// <summary>A status the order had.</summary>
internal sealed record TimelineEntry(OrderStatus Status, DateTimeOffset At, long Version);
