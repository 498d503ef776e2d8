using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

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
    IReadOnlyList<TimelineEntry<OrderStatus>> Timeline,
    // Pages of the time before have none of these, and are completed by the next event or when they are made again.
    int? Quantity = null,
    decimal? Prepaid = null,
    string? Reason = null,
    string? Destination = null,
    string? Worker = null) : IPage<OrderPage, OrderEvent>
{
    public static string Sort => "order";

    public static JsonTypeInfo<OrderPage> Json => MyPageJson.Default.OrderPage;

    string IStreamed.Name => Sort;

    string IStreamed.PersonId => CustomerId;

    Guid IStreamed.Id => OrderId;

    string IPage.Status => Status.ToString();

    string IStreamed.ViewJson => JsonSerializer.Serialize(OrderView.Of(this), MyPageJson.Default.OrderView);

    public static bool IsUsuallyFirst(OrderEvent e) => e.Status is OrderStatus.Accepted or OrderStatus.AwaitingPayment;

    public static OrderPage Begin(OrderEvent e) =>
        new(e.CustomerId,
            e.OrderId,
            e.Title,
            e.Kind,
            e.Status,
            e.Amount,
            e.Currency,
            e.Date,
            e.Place,
            e.At,
            e.Version,
            [new TimelineEntry<OrderStatus>(e.Status, e.At, e.Version, e.Reason)],
            e.Quantity,
            e.Prepaid,
            e.Reason,
            e.Destination,
            e.Worker);

    public static OrderPage Of(History<OrderEvent, OrderStatus> history) => Begin(history.Last) with { Timeline = history.Timeline.ToTimeline() };

    public OrderPage? With(OrderPage other) =>
        Timeline.With(other.Timeline) is { } timeline ? (other.Version > Version ? other : this) with { Timeline = timeline } : null;
}

/// <summary>An order as its customer sees it.</summary>
/// <param name="Quantity">How many; held for the customer until it is cancelled or rejected.</param>
/// <param name="Amount">What all of it costs, in <paramref name="Currency"/>.</param>
/// <param name="Paid">What of that was paid through the mall.</param>
/// <param name="Refunded">What of that was given back.</param>
/// <param name="Reason">Why it was rejected.</param>
/// <param name="Worker">The name of who comes.</param>
internal sealed record OrderView(
    Guid OrderId,
    string Title,
    string Kind,
    OrderStatus Status,
    int? Quantity,
    decimal Amount,
    decimal? Paid,
    decimal? Refunded,
    string Currency,
    string? Reason,
    DateOnly? Date,
    string? Place,
    string? Destination,
    string? Worker,
    DateTimeOffset UpdatedAt,
    IReadOnlyList<StatusView<OrderStatus>> Timeline)
{
    public static OrderView Of(OrderPage page) =>
        new(page.OrderId,
            page.Title,
            page.Kind,
            page.Status,
            page.Quantity,
            page.Amount,
            PaidFor(page),
            page.Status is OrderStatus.Cancelled or OrderStatus.Rejected ? PaidFor(page) : 0,
            page.Currency,
            page.Reason,
            page.Date,
            page.Place,
            page.Destination,
            page.Worker,
            page.UpdatedAt,
            page.Timeline.ToView());

    // Accepted is what was paid for, and what ends otherwise has been refunded by then. What expired waiting for its payment was never charged for good.
    private static decimal? PaidFor(OrderPage page) =>
        page.Timeline.Any(entry => entry.Status is >= OrderStatus.Accepted and <= OrderStatus.Completed) ? page.Prepaid : 0;
}
