namespace OrderMall.MyPage;

/// <summary>
/// How far the pages are made again, as it is kept in the state store: a store without it has lost them, or never had any. The replica that
/// holds it goes on with it; one that died is followed by another, from where it was, when its time is over.
/// </summary>
/// <param name="Id">Another for each time.</param>
/// <param name="Holder">The replica that is at it.</param>
/// <param name="HeldUntil">Until when nobody else may go on (UTC).</param>
/// <param name="Source">Which owner is asked now: the number of the source.</param>
/// <param name="After">Where that one's next page begins.</param>
/// <param name="Done">How many orders and titles were asked for.</param>
/// <param name="Problem">Why it did not go on when it was last tried.</param>
internal sealed record RebuildState(
    Guid Id,
    DateTimeOffset BegunAt,
    string Holder,
    DateTimeOffset HeldUntil,
    int Source,
    Guid? After,
    long Done,
    DateTimeOffset ProgressAt,
    DateTimeOffset? FinishedAt = null,
    string? Problem = null)
{
    public static RebuildState Begin(string holder, TimeSpan lease, DateTimeOffset now) => new(Guid.NewGuid(), now, holder, now + lease, 0, null, 0, now);

    /// <summary>Whether it is for this replica to go on with it.</summary>
    public bool IsFor(string holder, DateTimeOffset now) => FinishedAt is null && (Holder == holder || HeldUntil <= now);

    /// <summary>Whether nobody has changed it, nor taken it over.</summary>
    public bool IsStill(RebuildState? stored) => stored is not null && (stored.Id, stored.Holder, stored.Source, stored.After) == (Id, Holder, Source, After);

    public RebuildProgress ToProgress() => new(BegunAt, FinishedAt, Done, Problem);
}
