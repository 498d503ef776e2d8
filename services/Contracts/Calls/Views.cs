namespace OrderMall.Contracts.Calls;

// What views in the state store are made again from, where that lost them (people's pages, recommendations). They ask the owners instead of
// having events published again, which every other subscriber would get too.

/// <summary>
/// Asks an owner for what it holds and people have seen, a page at a time in the order of ids. Internal: <c>POST /history</c> of ordering
/// (orders) and publishing (titles).
/// </summary>
/// <param name="After">The <see cref="HistoryPage{TEvent, TStatus}.Next"/> of the page before; <see langword="null"/> for the first.</param>
/// <param name="Limit">How many to look at, <see cref="MostItems"/> at most.</param>
public sealed record HistoryRequest(Guid? After, int Limit)
{
    /// <summary>The most that are looked at for one page, so that it stays far below what a sidecar takes (4 MiB).</summary>
    public const int MostItems = 200;
}

/// <summary>The answer to a <see cref="HistoryRequest"/>.</summary>
/// <param name="Items">Fewer than asked for where some are nothing that people see.</param>
/// <param name="Next">Where the next page begins; <see langword="null"/> when this is the last.</param>
public sealed record HistoryPage<TEvent, TStatus>(IReadOnlyList<History<TEvent, TStatus>> Items, Guid? Next);

/// <summary>What an order's, or a title's, events have said so far.</summary>
/// <param name="Timeline">What each said, in the order of versions, the last one included.</param>
public sealed record History<TEvent, TStatus>(TEvent Last, IReadOnlyList<PastStatus<TStatus>> Timeline);

/// <summary>A status that was reached.</summary>
public sealed record PastStatus<TStatus>(TStatus Status, DateTimeOffset At, long Version, string? Reason = null);

/// <summary>
/// How far the views of a service are made again. Internal: <c>GET /views/rebuild</c> of mypage and marketing, and <c>POST</c>, which begins it
/// unless it is under way.
/// </summary>
/// <param name="BegunAt">When it began last (UTC); <see langword="null"/> before it ever did.</param>
/// <param name="FinishedAt">When it was finished (UTC); <see langword="null"/> while it is under way.</param>
/// <param name="Done">How many orders and titles the owners have been asked for so far.</param>
/// <param name="Problem">Why it does not go on at the moment; it is tried again.</param>
public sealed record RebuildProgress(DateTimeOffset? BegunAt, DateTimeOffset? FinishedAt, long Done, string? Problem);
