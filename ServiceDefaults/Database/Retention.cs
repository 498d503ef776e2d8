namespace OrderMall.ServiceDefaults.Database;

/// <summary>Rows of a table, or values in them, that nobody needs any more once they are old: <see cref="RetentionJob"/> deletes them.</summary>
/// <param name="Key">Its primary key, of one column.</param>
/// <param name="At">The column that says since when a row is old. It has an index.</param>
/// <param name="Ended">The SQL condition under which a row has served its purpose.</param>
public sealed record Retention(string Table, string Key, string At, string Ended = "true")
{
    /// <summary>
    /// How long such rows stay. Usually until no event comes again: well beyond the retries of the inbound policy and what a broker keeps, with
    /// time for operators to have lost events published again.
    /// </summary>
    public TimeSpan Life { get; init; } = TimeSpan.FromDays(7);

    /// <summary>The column whose value goes; <see langword="null"/> where the row does.</summary>
    public string? Value { get; init; }
}
