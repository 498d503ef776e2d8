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
    IReadOnlyList<TimelineEntry<OrderStatus>> Timeline) : IPage<OrderPage, OrderEvent>
{
    public static string Sort => "order";

    public static JsonTypeInfo<OrderPage> Json => MyPageJson.Default.OrderPage;

    string IPage.Name => Sort;

    string IPage.PersonId => CustomerId;

    Guid IPage.Id => OrderId;

    string IPage.Status => Status.ToString();

    string IPage.ViewJson => JsonSerializer.Serialize(OrderView.Of(this), MyPageJson.Default.OrderView);

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
            [new TimelineEntry<OrderStatus>(e.Status, e.At, e.Version, e.Reason)]);

    public static OrderPage Of(History<OrderEvent, OrderStatus> history) => Begin(history.Last) with { Timeline = history.Timeline.ToTimeline() };

    public OrderPage? With(OrderPage other) =>
        Timeline.With(other.Timeline) is { } timeline ? (other.Version > Version ? other : this) with { Timeline = timeline } : null;
}

/// <summary>An order as its customer sees it.</summary>
internal sealed record OrderView(
    Guid OrderId,
    string Title,
    string Kind,
    OrderStatus Status,
    decimal Amount,
    DateOnly? Date,
    string? Place,
    DateTimeOffset UpdatedAt,
    IReadOnlyList<StatusView<OrderStatus>> Timeline)
{
    public static OrderView Of(OrderPage page) =>
        new(page.OrderId,
            page.Title,
            page.Kind,
            page.Status,
            page.Amount,
            page.Date,
            page.Place,
            page.UpdatedAt,
            page.Timeline.ToView());
}
