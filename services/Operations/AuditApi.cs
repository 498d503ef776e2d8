using System.Text.Json.Serialization;

namespace OrderMall.Operations;

/// <summary>Shows operators what must agree, and what does not.</summary>
internal static class AuditApi
{
    public static void Map(WebApplication app) =>
        app.MapGet("/api/ops/audit", RunAsync)
            .WithTags("Operation").WithName("Audit").WithSummary("Asks every service and compares: the counts that must agree, and each disagreement that stays. Where complete is false there was too much for one turn: the next one goes on from there.")
            .RequireRole(Roles.Operator);

    private static async Task<Results<Ok<AuditReport>, ProblemHttpResult>> RunAsync(Audit audit, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Audit.TimeLimit);
        try
        {
            return TypedResults.Ok(await audit.RunAsync(Audit.Turn, limit.Token));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Problems.Of(StatusCodes.Status504GatewayTimeout, "timeout", "No answer in time.", $"The services did not answer this turn of the audit within {Audit.TimeLimit.TotalSeconds} s. Ask again: it goes on where it stopped.");
        }
    }
}

/// <summary>The audit's result.</summary>
/// <param name="Since">When it began (UTC).</param>
/// <param name="At">When it was finished, or this turn of it (UTC).</param>
/// <param name="Complete">Whether it looked at everything and everybody answered. If not, the next turn goes on, and what needs a second look is reported at the end.</param>
/// <param name="Counts">How many of what there are, as far as it has come.</param>
/// <param name="Disagreements">What does not agree; at most 1000.</param>
internal sealed record AuditReport(DateTimeOffset Since, DateTimeOffset At, bool Complete, IReadOnlyDictionary<string, long> Counts, IReadOnlyList<Disagreement> Disagreements);

/// <summary>Two sides that do not agree.</summary>
/// <param name="Rule">Which rule it breaks: <c>payment, provider, capacity, hold, store, delivery, dispatch, notification, mypage, title, overdue, outbox, dead-letters, reachable</c>.</param>
/// <param name="Detail">What the sides say.</param>
/// <param name="OrderId">The order it concerns.</param>
/// <param name="OfferId">The offer it concerns.</param>
/// <param name="TitleId">The title's registration it concerns.</param>
internal sealed record Disagreement(
    string Rule,
    string Detail,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Guid? OrderId = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Guid? OfferId = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Guid? TitleId = null);
