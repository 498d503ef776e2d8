using System.Net.Http.Headers;
using System.Text.Json;

namespace OrderMall.Sidecar;

/// <summary>What is to become of an event after a delivery.</summary>
/// <param name="Kind">Which of the ends it is.</param>
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

    /// <summary>It failed and is to be tried again.</summary>
    Again,

    /// <summary>It did not reach the app, which does not count as a failure.</summary>
    NotTried,
}

/// <summary>Brings one event to its subscriber and reads the answer as Dapr does.</summary>
internal sealed partial class Delivery(HttpMessageInvoker client, TimeProvider time, ILogger logger)
{
    // Applies where no policy gives a limit; an app that never answers must not hold its subscription for good.
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan NobodyThere = TimeSpan.FromMilliseconds(100);
    private static readonly MediaTypeHeaderValue CloudEvents = new("application/cloudevents+json");

    private enum Answer
    {
        Success,
        Retry,
        Drop,
        Final,
        NotReached,
    }

    public async Task<Verdict> DeliverAsync(App app, Subscription subscription, QueuedEvent queued, CancellationToken ct)
    {
        var attributes = EventAttributes.Read(queued.Envelope);
        if (attributes.Expiration < time.GetUtcNow())
            return new(VerdictKind.Dropped);
        if (!subscription.Wants(attributes.Type))
            return new(VerdictKind.Handled);
        if (subscription.RouteFor(attributes.Type) is not { } route)
            return new(VerdictKind.Dropped);
        if (route.Problem is { } problem)
        {
            LogNoRoute(logger, app.AppId, subscription.Topic, attributes.Id, problem);
            return new(VerdictKind.Exhausted);
        }

        if (app.NextInstance() is not { } instance)
            return new(VerdictKind.NotTried, NobodyThere);

        var policies = app.Policies.ForInbound(subscription.PubSub);
        var breaker = policies?.Breakers?.For(subscription.PubSub);
        long generation = 0;
        // Dapr gives up on an event that meets an open breaker. Here it waits: the breaker is there to spare the app, not to lose events.
        if (breaker?.Enter(out generation) is not null)
            return new(VerdictKind.NotTried, breaker.Timeout);

        var hop = TraceContext.From(attributes.TraceParent).Begin(app, subscription.Topic);
        if (hop.Span is { } span)
        {
            span.DisplayName = $"pubsub/{subscription.Topic}";
            span.SetTag("messaging.system", "pubsub").SetTag("messaging.destination.name", subscription.Topic).SetTag("messaging.message.id", attributes.Id);
        }

        using var request = Request(instance, route.Path, app, subscription, queued, attributes, hop);
        var answer = await AskAsync(app, instance, request, policies, attributes.Id, ct);
        hop.End(answer is Answer.Success or Answer.Drop ? StatusCodes.Status200OK : null);
        breaker?.Leave(generation, answer is Answer.Success or Answer.Drop);
        return answer switch
        {
            Answer.Success => new(VerdictKind.Handled),
            Answer.Drop => new(VerdictKind.Dropped),
            Answer.Final => new(VerdictKind.Exhausted),
            Answer.NotReached => new(VerdictKind.NotTried, NobodyThere),
            _ => Failed(policies?.Retry, queued),
        };
    }

    private Verdict Failed(RetryPolicy? retry, QueuedEvent queued)
    {
        queued.FirstFailure ??= time.GetTimestamp();
        return retry?.Pause(queued.Attempts, time.GetElapsedTime(queued.FirstFailure.Value)) is { } pause
            ? new(VerdictKind.Again, pause)
            : new(VerdictKind.Exhausted);
    }

    private static HttpRequestMessage Request(
        AppInstance instance, string path, App app, Subscription subscription, QueuedEvent queued, EventAttributes attributes, TraceContext hop)
    {
        var envelope = subscription.RawPayload
            ? CloudEventEnvelope.WrapRaw(queued.Envelope, subscription.PubSub, subscription.Topic)
            : queued.Envelope;
        var request = new HttpRequestMessage(HttpMethod.Post, instance.BaseAddress + path)
        {
            Content = new ByteArrayContent(envelope) { Headers = { ContentType = CloudEvents } },
        };
        request.Headers.TryAddWithoutValidation("traceparent", hop.Child());
        if (attributes.TraceState is { Length: > 0 } state)
            request.Headers.TryAddWithoutValidation("tracestate", state);
        request.Headers.TryAddWithoutValidation("Pubsubname", subscription.PubSub);
        AppToken.AddTo(request, app);
        return request;
    }

    private async Task<Answer> AskAsync(
        App app, AppInstance instance, HttpRequestMessage request, TargetPolicies? policies, string? eventId, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(policies?.Timeout ?? DefaultTimeout);
        try
        {
            using var response = await instance.SendAsync(client, request, limit.Token);
            var status = (int)response.StatusCode;
            if (response.IsSuccessStatusCode)
                return response.Content.Headers.ContentLength == 0 ? Answer.Success : await ReadAsync(response, limit.Token);
            LogRefused(logger, app.AppId, request.RequestUri!.AbsolutePath, eventId, status);
            return status == StatusCodes.Status404NotFound ? Answer.Drop
                : policies?.Retry?.Covers(status) == false ? Answer.Final
                : Answer.Retry;
        }
        catch (HttpRequestException failure) when (HealthProbes.IsRefusal(failure))
        {
            app.Refused(instance);
            return Answer.NotReached;
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or OperationCanceledException)
        {
            if (ct.IsCancellationRequested)
                return Answer.NotReached;
            LogFailed(logger, app.AppId, request.RequestUri!.AbsolutePath, eventId, failure is OperationCanceledException ? "no answer in time" : failure.Message);
            instance.ProbeNow();
            return Answer.Retry;
        }
    }

    /// <summary>A 2xx says by its body what became of the event; without a body that says so, it was handled.</summary>
    private static async Task<Answer> ReadAsync(HttpResponseMessage response, CancellationToken ct)
    {
        var body = await response.Content.ReadAsByteArrayAsync(ct);
        return Status(body) switch
        {
            null or "" or "SUCCESS" => Answer.Success,
            "DROP" => Answer.Drop,
            _ => Answer.Retry,
        };
    }

    private static string? Status(ReadOnlySpan<byte> body)
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

    [LoggerMessage(Level = LogLevel.Warning, Message = "{AppId}{Path} answered event {EventId} with {Status}")]
    private static partial void LogRefused(ILogger logger, string appId, string path, string? eventId, int status);

    [LoggerMessage(Level = LogLevel.Error, Message = "{AppId} cannot be given event {EventId} of {Topic}: {Problem}")]
    private static partial void LogNoRoute(ILogger logger, string appId, string topic, string? eventId, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{AppId}{Path} did not take event {EventId}: {Problem}")]
    private static partial void LogFailed(ILogger logger, string appId, string path, string? eventId, string problem);
}
