using System.Net.Http.Headers;
using System.Text.Json;

namespace OrderMall.Sidecar.PubSub;

/// <summary>What is to become of an event after a delivery.</summary>
/// <param name="Pause">Until the next delivery, when there is to be one.</param>
internal readonly record struct Verdict(VerdictKind Kind, TimeSpan Pause = default);

/// <summary>The ends a delivery can come to.</summary>
internal enum VerdictKind
{
    /// <summary>The app has it.</summary>
    Handled,

    /// <summary>The app does not want it or cannot handle it: to the dead letter topic, or gone where there is none.</summary>
    Dropped,

    /// <summary>It failed, and the retries are over: to the dead letter topic, or again at the broker's own slow pace.</summary>
    Exhausted,

    /// <summary>It failed and is to be retried.</summary>
    Again,

    /// <summary>It did not reach the app, which does not count as a failure.</summary>
    NotTried,
}

/// <summary>Brings events to their subscriber, one by one or in bulk, and reads the answer as Dapr does.</summary>
internal sealed partial class EventDelivery(HttpMessageInvoker client, TimeProvider time, ILogger logger)
{
    // Applies where no policy gives a limit; an app that never answers must not hold its subscription for good.
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan NobodyThere = TimeSpan.FromMilliseconds(100);
    private static readonly MediaTypeHeaderValue CloudEvents = new("application/cloudevents+json");
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    private enum Answer
    {
        Success,
        Retry,
        Drop,
        Final,
        NotReached,
    }

    public async Task<Verdict> DeliverAsync(App app, Subscription subscription, QueuedEvent queued, CancellationToken cancellationToken)
    {
        var attributes = EventAttributes.Read(queued.Envelope);
        if (Sort(app, subscription, attributes, out var route) is { } sorted)
            return sorted;
        if (Admit(app, subscription, out var call) is { } refused)
            return refused;
        var hop = Begin(app, subscription, attributes);
        var envelope = subscription.RawPayload
            ? CloudEventEnvelope.WrapRaw(queued.Envelope, subscription.PubSub, subscription.Topic)
            : queued.Envelope;
        using var request = Request(call.Instance, route!.Path, app, new ByteArrayContent(envelope) { Headers = { ContentType = CloudEvents } }, hop, attributes.TraceState);
        request.Headers.TryAddWithoutValidation("Pubsubname", subscription.PubSub);
        var (answer, body) = await AskAsync(app, call, request, attributes.Id, cancellationToken);
        if (body is not null)
            answer = StatusOf(body) switch { null or "" or "SUCCESS" => Answer.Success, "DROP" => Answer.Drop, _ => Answer.Retry };
        hop.End(answer is Answer.Success or Answer.Drop ? StatusCodes.Status200OK : null);
        call.Breaker?.Leave(call.Generation, answer is Answer.Success or Answer.Drop);
        return Judge(answer, call.Policies?.Retry, queued);
    }

    /// <summary>Brings several at once, in one request for each path they go to; each has a verdict of its own.</summary>
    public async Task<Verdict[]> DeliverAsync(App app, Subscription subscription, IReadOnlyList<QueuedEvent> batch, CancellationToken cancellationToken)
    {
        var verdicts = new Verdict[batch.Count];
        var byPath = new Dictionary<string, List<BulkEntry>>();
        for (var i = 0; i < batch.Count; i++)
        {
            var attributes = EventAttributes.Read(batch[i].Envelope);
            if (Sort(app, subscription, attributes, out var route) is { } sorted)
                verdicts[i] = sorted;
            else if (!subscription.RawPayload && !attributes.IsJson)
                verdicts[i] = new(VerdictKind.Exhausted);
            else if (byPath.TryGetValue(route!.Path, out var entries))
                entries.Add(new(i, batch[i], attributes));
            else
                byPath.Add(route.Path, [new(i, batch[i], attributes)]);
        }

        foreach (var (path, entries) in byPath)
            await DeliverAsync(app, subscription, path, entries, verdicts, cancellationToken);
        return verdicts;
    }

    private async Task DeliverAsync(App app, Subscription subscription, string path, List<BulkEntry> entries, Verdict[] verdicts, CancellationToken cancellationToken)
    {
        if (Admit(app, subscription, out var call) is { } refused)
        {
            entries.ForEach(entry => verdicts[entry.Index] = refused);
            return;
        }

        var hops = entries.ConvertAll(entry => Begin(app, subscription, entry.Attributes));
        var content = new ReadOnlyMemoryContent(BulkEnvelope.Write(subscription, entries)) { Headers = { ContentType = Json } };
        // As daprd does: in the trace of the last.
        using var request = Request(call.Instance, path, app, content, hops[^1], entries[^1].Attributes.TraceState);
        var (answer, body) = await AskAsync(app, call, request, entries[0].Attributes.Id, cancellationToken);
        // What is not said of an entry is that it was not handled.
        var statuses = BulkEnvelope.ReadStatuses(body);
        var areHandled = answer is Answer.Success or Answer.Drop;
        for (var i = 0; i < entries.Count; i++)
        {
            var own = answer != Answer.Success ? answer : statuses.GetValueOrDefault(entries[i].Id) switch { "SUCCESS" => Answer.Success, "DROP" => Answer.Drop, _ => Answer.Retry };
            areHandled &= own is Answer.Success or Answer.Drop;
            hops[i].End(own is Answer.Success or Answer.Drop ? StatusCodes.Status200OK : null);
            verdicts[entries[i].Index] = Judge(own, call.Policies?.Retry, entries[i].Queued);
        }

        call.Breaker?.Leave(call.Generation, areHandled);
    }

    // What need not be brought, or cannot be: otherwise where to.
    private Verdict? Sort(App app, Subscription subscription, EventAttributes attributes, out Route? route)
    {
        route = null;
        if (attributes.Expiration < time.GetUtcNow())
            return new(VerdictKind.Dropped);
        route = subscription.RouteFor(attributes.Type);
        if (route is null)
            return new(VerdictKind.Dropped);
        if (route.Problem is not { } problem)
            return null;
        LogNoRoute(logger, app.AppId, subscription.Topic, attributes.Id, problem);
        return new(VerdictKind.Exhausted);
    }

    private static Verdict? Admit(App app, Subscription subscription, out Call call)
    {
        call = default;
        if (app.NextInstance() is not { } instance)
            return new(VerdictKind.NotTried, NobodyThere);
        var policies = app.Policies.ForInbound(subscription.PubSub);
        var breaker = policies?.Breakers?.For(subscription.PubSub);
        long generation = 0;
        // Dapr gives up on an event that meets an open breaker. Here it waits: the breaker is there to spare the app, not to lose events.
        if (breaker?.Enter(out generation) is not null)
            return new(VerdictKind.NotTried, breaker.Timeout);
        call = new(instance, policies, breaker, generation);
        return null;
    }

    private static TraceContext Begin(App app, Subscription subscription, EventAttributes attributes)
    {
        var hop = TraceContext.From(attributes.TraceParent).Begin(app, subscription.Topic);
        if (hop.Span is { } span)
        {
            span.DisplayName = $"pubsub/{subscription.Topic}";
            span.SetTag("messaging.system", "pubsub").SetTag("messaging.destination.name", subscription.Topic).SetTag("messaging.message.id", attributes.Id);
        }

        return hop;
    }

    private Verdict Judge(Answer answer, RetryPolicy? retry, QueuedEvent queued) => answer switch
    {
        Answer.Success => new(VerdictKind.Handled),
        Answer.Drop => new(VerdictKind.Dropped),
        Answer.Final => new(VerdictKind.Exhausted),
        Answer.NotReached => new(VerdictKind.NotTried, NobodyThere),
        _ => Failed(retry, queued),
    };

    private Verdict Failed(RetryPolicy? retry, QueuedEvent queued)
    {
        queued.FirstFailure ??= time.GetTimestamp();
        return retry?.Pause(queued.Attempts, time.GetElapsedTime(queued.FirstFailure.Value)) is { } pause
            ? new(VerdictKind.Again, pause)
            : new(VerdictKind.Exhausted);
    }

    private static HttpRequestMessage Request(AppInstance instance, string path, App app, HttpContent content, TraceContext hop, string? traceState)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, instance.BaseAddress + path) { Content = content };
        request.Headers.TryAddWithoutValidation("traceparent", hop.Child());
        if (traceState is { Length: > 0 } state)
            request.Headers.TryAddWithoutValidation("tracestate", state);
        AppToken.AddTo(request, app);
        return request;
    }

    // With the body of a success, which says more; null where there is none.
    private async Task<(Answer Answer, byte[]? Body)> AskAsync(App app, Call call, HttpRequestMessage request, string? eventId, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(call.Policies?.Timeout ?? DefaultTimeout);
        try
        {
            using var response = await call.Instance.SendAsync(client, request, limit.Token);
            var status = (int)response.StatusCode;
            if (response.IsSuccessStatusCode)
                return (Answer.Success, response.Content.Headers.ContentLength == 0 ? null : await response.Content.ReadAsByteArrayAsync(limit.Token));
            LogRefused(logger, app.AppId, request.RequestUri!.AbsolutePath, eventId, status);
            return (status == StatusCodes.Status404NotFound ? Answer.Drop
                : call.Policies?.Retry?.Covers(status) == false ? Answer.Final
                : Answer.Retry, null);
        }
        catch (HttpRequestException failure) when (HealthProbes.IsRefusal(failure))
        {
            app.Refused(call.Instance);
            return (Answer.NotReached, null);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or OperationCanceledException)
        {
            if (cancellationToken.IsCancellationRequested)
                return (Answer.NotReached, null);
            LogFailed(logger, app.AppId, request.RequestUri!.AbsolutePath, eventId, failure is OperationCanceledException ? "no answer in time" : failure.Message);
            call.Instance.ProbeNow();
            return (Answer.Retry, null);
        }
    }

    // A 2xx says by its body what became of the event; without a body that says so, it was handled.
    private static string? StatusOf(ReadOnlySpan<byte> body)
    {
        try
        {
            var json = new Utf8JsonReader(body);
            if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
                return null;
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                var isStatus = json.ValueTextEquals("status"u8);
                json.Read();
                if (isStatus && json.TokenType == JsonTokenType.String)
                    return json.GetString();
                json.Skip();
            }
        }
        catch (JsonException)
        {
            // As in Dapr, what is no JSON says nothing about the event.
        }

        return null;
    }

    private readonly record struct Call(AppInstance Instance, TargetPolicies? Policies, CircuitBreaker? Breaker, long Generation);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{AppId}{Path} answered event {EventId} with {Status}")]
    private static partial void LogRefused(ILogger logger, string appId, string path, string? eventId, int status);

    [LoggerMessage(Level = LogLevel.Error, Message = "{AppId} cannot be given event {EventId} of {Topic}: {Problem}")]
    private static partial void LogNoRoute(ILogger logger, string appId, string topic, string? eventId, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{AppId}{Path} did not take event {EventId}: {Problem}")]
    private static partial void LogFailed(ILogger logger, string appId, string path, string? eventId, string problem);
}
