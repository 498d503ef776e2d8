using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http.Features;

namespace OrderMall.Gateway.Forwarding;

/// <summary>
/// Passes requests on to the services and their answers back, as they are written. The time limits are the gateway's own:
/// a Dapr timeout would cut event streams.
/// </summary>
/// <remarks>
/// Not YARP's <c>IHttpForwarder</c>, which aborts an answer that has started, where this one can still answer 503 for an error of Dapr's own.
/// Its activity timeout restarts with every chunk, so that there would be no limit for the whole answer.
/// </remarks>
internal sealed partial class Forwarder(
    Invocation invocation, EventStreams streams, TimeProvider time, IHostApplicationLifetime lifetime, ILogger<Forwarder> logger)
{
    private const string EventStream = "text/event-stream";
    private const int StreamRetryAfter = 15;
    private static readonly TimeSpan LongestStream = TimeSpan.FromDays(1);

    public static void Map(WebApplication app)
    {
        var forwarding = app.Services.GetRequiredService<Forwarder>();
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

    private async Task ForwardAsync(HttpContext context, ServiceRoute route)
    {
        var (appId, timeLimit) = (route.AppId, route.TimeLimit);
        if (route.OwnersChange && !IsRead(context) && Permissions.IsStaff(context.User))
        {
            await Problems.Of(StatusCodes.Status403Forbidden, "forbidden", "Forbidden", "What a business sells, its owners decide.").ExecuteAsync(context);
            return;
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        limit.CancelAfter(timeLimit);
        using var request = Outgoing(context, route);
        try
        {
            using var response = await AskAsync(request, appId, limit.Token);
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

    private HttpRequestMessage Outgoing(HttpContext context, ServiceRoute route)
    {
        var from = context.Request;
        var request = invocation.Request(HttpMethod.Parse(from.Method), route.AppId, from.Path.ToUriComponent()[1..] + from.QueryString.Value);
        if (context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true)
            request.Content = new StreamContent(from.Body);
        else if (!HttpMethods.IsGet(from.Method) && !HttpMethods.IsHead(from.Method))
            request.Content = new ByteArrayContent([]); // Without one, .NET repeats a request whose connection was lost.
        ForwardedHeaders.CopyIn(from, request, route.AsBusiness);
        return request;
    }

    private async Task AnswerAsync(HttpContext context, HttpResponseMessage response, CancellationTokenSource limit, TimeSpan timeLimit)
    {
        if (response.Content.Headers.ContentType?.MediaType == EventStream)
        {
            await StreamAsync(context, response, limit);
            return;
        }

        limit.CancelAfter(timeLimit);
        await CopyAsync(context, response, limit.Token, endsWell: CancellationToken.None);
    }

    // Whatever its path: an answer that has no end has limits of its own, and none of a request's.
    private async Task StreamAsync(HttpContext context, HttpResponseMessage response, CancellationTokenSource limit)
    {
        context.Features.Get<BudgetPlace>()?.Leave(failed: false);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(lifetime.ApplicationStopping); // a stopping gateway does not wait for it: people come back to another replica
        var (user, address) = (context.User.FindFirstValue(ClaimTypes.NameIdentifier), RequestRate.AddressOf(context));
        using var place = streams.TryOpen(user ?? address, address, () => _ = end.CancelAsync(), out var full);
        if (place is null)
        {
            await TooManyStreams(context, full).ExecuteAsync(context);
            return;
        }

        // Whose it is was known for so long and no longer.
        if (context.Features.Get<IAuthenticateResultFeature>()?.AuthenticateResult?.Properties?.ExpiresUtc is { } expires)
            end.CancelAfter(TimeSpan.FromSeconds(Math.Clamp((expires - time.GetUtcNow()).TotalSeconds, 0, LongestStream.TotalSeconds)));
        limit.CancelAfter(Timeout.InfiniteTimeSpan);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, end.Token);
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        await CopyAsync(context, response, either.Token, endsWell: end.Token);
    }

    private async Task CopyAsync(HttpContext context, HttpResponseMessage response, CancellationToken cancellationToken, CancellationToken endsWell)
    {
        context.Response.StatusCode = (int)response.StatusCode;
        ForwardedHeaders.CopyOut(response, context.Response);
        try
        {
            await context.Response.StartAsync(cancellationToken);
            if (endsWell.CanBeCanceled)
                await context.Response.Body.FlushAsync(cancellationToken);
            await response.Content.CopyToAsync(context.Response.Body, cancellationToken);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested || endsWell.IsCancellationRequested)
        {
            // The person left, or it is over.
        }
        catch (Exception e) when (e is IOException or HttpRequestException or OperationCanceledException)
        {
            // Half an answer must not look like a whole one.
            LogCut(context.Request.Path, e.Message);
            context.Abort();
        }
    }

    private static IResult TooManyStreams(HttpContext context, EventStreams.FullOf full) => full == EventStreams.FullOf.Address
        ? Problems.RetryLater(context, StatusCodes.Status429TooManyRequests, "too-many-requests", "Too many requests.", "There are too many event streams from your address: close some of them.", StreamRetryAfter)
        : Problems.RetryLater(context, StatusCodes.Status503ServiceUnavailable, "overloaded", "Too much to do at the moment.", $"The mall has as many event streams as it can keep open. Try again in {StreamRetryAfter} s.", StreamRetryAfter);

    private static Task UnreachableAsync(HttpContext context, string appId) =>
        RetryLater(context, StatusCodes.Status503ServiceUnavailable, "unavailable", "Not available at the moment.", $"The mall's {appId} is not available at the moment.");

    private static Task TooLateAsync(HttpContext context, string appId, TimeSpan timeLimit) =>
        RetryLater(context, StatusCodes.Status504GatewayTimeout, "timeout", "No answer in time.", $"The mall's {appId} did not answer within {timeLimit.TotalSeconds} s.");

    private static Task RetryLater(HttpContext context, int status, string type, string title, string what)
    {
        var then = IsRead(context)
            ? "Try again shortly."
            : "Try again shortly, with the same Idempotency-Key where you sent one: a request that was cut off may have been carried out.";
        return Problems.RetryLater(context, status, type, title, $"{what} {then}").ExecuteAsync(context);
    }

    private static bool IsRead(HttpContext context) => HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method);

    [LoggerMessage(LogLevel.Warning, "{AppId} did not answer: {Reason}")]
    private partial void LogUnanswered(string appId, string reason);

    [LoggerMessage(LogLevel.Warning, "The answer to {Path} broke off: {Reason}")]
    private partial void LogCut(string path, string reason);
}
