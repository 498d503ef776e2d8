using Microsoft.AspNetCore.Http.HttpResults;
using OrderMall.Contracts;
using OrderMall.ServiceDefaults.Api;

namespace OrderMall.Mall.Control;

/// <summary>Seeing, stopping and starting services.</summary>
internal static class ServicesApi
{
    public static void MapServices(this IEndpointRouteBuilder ops, EmbeddedMall mall)
    {
        ops.MapGet("/services", async (CancellationToken ct) => TypedResults.Ok(await mall.ServicesAsync(ct)));
        ops.MapPost("/services/{appId}/stop", (string appId, CancellationToken ct) =>
            ChangeAsync(mall, appId, () => mall.StopServiceAsync(appId), ct));
        ops.MapPost("/services/{appId}/start", (string appId, CancellationToken ct) =>
            ChangeAsync(mall, appId, () => mall.StartServiceAsync(appId, ct), ct));
    }

    private static async Task<Results<Ok<ServiceState>, ProblemHttpResult>> ChangeAsync(EmbeddedMall mall, string appId, Func<Task> change, CancellationToken ct)
    {
        if (appId is AppIds.Gateway or AppIds.MallControl)
        {
            return Problems.Of(StatusCodes.Status409Conflict, "not-stoppable", "This one stays.",
                $"{appId} is what this request came through: without it nothing could be started again.");
        }

        if (!mall.Has(appId))
            return Problems.Of(StatusCodes.Status404NotFound, "not-found", "Not found.", $"There is no service '{appId}'. GET /api/ops/services lists them.");
        try
        {
            await change();
        }
        catch (MallException failed)
        {
            return Problems.Of(StatusCodes.Status503ServiceUnavailable, "unavailable", "Not available at the moment.", failed.Message);
        }

        return TypedResults.Ok((await mall.ServicesAsync(ct)).Single(s => s.AppId == appId));
    }
}
