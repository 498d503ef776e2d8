using System.Runtime.CompilerServices;

namespace OrderMall.ServiceDefaults.Database;

/// <summary>The rows that <see cref="DueWork{TDb}"/> takes up.</summary>
/// <param name="Lease">How long a claim holds unless it is renewed: beyond the longest that taking up a row may take.</param>
public sealed record DueRows(string Table, string Key, TimeSpan Lease)
{
    /// <summary>The column that says when a row is due.</summary>
    public string DueAt { get; init; } = "due_at";

    /// <summary>Which are taken up first.</summary>
    public string OrderBy { get; init; } = "due_at";

    /// <summary>A condition on which a row is due too; <c>{0}</c> is now.</summary>
    public string? Or { get; init; }

    /// <summary>Nothing of them is ever due later than a lease from now, unless the clock was set back: then it is due too.</summary>
    public bool AreDueWithinLease { get; init; }

    /// <summary>What claiming a row sets beside when it is due.</summary>
    public string? Set { get; init; }

    // By ARRAY, so that they are found by their keys and once: with IN the planner may read the whole table for them, if it takes it for small.
    private string Statement =>
        $$"""
         UPDATE {{Table}} SET {{DueAt}} = {1}{{(Set is null ? "" : $", {Set}")}}
         WHERE {{Key}} = ANY (ARRAY(
             SELECT {{Key}} FROM {{Table}}
             WHERE {{DueAt}} <= {0}{{(AreDueWithinLease ? $" OR {DueAt} > {{2}}" : "")}}{{(Or is null ? "" : $" OR {Or}")}}
             ORDER BY {{OrderBy}} LIMIT {3} FOR UPDATE SKIP LOCKED))
         RETURNING {{Key}}
         """;

    /// <summary>The statement that claims due rows, so many at most, and returns their ids.</summary>
    internal FormattableString Claim(DateTimeOffset now, int most) => FormattableStringFactory.Create(Statement, now, now + Lease, now + (2 * Lease), most);
}
