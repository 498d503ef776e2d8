using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace OrderMall.MyPage;

/// <summary>A title's registration as its publisher's page keeps it; made of events as <see cref="OrderPage"/> is.</summary>
internal sealed record TitlePage(
    string PublisherId,
    Guid TitleId,
    string Title,
    string Author,
    decimal Price,
    string Currency,
    int Copies,
    TitleStatus Status,
    string? Reason,
    DateTimeOffset UpdatedAt,
    long Version,
    IReadOnlyList<TimelineEntry<TitleStatus>> Timeline) : IPage<TitlePage, TitleEvent>
{
    public static string Sort => "title";

    public static JsonTypeInfo<TitlePage> Json => MyPageJson.Default.TitlePage;

    string IStreamed.Name => Sort;

    string IStreamed.PersonId => PublisherId;

    Guid IStreamed.Id => TitleId;

    string IPage.Status => Status.ToString();

    string IStreamed.ViewJson => JsonSerializer.Serialize(TitleView.Of(this), MyPageJson.Default.TitleView);

    public static bool IsUsuallyFirst(TitleEvent e) => e.Status == TitleStatus.InReview;

    public static TitlePage Begin(TitleEvent e) =>
        new(e.PublisherId,
            e.TitleId,
            e.Title,
            e.Author,
            e.Price,
            e.Currency,
            e.Copies,
            e.Status,
            e.Reason,
            e.At,
            e.Version,
            [new TimelineEntry<TitleStatus>(e.Status, e.At, e.Version, e.Reason)]);

    public static TitlePage Of(History<TitleEvent, TitleStatus> history) => Begin(history.Last) with { Timeline = history.Timeline.ToTimeline() };

    public TitlePage? With(TitlePage other) =>
        Timeline.With(other.Timeline) is { } timeline ? (other.Version > Version ? other : this) with { Timeline = timeline } : null;
}

/// <summary>A title's registration as its publisher sees it.</summary>
internal sealed record TitleView(
    Guid TitleId,
    string Title,
    string Author,
    decimal Price,
    string Currency,
    int Copies,
    TitleStatus Status,
    string? Reason,
    DateTimeOffset UpdatedAt,
    IReadOnlyList<StatusView<TitleStatus>> Timeline)
{
    public static TitleView Of(TitlePage page) =>
        new(page.TitleId,
            page.Title,
            page.Author,
            page.Price,
            page.Currency,
            page.Copies,
            page.Status,
            page.Reason,
            page.UpdatedAt,
            page.Timeline.ToView());
}
