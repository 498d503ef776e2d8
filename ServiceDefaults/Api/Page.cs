namespace OrderMall.ServiceDefaults.Api;

/// <summary>A page of a list.</summary>
/// <param name="Items">What is on it.</param>
/// <param name="Next">Give it as <c>after</c> for the next page; <see langword="null"/> on the last one.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next);

/// <summary>Which page is asked for: <c>?limit=&amp;after=</c>.</summary>
/// <param name="Limit">How many items, 1 to 100; 20 by default.</param>
/// <param name="After">The <c>next</c> of the page before; the first page without.</param>
public readonly record struct PageRequest(int Limit, Guid? After)
{
    /// <summary>How many items a page has where nothing is said.</summary>
    public const int DefaultLimit = 20;

    /// <summary>How many items a page has at most.</summary>
    public const int MostItems = 100;

    /// <summary>Reads the query. Minimal APIs call this for parameters of this type.</summary>
    /// <exception cref="FluentValidation.ValidationException">The limit or the cursor is wrong.</exception>
    public static ValueTask<PageRequest> BindAsync(HttpContext context)
    {
        var query = context.Request.Query;
        var limit = DefaultLimit;
        if (query.TryGetValue("limit", out var limitText) && (!int.TryParse(limitText, out limit) || limit is < 1 or > MostItems))
            throw Wrong("limit", $"Must be a whole number from 1 to {MostItems}.");
        Guid? after = null;
        if (query.TryGetValue("after", out var cursor) && cursor != "")
            after = Guid.TryParse(cursor, out var id) ? id : throw Wrong("after", "Must be the 'next' of a page that this list gave.");
        return ValueTask.FromResult(new PageRequest(limit, after));
    }

    /// <summary>Makes the page of rows that were read with one more than the limit.</summary>
    /// <param name="rows">At most <see cref="Limit"/> + 1 rows.</param>
    public Page<T> ToPage<T>(IReadOnlyList<T> rows, Func<T, Guid> id) =>
        rows.Count > Limit
            ? new Page<T>([.. rows.Take(Limit)], id(rows[Limit - 1]).ToString())
            : new Page<T>(rows, null);

    private static FluentValidation.ValidationException Wrong(string field, string message) =>
        new([new FluentValidation.Results.ValidationFailure(field, message)]);
}
