using System.Security.Claims;

namespace OrderMall.Operations;

/// <summary>Events that services could not handle: lists them, has them handled again, or forgotten.</summary>
internal static partial class DeadLettersApi
{
    /// <summary>Names the services that did not answer, in the answer of the others.</summary>
    private const string UnreachableHeader = "Mall-Unreachable";

    public static void Map(WebApplication app)
    {
        var letters = app.MapGroup("/api/ops/dead-letters").WithTags("Operation").RequireRole(Roles.Operator).ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        letters.MapGet("/", ListAsync).WithName("ListDeadLetters").WithSummary("Events that could not be handled and why, at most 200 of each service. The header Mall-Unreachable names services that did not answer.");
        letters.MapGet("/{appId}/{eventId}", GetAsync).WithName("GetDeadLetter").WithSummary("A parked event with all it says.");
        letters.MapPost("/{appId}/replay", ReplayAllAsync).WithName("ReplayDeadLetters").WithSummary("Handles all parked events of a service again, as many as it can within some seconds.");
        letters.MapPost("/{appId}/{eventId}/replay", ReplayAsync).WithName("ReplayDeadLetter").WithSummary("Handles a parked event again.")
            .ProducesProblem(StatusCodes.Status409Conflict);
        letters.MapDelete("/{appId}/{eventId}", DiscardAsync).WithName("DiscardDeadLetter").WithSummary("Forgets a parked event: it is never handled.");
    }

    private static async Task<Ok<List<ParkedEvent>>> ListAsync(OperatorClient calls, HttpContext context)
    {
        var answers = await OperatorClient.EachAsync(
            calls.Subscribers,
            appId => calls.AskAsync(appId, HttpMethod.Get, "dead-letters", body: null, ServiceDefaultsJson.Default.ListDeadLetter, context.RequestAborted));
        var unreachable = answers.Where(answer => answer.Failure is not null).Select(answer => answer.AppId).ToArray();
        if (unreachable.Length > 0)
            context.Response.Headers[UnreachableHeader] = string.Join(',', unreachable);
        return TypedResults.Ok(answers
            .SelectMany(answer => (answer.Answer ?? []).Select(letter => new ParkedEvent(answer.AppId, letter.EventId, letter.Topic, letter.Type, letter.ParkedAt, letter.Reason)))
            .OrderBy(letter => letter.ParkedAt).ToList());
    }

    private static async Task<Results<Ok<DetailedEvent>, ProblemHttpResult>> GetAsync(string appId, string eventId, OperatorClient calls, CancellationToken cancellationToken)
    {
        if (!calls.Subscribers.Contains(appId))
            return Problems.NotFound("service");
        var letters = await calls.AskAsync(appId, HttpMethod.Get, $"dead-letters?eventId={Uri.EscapeDataString(eventId)}", body: null, ServiceDefaultsJson.Default.ListDeadLetter, cancellationToken);
        return letters is [var letter]
            ? TypedResults.Ok(new DetailedEvent(appId, letter.EventId, letter.Topic, letter.Type, letter.ParkedAt, letter.Reason, letter.Envelope))
            : Problems.NotFound("dead letter");
    }

    private static async Task<Results<Ok<DeadLetterAnswer>, ProblemHttpResult>> ReplayAllAsync(string appId, OperatorClient calls, CancellationToken cancellationToken) =>
        await AskAsync(calls, appId, "replay", eventId: null, cancellationToken) is { } answer ? TypedResults.Ok(answer) : Problems.NotFound("service");

    private static async Task<Results<NoContent, ProblemHttpResult>> ReplayAsync(string appId, string eventId, OperatorClient calls, CancellationToken cancellationToken) =>
        await AskAsync(calls, appId, "replay", eventId, cancellationToken) switch
        {
            null => Problems.NotFound("service"),
            { Failed: > 0 } failed => Problems.Conflict("replay-failed", $"{appId} still cannot handle the event; it stays among the dead letters. {failed.Reason}"),
            { Done: 0 } => Problems.NotFound("dead letter"),
            _ => TypedResults.NoContent(),
        };

    private static async Task<Results<NoContent, ProblemHttpResult>> DiscardAsync(
        string appId, string eventId, ClaimsPrincipal user, OperatorClient calls, ILogger<OperatorClient> logger, CancellationToken cancellationToken)
    {
        switch (await AskAsync(calls, appId, "discard", eventId, cancellationToken))
        {
            case null:
                return Problems.NotFound("service");
            case { Done: 0 }:
                return Problems.NotFound("dead letter");
            default:
                LogDiscarded(logger, user.Id(), eventId, appId);
                return TypedResults.NoContent();
        }
    }

    // Null where no such service has any.
    private static async Task<DeadLetterAnswer?> AskAsync(OperatorClient calls, string appId, string what, string? eventId, CancellationToken cancellationToken) =>
        calls.Subscribers.Contains(appId)
            ? await calls.AskAsync(
                appId, HttpMethod.Post, $"dead-letters/{what}", JsonContent.Create(new DeadLetterRequest(eventId), ServiceDefaultsJson.Default.DeadLetterRequest), ServiceDefaultsJson.Default.DeadLetterAnswer, cancellationToken)
            : null;

    [LoggerMessage(LogLevel.Warning, "Operator {Who} discarded event {EventId} of {AppId}")]
    private static partial void LogDiscarded(ILogger logger, string who, string eventId, string appId);
}

/// <summary>An event that could not be handled.</summary>
/// <param name="Topic">Where it was published.</param>
/// <param name="ParkedAt">Since when (UTC).</param>
/// <param name="Reason">Why not, as of the last try.</param>
internal sealed record ParkedEvent(string Service, string EventId, string Topic, string Type, DateTimeOffset ParkedAt, string Reason);

/// <summary>An event that could not be handled, with all it says.</summary>
/// <param name="Topic">Where it was published.</param>
/// <param name="ParkedAt">Since when (UTC).</param>
/// <param name="Reason">Why not, as of the last try.</param>
/// <param name="Envelope">The CloudEvent as it came.</param>
internal sealed record DetailedEvent(string Service, string EventId, string Topic, string Type, DateTimeOffset ParkedAt, string Reason, string Envelope);
