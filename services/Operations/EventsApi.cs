using System.Diagnostics;

namespace OrderMall.Operations;

/// <summary>The events of an order or title, with who handled each when.</summary>
/// <param name="Events">In the order in which they happened.</param>
/// <param name="Unreachable">Services that did not answer: what they know is missing.</param>
/// <param name="Untold">Services without a database, which do not keep when they handled what.</param>
internal sealed record EventHistory(Guid Id, IReadOnlyList<PastEvent> Events, IReadOnlyList<string> Unreachable, IReadOnlyList<string> Untold);

/// <summary>An event.</summary>
/// <param name="Version">Of the aggregate that it tells of, at its publisher.</param>
/// <param name="At">When it happened (UTC).</param>
/// <param name="TraceId">The trace in which it happened, as the dashboard shows it.</param>
/// <param name="PublishedBy">The service that it is from.</param>
/// <param name="PublishedAt">When the broker took it (UTC); <see langword="null"/> while it waits.</param>
/// <param name="Handled">Those on whom it had an effect.</param>
internal sealed record PastEvent(
    Guid EventId, string Topic, string Type, long? Version, DateTimeOffset At, string? TraceId, string PublishedBy, DateTimeOffset? PublishedAt, IReadOnlyList<EventHandled> Handled);

/// <summary>What became of an event at a subscriber.</summary>
/// <param name="At">When it was handled (UTC).</param>
/// <param name="ParkedAt">Since when it is among the service's dead letters (UTC).</param>
internal sealed record EventHandled(string Service, DateTimeOffset? At, DateTimeOffset? ParkedAt);

/// <summary>The correlation key made visible: everything that was published of one order, within the week that events are kept.</summary>
internal static class EventsApi
{
    public static void Map(WebApplication app)
    {
        var ops = app.MapGroup("/api/ops").WithTags("Operation").RequireRole(Roles.Operator).ProducesProblem(StatusCodes.Status404NotFound);
        ops.MapGet("/orders/{id:guid}/events", (Guid id, OperatorClient client, CancellationToken cancellationToken) => HistoryAsync("order", id, client, cancellationToken))
            .WithName("ListOrderEvents").WithSummary("Every event of an order within the last week, and who handled it when.");
        ops.MapGet("/titles/{id:guid}/events", (Guid id, OperatorClient client, CancellationToken cancellationToken) => HistoryAsync("title", id, client, cancellationToken))
            .WithName("ListTitleEvents").WithSummary("Every event of a title's registration within the last week, and who handled it when.");
    }

    private static async Task<Results<Ok<EventHistory>, ProblemHttpResult>> HistoryAsync(string what, Guid id, OperatorClient client, CancellationToken cancellationToken)
    {
        var published = await OperatorClient.EachAsync(AuditSources.WithDatabase, appId => client.AskAsync(
            appId, HttpMethod.Post, "audit/events", JsonContent.Create(new LoggedEventsRequest(id.ToString()), ServiceDefaultsJson.Default.LoggedEventsRequest), ServiceDefaultsJson.Default.ListLoggedEvent, cancellationToken));
        var events = published.SelectMany(one => (one.Answer ?? []).Select(e => (one.AppId, Event: e))).OrderBy(one => one.Event.At).ThenBy(one => one.Event.Version).ToList();
        if (events.Count == 0)
        {
            return published.FirstOrDefault(one => one.Failure is not null)?.AppId is { } missing
                ? throw new ServiceUnavailableException(missing, "It did not say what it has published.")
                : Problems.Of(StatusCodes.Status404NotFound, "not-found", "Not found.", $"There is no such {what}, or nothing happened to it within a week, which is how long events are kept.");
        }

        var ids = new HandledEventsRequest([.. events.Select(e => e.Event.EventId.ToString())]);
        var handled = await OperatorClient.EachAsync(AuditSources.WithDatabase, appId => client.AskAsync(
            appId, HttpMethod.Post, "audit/events/handled", JsonContent.Create(ids, ServiceDefaultsJson.Default.HandledEventsRequest), ServiceDefaultsJson.Default.ListHandledEvent, cancellationToken));
        var byEvent = handled.SelectMany(one => (one.Answer ?? []).Select(e => (e.EventId, Handled: new EventHandled(one.AppId, e.HandledAt, e.ParkedAt)))).ToLookup(one => one.EventId, one => one.Handled);
        return TypedResults.Ok(new EventHistory(
            id,
            [
                .. events.Select(one => new PastEvent(
                    one.Event.EventId, one.Event.Topic, one.Event.Type, one.Event.Version, one.Event.At, TraceOf(one.Event.TraceParent), one.AppId, one.Event.PublishedAt,
                    [.. byEvent[one.Event.EventId.ToString()].OrderBy(done => done.At ?? done.ParkedAt)])),
            ],
            [.. published.Where(one => one.Failure is not null).Select(one => one.AppId).Union(handled.Where(one => one.Failure is not null).Select(one => one.AppId))],
            client.WithViews));
    }

    private static string? TraceOf(string? traceParent) =>
        ActivityContext.TryParse(traceParent, null, out var context) ? context.TraceId.ToString() : null;
}
