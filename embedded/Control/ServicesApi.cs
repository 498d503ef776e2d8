using OrderMall.Contracts;
using OrderMall.ServiceDefaults.Api;

namespace OrderMall.Control;

/// <summary>Seeing, stopping and starting services.</summary>
internal static class ServicesApi
{
    public static void MapServices(this IEndpointRouteBuilder ops, IMallControl mall, CancellationToken closing)
    {
        ops.MapGet("/services", async (CancellationToken cancellationToken) => TypedResults.Ok(await mall.ServicesAsync(cancellationToken)));
        ops.MapPost("/services/{appId}/stop", (string appId, HttpContext context, CancellationToken cancellationToken) =>
            Stays(appId) ?? ChangeAsync(context, mall, appId, () => mall.StopServiceAsync(appId), cancellationToken));
        ops.MapPost("/services/{appId}/start", (string appId, HttpContext context, CancellationToken cancellationToken) =>
            Stays(appId) ?? ChangeAsync(context, mall, appId, () => mall.StartServiceAsync(appId, cancellationToken), cancellationToken));
        // Once begun it goes on: half of a service on one side of a restart helps nobody.
        ops.MapPost("/services/{appId}/restart", (string appId, HttpContext context, CancellationToken cancellationToken) =>
            Stays(appId) ?? ChangeAsync(context, mall, appId, () => mall.RestartServiceAsync(appId, closing), cancellationToken));
    }

    private static Task<IResult>? Stays(string appId) => appId is AppIds.Gateway or AppIds.MallControl
        ? Task.FromResult<IResult>(Problems.Of(StatusCodes.Status409Conflict, "not-stoppable", "This one stays.",
            $"{appId} is what this request came through: without it nothing could be started again."))
        : null;

    private static async Task<IResult> ChangeAsync(HttpContext context, IMallControl mall, string appId, Func<Task> change, CancellationToken cancellationToken)
    {
        if (!mall.Has(appId))
            return Problems.Of(StatusCodes.Status404NotFound, "not-found", "Not found.", $"There is no service '{appId}'. GET /api/ops/services lists them.");
        try
        {
            await change();
        }
        catch (MallException failed)
        {
            return Problems.RetryLater(context, StatusCodes.Status503ServiceUnavailable, "unavailable", "Not available at the moment.", failed.Message);
        }

        return TypedResults.Ok((await mall.ServicesAsync(cancellationToken)).Single(s => s.AppId == appId));
    }
}
