namespace OrderMall.MyPage;

/// <summary>Has people's pages made again, and tells how far that is.</summary>
internal static class RebuildCalls
{
    public static void Map(WebApplication app)
    {
        var rebuild = app.MapGroup("/views/rebuild").ExcludeFromDescription();
        rebuild.MapGet("/", async (RebuildJob job, CancellationToken cancellationToken) => TypedResults.Ok(await job.GetAsync(cancellationToken)));
        rebuild.MapPost("/", async (RebuildJob job, CancellationToken cancellationToken) => TypedResults.Ok(await job.BeginAsync(cancellationToken)));
    }
}
