using Microsoft.AspNetCore.Diagnostics;
using OrderMall.Web.Api;

namespace OrderMall.Web;

/// <summary>The person's changes as they happen, passed on from the API: scripts on these pages have no token.</summary>
internal static class LiveEvents
{
    public static void Map(WebApplication app) => app.MapGet("/my/events", StreamAsync).RequireAuthorization();

    private static async Task StreamAsync(HttpContext context, MallApi api, IHostApplicationLifetime lifetime)
    {
        // Who listens is no reader of pages.
        context.Features.Get<IStatusCodePagesFeature>()!.Enabled = false;
        // A stopping replica does not wait for streams that never end by themselves: browsers connect to another.
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        try
        {
            using var response = await api.StreamAsync(context.Request.Headers["Last-Event-ID"], end.Token);
            context.Response.StatusCode = (int)response.StatusCode;
            if (!response.IsSuccessStatusCode || response.Content.Headers.ContentType?.MediaType != "text/event-stream")
            {
                context.Response.StatusCode = response.IsSuccessStatusCode ? StatusCodes.Status503ServiceUnavailable : (int)response.StatusCode;
                return;
            }

            context.Response.ContentType = "text/event-stream";
            await context.Response.StartAsync(end.Token);
            await context.Response.Body.FlushAsync(end.Token);
            await response.Content.CopyToAsync(context.Response.Body, end.Token);
        }
        catch (Exception over) when (over is OperationCanceledException or HttpRequestException or IOException)
        {
            if (!context.Response.HasStarted)
                context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        }
    }
}
