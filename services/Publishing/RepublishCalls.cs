namespace OrderMall.Publishing;

/// <summary>Publishes the last event of a title again, under the id it had: only who missed it sees anything new. It carries all that came before.</summary>
internal static class RepublishCalls
{
    public static void Map(WebApplication app) => app.MapRepublications<PublishingDb>(async (db, id, _, cancellationToken) =>
    {
        if (await db.Registrations.AsNoTracking().FirstOrDefaultAsync(registration => registration.Id == id, cancellationToken) is not { } registration)
            return null;
        if (registration.LastEvent() is not { } last)
            return [];
        db.Publish(last.Type, last.Event);
        return [last.Type];
    });
}
