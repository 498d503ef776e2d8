using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using OrderMall.Contracts;
using OrderMall.ServiceDefaults.Api;
using OrderMall.ServiceDefaults.Sidecar;

namespace OrderMall.Gateway;

/// <summary>Events that services could not handle: lists them, and has them handled again.</summary>
internal static class DeadLettersApi
{
    /// <summary>Names the services that did not answer, in the answer of the others.</summary>
    private const string UnreachableHeader = "Mall-Unreachable";

    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(15);

    public static void Map(WebApplication app)
    {
        var letters = app.MapGroup("/api/ops/dead-letters").WithTags("Operation").RequireRole(Roles.Operator);
        letters.MapGet("/", ListAsync).WithName("ListDeadLetters").WithSummary("Events that could not be handled, at most 200 of each service. The header Mall-Unreachable names services that did not answer.");
        letters.MapPost("/{appId}/{eventId}/replay", ReplayAsync).WithName("ReplayDeadLetter").WithSummary("Handles a parked event again.")
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
    }

    private static async Task<Ok<List<ParkedEvent>>> ListAsync(Invocation invocation, HttpContext context)
    {
        var answers = await Task.WhenAll(AuditSources.WithDatabase.Select(async appId => (AppId: appId, Letters: await LettersOfAsync(invocation, appId, context.RequestAborted))));
        var silent = answers.Where(answer => answer.Letters is null).Select(answer => answer.AppId).ToArray();
        if (silent.Length > 0)
            context.Response.Headers[UnreachableHeader] = string.Join(',', silent);
        return TypedResults.Ok(answers.SelectMany(answer => answer.Letters ?? []).OrderBy(letter => letter.ParkedAt).ToList());
    }

    private static async Task<List<ParkedEvent>?> LettersOfAsync(Invocation invocation, string appId, CancellationToken cancellationToken)
    {
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(TimeLimit);
            using var request = invocation.Request(HttpMethod.Get, appId, "dead-letters");
            using var response = await invocation.SendAsync(request, limit.Token);
            response.EnsureSuccessStatusCode();
            var letters = await response.Content.ReadFromJsonAsync(GatewayJson.Default.ListParkedEvent, limit.Token);
            return letters?.ConvertAll(letter => letter with { Service = appId });
        }
        catch (Exception e) when (e is HttpRequestException or JsonException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return null;
        }
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> ReplayAsync(string appId, string eventId, Invocation invocation, CancellationToken cancellationToken)
    {
        if (!AuditSources.WithDatabase.Contains(appId))
            return Problems.NotFound("service");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeLimit);
        try
        {
            using var request = invocation.Request(HttpMethod.Post, appId, $"dead-letters/{Uri.EscapeDataString(eventId)}/replay");
            request.Content = new ByteArrayContent([]);
            using var response = await invocation.SendAsync(request, limit.Token);
            if (await Invocation.IsAwayAsync(response, limit.Token))
                throw new ServiceUnavailableException(appId, await response.Content.ReadAsStringAsync(limit.Token));
            return response.StatusCode switch
            {
                _ when response.IsSuccessStatusCode => TypedResults.NoContent(),
                HttpStatusCode.NotFound => Problems.NotFound("dead letter"),
                _ => Problems.Conflict("replay-failed", $"{appId} still cannot handle the event; it stays among the dead letters. The log of {appId} says why."),
            };
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new ServiceUnavailableException(appId, e.Message, e);
        }
    }
}

/// <summary>An event that could not be handled.</summary>
/// <param name="Service">Which could not.</param>
/// <param name="EventId">The CloudEvent id.</param>
/// <param name="Topic">Where it was published.</param>
/// <param name="Type">The event's name.</param>
/// <param name="ParkedAt">Since when (UTC).</param>
internal sealed record ParkedEvent(string Service, string EventId, string Topic, string Type, DateTimeOffset ParkedAt);
