namespace OrderMall.Publishing;

/// <summary>Tells what titles are registered and what became of them, for views that are made again.</summary>
internal static class HistoryCalls
{
    public static void Map(WebApplication app) => app.MapPost("/history", async (HistoryRequest request, PublishingDb db, CancellationToken cancellationToken) =>
    {
        var limit = Math.Clamp(request.Limit, 1, HistoryRequest.MostItems);
        var titles = await db.Registrations.AsNoTracking()
            .Where(registration => request.After == null || registration.Id > request.After)
            .OrderBy(registration => registration.Id)
            .Take(limit)
            .ToListAsync(cancellationToken);
        return TypedResults.Ok(new HistoryPage<TitleEvent, TitleStatus>(
            [.. titles.Select(title => title.ToHistory()).OfType<History<TitleEvent, TitleStatus>>()],
            titles.Count == limit ? titles[^1].Id : null));
    }).ExcludeFromDescription();
}
