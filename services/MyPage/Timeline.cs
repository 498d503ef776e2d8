using System.Text.Json.Serialization;

namespace OrderMall.MyPage;

/// <summary>A status that something had.</summary>
internal sealed record TimelineEntry<TStatus>(
    TStatus Status, DateTimeOffset At, long Version, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Reason);

/// <summary>A status that something had, as the person sees it.</summary>
/// <param name="Reason">Why, where there is something to say: why it was rejected, or a cancellation refused.</param>
internal sealed record StatusView<TStatus>(TStatus Status, DateTimeOffset At, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Reason);

/// <summary>Everything that happened to something, in the order of versions, whatever the order of events.</summary>
internal static class Timeline
{
    // Far more than a life has; somebody who asks again and again to cancel what has left must not grow the page for ever.
    private const int Longest = 100;

    /// <summary>The timeline with more entries.</summary>
    /// <returns><see langword="null"/> when it has them all.</returns>
    public static IReadOnlyList<TimelineEntry<TStatus>>? With<TStatus>(this IReadOnlyList<TimelineEntry<TStatus>> timeline, IReadOnlyList<TimelineEntry<TStatus>> entries)
    {
        var missing = entries.Where(entry => timeline.All(known => known.Version != entry.Version)).ToList();
        return missing.Count == 0 ? null : [.. timeline.Concat(missing).OrderBy(entry => entry.Version).TakeLast(Longest)];
    }

    public static IReadOnlyList<TimelineEntry<TStatus>> ToTimeline<TStatus>(this IReadOnlyList<PastStatus<TStatus>> history) =>
        [.. history.TakeLast(Longest).Select(past => new TimelineEntry<TStatus>(past.Status, past.At, past.Version, past.Reason))];

    public static IReadOnlyList<StatusView<TStatus>> ToView<TStatus>(this IReadOnlyList<TimelineEntry<TStatus>> timeline) =>
        [.. timeline.Select(entry => new StatusView<TStatus>(entry.Status, entry.At, entry.Reason))];
}
