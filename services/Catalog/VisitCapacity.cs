namespace OrderMall.Catalog;

/// <summary>
/// No more visits are sold for a day than there are workers for, unless the merchant says so. Asked when an offer of visits is registered or grows;
/// workers who take that day off later change nothing of it.
/// </summary>
internal sealed class VisitCapacity([FromKeyedServices(AppIds.Dispatch)] ServiceClient dispatch)
{
    /// <summary>Whether the rule is for this.</summary>
    public static bool IsFor(Fulfilment fulfilment, DateOnly? date, bool? overbook) => fulfilment == Fulfilment.Assignment && date is not null && overbook != true;

    /// <summary>How many workers the merchant has for a day.</summary>
    /// <exception cref="ServiceUnavailableException">Dispatch does not answer.</exception>
    public async Task<int> WorkersAsync(string merchantId, DateOnly date, CancellationToken cancellationToken) => (await dispatch.AskAsync(
        "worker-counts", new WorkerCountRequest(merchantId, date), ContractsJson.Default.WorkerCountRequest, ContractsJson.Default.WorkerCountAnswer, cancellationToken)).Workers;

    /// <summary>Why so many visits cannot be sold beside the merchant's others, if they cannot. Until the transaction of the context ends, no other offer of the merchant is looked at.</summary>
    public static async Task<ProblemHttpResult?> RefusalAsync(CatalogDb db, Guid offerId, string merchantId, DateOnly date, int? capacity, int workers, CancellationToken cancellationToken)
    {
        await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock(hashtextextended({merchantId}, 0))", cancellationToken);
        var others = await db.Offers
            .Where(other => other.MerchantId == merchantId && other.Date == date && other.Id != offerId && other.Fulfilment == Fulfilment.Assignment)
            // Of what is off sale the visits that were sold still take place.
            .SumAsync(other => other.OffSaleAt == null ? (long)(other.Capacity ?? 0) : (long)((other.Capacity - other.Available) ?? 0), cancellationToken);
        if (capacity is { } visits && others + visits <= workers)
            return null;
        return Problems.Conflict(
            "too-few-workers",
            $"There are {workers} workers for {date:yyyy-MM-dd} and {others} visits on sale already: {(capacity is { } more ? $"{more} more" : "any number of them")} could not be made. Add workers with POST /api/workers, lower the capacity, or say overbook: true.",
            new Dictionary<string, object?> { ["workers"] = workers, ["visits"] = others });
    }

    /// <summary>Dispatch does not answer.</summary>
    public static ProblemHttpResult Unavailable(HttpContext context) => Problems.RetryLater(
        context, StatusCodes.Status503ServiceUnavailable, "unavailable", "Not available at the moment.",
        "How many workers there are for that day cannot be found out at the moment. Nothing was changed. Try again shortly, or say overbook: true.");
}
