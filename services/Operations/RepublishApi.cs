using System.Security.Claims;

namespace OrderMall.Operations;

/// <summary>
/// Mends what a lost event left: everybody who knows something of an order or title publishes it again, and who missed it catches up.
/// Nothing happens twice to the others, however often this is asked.
/// </summary>
internal static partial class RepublishApi
{
    // Those whose events bring an order further, besides its owner.
    private static readonly IReadOnlyList<string> OfOrders = [AppIds.Payment, AppIds.Store, AppIds.Delivery, AppIds.Dispatch];
    private static readonly IReadOnlyList<string> OfTitles = [AppIds.Store];

    public static void Map(WebApplication app)
    {
        var ops = app.MapGroup("/api/ops").WithTags("Operation").RequireRole(Roles.Operator).ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        ops.MapPost("/orders/{id:guid}/republish", (Guid id, ClaimsPrincipal user, IServiceProvider services, ILogger<OperatorClient> logger, CancellationToken cancellationToken) =>
                RepublishAsync("order", id, AppIds.Ordering, OfOrders, user, services, logger, cancellationToken))
            .WithName("RepublishOrder").WithSummary("Has the events of an order published again, for whoever missed one.");
        ops.MapPost("/titles/{id:guid}/republish", (Guid id, ClaimsPrincipal user, IServiceProvider services, ILogger<OperatorClient> logger, CancellationToken cancellationToken) =>
                RepublishAsync("title", id, AppIds.Publishing, OfTitles, user, services, logger, cancellationToken))
            .WithName("RepublishTitle").WithSummary("Has the events of a title's registration published again, for whoever missed one.");
    }

    private static async Task<Results<Ok<Republished>, ProblemHttpResult>> RepublishAsync(
        string what, Guid id, string owner, IReadOnlyList<string> others, ClaimsPrincipal user, IServiceProvider services, ILogger logger, CancellationToken cancellationToken)
    {
        var own = await AskAsync(services, owner, id, cancellationToken);
        if (!own.IsKnown)
            return Problems.NotFound(what);
        LogRepublished(logger, user.Id(), what, id);
        var answers = await OperatorClient.EachAsync<RepublishAnswer>(others, async appId => await AskAsync(services, appId, id, cancellationToken));
        return TypedResults.Ok(new Republished(
            id,
            answers.Where(other => other.Answer is { Events.Count: > 0 }).Select(other => (other.AppId, other.Answer!.Events)).Prepend((owner, own.Events))
                .ToDictionary(published => published.Item1, published => published.Events),
            [.. answers.Where(other => other.Answer is null).Select(other => other.AppId)]));
    }

    private static Task<RepublishAnswer> AskAsync(IServiceProvider services, string appId, Guid id, CancellationToken cancellationToken) =>
        services.GetRequiredKeyedService<ServiceClient>(appId).AskAsync(
            "republications", new RepublishRequest(id), ServiceDefaultsJson.Default.RepublishRequest, ServiceDefaultsJson.Default.RepublishAnswer, cancellationToken);

    [LoggerMessage(LogLevel.Information, "Operator {Who} has the events of {What} {Id} published again")]
    private static partial void LogRepublished(ILogger logger, string who, string what, Guid id);
}

/// <summary>What is published again.</summary>
/// <param name="Id">The order, or the title.</param>
/// <param name="Events">The names of the events, by the service that publishes them.</param>
/// <param name="Unreachable">Services that did not answer: what they know is not published again.</param>
internal sealed record Republished(Guid Id, IReadOnlyDictionary<string, IReadOnlyList<string>> Events, IReadOnlyList<string> Unreachable);
