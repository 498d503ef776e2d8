using OrderMall.ServiceDefaults.Database;

namespace OrderMall.ServiceDefaults.Messaging;

/// <summary>Lets a service publish again what a broker lost: <c>POST /republications</c>.</summary>
public static class Republications
{
    /// <summary>Answers <see cref="RepublishRequest"/>; who did get the events must see nothing new.</summary>
    /// <param name="republish">
    /// Adds the events of the aggregate with that id, as of that time where they are new ones, to what the next save publishes. Gives
    /// their names in their order, or <see langword="null"/> where the service does not know it.
    /// </param>
    public static void MapRepublications<TDb>(this WebApplication app, Func<TDb, Guid, DateTimeOffset, CancellationToken, Task<IReadOnlyList<string>?>> republish)
        where TDb : MallDb =>
        app.MapPost("/republications", async (RepublishRequest request, HttpContext context) =>
        {
            var (services, cancellationToken) = (context.RequestServices, context.RequestAborted);
            var db = services.GetRequiredService<TDb>();
            var events = await republish(db, request.Id, services.GetRequiredService<TimeProvider>().Now(), cancellationToken);
            await db.SaveChangesAsync(cancellationToken);
            return TypedResults.Ok(new RepublishAnswer(events is not null, events ?? []));
        }).ExcludeFromDescription();
}
