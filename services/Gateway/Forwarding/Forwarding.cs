using Microsoft.AspNetCore.Http.Features;

namespace OrderMall.Gateway;

/// <summary>
/// Passes requests on to the services and their answers back, as they are written. The time limits are the gateway's own:
/// a Dapr timeout would cut event streams.
/// </summary>
internal sealed partial class Forwarding(Invocation invocation, LikeRefusals refusals, IHostApplicationLifetime lifetime, ILogger<Forwarding> logger)
{
    /// <summary>The largest request body, in bytes.</summary>
    public const int LargestBody = 1024 * 1024;

    public static void Map(WebApplication app)
    {
        var forwarding = app.Services.GetRequiredService<Forwarding>();
        foreach (var route in Routes.Of(app.Configuration))
        {
            var pattern = $"/api/{route.Prefix}/{{**rest}}";
            RequestDelegate forward = context => forwarding.ForwardAsync(context, route);
            if (route.AnyoneMayRead)
                app.MapMethods(pattern, [HttpMethods.Get, HttpMethods.Head], forward).ExcludeFromDescription();
            var all = app.Map(pattern, forward).ExcludeFromDescription();
            if (route.Role is null)
                all.RequireAuthorization();
            else
                all.RequireRole(route.Role);
        }
    }

    private async Task ForwardAsync(HttpContext context, Route route)
    {
        var (appId, timeLimit) = (route.AppId, route.TimeLimit);
        var path = context.Request.Path.Value!;
        // What is still escaped after Kestrel unescaped the path, or is no separator to it, could be another path to whoever reads it next.
        // The rest no sidecar passes on: it would be taken for the service's absence.
        if (path.Any(c => c is '%' or '\\' or '?' or '#' || char.IsControl(c)))
        {
            await Problems.Of(StatusCodes.Status404NotFound, "not-found", "Not found.", "There is no such path: no path of the mall contains %2F, %25, %3F, %23, a backslash or a control character.").ExecuteAsync(context);
            return;
        }

        if (context.Request.ContentLength > LargestBody)
            throw TooLarge();

        var asked = await LikeRefusals.AskedAsync(context);
        if (asked is not null && refusals.Find(asked, context) is { } refusal)
        {
            ServiceClient.Trace(appId, path, "the same was refused a moment ago, and would be again");
            await refusal.ExecuteAsync(context);
            return;
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        limit.CancelAfter(timeLimit);
        using var request = Outgoing(context, appId);
        try
        {
            using var response = await AskAsync(request, appId, limit.Token);
            if (response is not null && asked is not null)
                await refusals.RememberAsync(asked, response, limit.Token);
            if (response is null)
                await UnreachableAsync(context, appId);
            else
                await AnswerAsync(context, response, limit, timeLimit);
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            LogUnanswered(appId, "no answer within the time limit");
            await TooLateAsync(context, appId, timeLimit);
        }
    }

    /// <returns><see langword="null"/> if the service is unreachable: Dapr says so, or there is no connection.</returns>
    private async Task<HttpResponseMessage?> AskAsync(HttpRequestMessage request, string appId, CancellationToken cancellationToken)
    {
        HttpResponseMessage? response = null;
        try
        {
            response = await invocation.SendAsync(request, cancellationToken);
            if (!await Invocation.IsUnreachableAsync(response, cancellationToken))
                return response;
            LogUnanswered(appId, await response.Content.ReadAsStringAsync(cancellationToken));
        }
        catch (HttpRequestException e) when (e.InnerException is BadHttpRequestException bad)
        {
            // The person's body was too large or too slow.
            throw bad;
        }
        catch (HttpRequestException e)
        {
            LogUnanswered(appId, e.Message);
        }

        response?.Dispose();
        return null;
    }

    private HttpRequestMessage Outgoing(HttpContext context, string appId)
    {
        var from = context.Request;
        var request = invocation.Request(HttpMethod.Parse(from.Method), appId, from.Path.ToUriComponent()[1..] + from.QueryString.Value);
        if (context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true)
            request.Content = new StreamContent(from.Body);
        else if (!HttpMethods.IsGet(from.Method) && !HttpMethods.IsHead(from.Method))
            request.Content = new ByteArrayContent([]); // Without one, .NET repeats a request whose connection was lost.
        ForwardedHeaders.CopyIn(from, request);
        return request;
    }

    private async Task AnswerAsync(HttpContext context, HttpResponseMessage response, CancellationTokenSource limit, TimeSpan timeLimit)
    {
        var isStream = response.Content.Headers.ContentType?.MediaType == "text/event-stream";
        limit.CancelAfter(isStream ? Timeout.InfiniteTimeSpan : timeLimit);
        // A stopping gateway does not wait for streams: people come back to another replica.
        await using var stop = lifetime.ApplicationStopping.Register(() =>
        {
            if (isStream)
                limit.Cancel();
        });
        context.Response.StatusCode = (int)response.StatusCode;
        ForwardedHeaders.CopyOut(response, context.Response);
        if (isStream)
            context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        try
        {
            await context.Response.StartAsync(limit.Token);
            if (isStream)
                await context.Response.Body.FlushAsync(limit.Token);
            await response.Content.CopyToAsync(context.Response.Body, limit.Token);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested || (isStream && lifetime.ApplicationStopping.IsCancellationRequested))
        {
            // The person left, or has to.
        }
        catch (Exception e) when (e is IOException or HttpRequestException or OperationCanceledException)
        {
            // Half an answer must not look like a whole one.
            LogCut(context.Request.Path, e.Message);
            context.Abort();
        }
    }

    private static Task UnreachableAsync(HttpContext context, string appId) =>
        RetryLater(context, StatusCodes.Status503ServiceUnavailable, "unavailable", "Not available at the moment.", $"The mall's {appId} is not available at the moment.");

    private static Task TooLateAsync(HttpContext context, string appId, TimeSpan timeLimit) =>
        RetryLater(context, StatusCodes.Status504GatewayTimeout, "timeout", "No answer in time.", $"The mall's {appId} did not answer within {timeLimit.TotalSeconds} s.");

    private static Task RetryLater(HttpContext context, int status, string type, string title, string what)
    {
        var then = HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method)
            ? "Try again shortly."
            : "Try again shortly, with the same Idempotency-Key where you sent one: a request that was cut off may have been carried out.";
        return Problems.RetryLater(context, status, type, title, $"{what} {then}").ExecuteAsync(context);
    }

    private static BadHttpRequestException TooLarge() => new("Request body too large.", StatusCodes.Status413PayloadTooLarge);

    [LoggerMessage(LogLevel.Warning, "{AppId} did not answer: {Reason}")]
    private partial void LogUnanswered(string appId, string reason);

    [LoggerMessage(LogLevel.Warning, "The answer to {Path} broke off: {Reason}")]
    private partial void LogCut(string path, string reason);
}
