using System.Security.Claims;

namespace OrderMall.Operations;

/// <summary>
/// Has the views in the state store (people's pages, recommendations) made again from what their owners hold. They do so by themselves where
/// the store is empty; this is for one that has lost a part of them.
/// </summary>
internal static partial class ViewsApi
{
    private const string Path = "views/rebuild";

    public static void Map(WebApplication app)
    {
        var rebuild = app.MapGroup($"/api/ops/{Path}").WithTags("Operation").RequireRole(Roles.Operator).ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        rebuild.MapPost("/", async (ClaimsPrincipal user, OperatorClient calls, ILogger<OperatorClient> logger, CancellationToken cancellationToken) =>
            {
                LogRebuilt(logger, user.Id());
                return TypedResults.Accepted($"/api/ops/{Path}", await AskAsync(calls, HttpMethod.Post, cancellationToken));
            })
            .WithName("RebuildViews").WithSummary("Begins to make people's pages and recommendations again from what their owners hold, unless that is under way.");
        rebuild.MapGet("/", async (OperatorClient calls, CancellationToken cancellationToken) => TypedResults.Ok(await AskAsync(calls, HttpMethod.Get, cancellationToken)))
            .WithName("GetRebuiltViews").WithSummary("How far people's pages and recommendations are made again.");
    }

    private static async Task<Rebuilds> AskAsync(OperatorClient calls, HttpMethod method, CancellationToken cancellationToken)
    {
        var answers = await OperatorClient.EachAsync(calls.WithViews, appId => calls.AskAsync(appId, method, Path, body: null, ContractsJson.Default.RebuildProgress, cancellationToken));
        if (answers.All(answer => answer.Answer is null) && answers.FirstOrDefault(answer => answer.Failure is not null)?.Failure is { } failure)
            throw failure;
        return new Rebuilds(
            answers.Where(answer => answer.Answer is not null).ToDictionary(answer => answer.AppId, answer => answer.Answer!),
            [.. answers.Where(answer => answer.Failure is not null).Select(answer => answer.AppId)]);
    }

    [LoggerMessage(LogLevel.Information, "Operator {Who} has the views made again")]
    private static partial void LogRebuilt(ILogger logger, string who);
}

/// <summary>How far views are made again.</summary>
/// <param name="Views">By the service that keeps them.</param>
/// <param name="Unreachable">Services that did not answer: theirs are not made again.</param>
internal sealed record Rebuilds(IReadOnlyDictionary<string, RebuildProgress> Views, IReadOnlyList<string> Unreachable);
