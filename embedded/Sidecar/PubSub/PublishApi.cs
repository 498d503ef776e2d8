using System.Text;
using System.Text.Json;

namespace OrderMall.Sidecar;

/// <summary>Publishing over HTTP: one event, or many in one request.</summary>
internal sealed class PublishApi(Resources resources, Publisher publisher, TimeProvider time)
{
    private const string Prefix = "metadata.";

    public async Task PublishAsync(HttpContext http, App caller, string pubsub, string topic, TraceContext trace)
    {
        if (Missing(caller, pubsub, topic) is { } missing)
        {
            await missing.WriteAsync(http.Response);
            return;
        }

        try
        {
            var body = await RequestBody.ReadAsync(http.Request, http.RequestAborted);
            var metadata = Metadata(http.Request);
            var envelope = IsRaw(metadata)
                ? body.ToArray()
                : CloudEventEnvelope.Wrap(Data(http, caller, pubsub, topic, trace, http.Request.ContentType ?? "", body, metadata), time.GetUtcNow());
            await KeepAsync(http, caller, pubsub, topic, [envelope]);
        }
        catch (JsonException)
        {
            await new DaprError(StatusCodes.Status500InternalServerError, "ERR_PUBSUB_CLOUD_EVENTS_SER", "cannot create cloudevent")
            {
                Reason = "DAPR_PUBSUB_CLOUD_EVENT_CREATION",
                ReasonMetadata = ("appID", caller.AppId),
            }.WriteAsync(http.Response);
        }
        catch (BodyTooLargeException)
        {
            await Failed(pubsub, topic, "http: request body too large").WriteAsync(http.Response);
        }
    }

    public async Task PublishBulkAsync(HttpContext http, App caller, string pubsub, string topic, TraceContext trace)
    {
        if (Missing(caller, pubsub, topic) is { } missing)
        {
            await missing.WriteAsync(http.Response);
            return;
        }

        try
        {
            var body = await RequestBody.ReadAsync(http.Request, http.RequestAborted);
            using var document = JsonDocument.Parse(body);
            await KeepAsync(http, caller, pubsub, topic, Envelopes(http, caller, pubsub, topic, trace, document.RootElement));
        }
        catch (Exception mistake) when (mistake is JsonException or FormatException)
        {
            await new DaprError(
                StatusCodes.Status400BadRequest,
                "ERR_PUBSUB_EVENTS_SER",
                $"error when unmarshaling the request for topic {topic} pubsub {pubsub}: {mistake.Message}")
            {
                Reason = "DAPR_PUBSUB_UNMARSHAL_EVENTS",
                ReasonMetadata = ("appID", caller.AppId),
            }.WriteAsync(http.Response);
        }
        catch (BodyTooLargeException)
        {
            await Failed(pubsub, topic, "http: request body too large").WriteAsync(http.Response);
        }
    }

    private List<byte[]> Envelopes(HttpContext http, App caller, string pubsub, string topic, TraceContext trace, JsonElement entries)
    {
        if (entries.ValueKind != JsonValueKind.Array)
            throw new JsonException("the body must be a list of entries");
        var shared = Metadata(http.Request);
        var ids = new HashSet<string>();
        var envelopes = new List<byte[]>(entries.GetArrayLength());
        foreach (var entry in entries.EnumerateArray())
        {
            if (entry.ValueKind != JsonValueKind.Object || !entry.TryGetProperty("event", out var content))
                throw new JsonException("an entry has no event");
            if (!entry.TryGetProperty("entryId", out var id) || id.ValueKind != JsonValueKind.String || id.GetString() is not { Length: > 0 } entryId || !ids.Add(entryId))
                throw new JsonException("entryId is duplicated or not present for entry");
            var contentType = entry.TryGetProperty("contentType", out var type) ? type.GetString() ?? "" : "";
            var data = Content(content, contentType);
            envelopes.Add(IsRaw(shared)
                ? data
                : CloudEventEnvelope.Wrap(Data(http, caller, pubsub, topic, trace, contentType, data, EntryMetadata(entry, shared)), time.GetUtcNow()));
        }

        return envelopes;
    }

    private async Task KeepAsync(HttpContext http, App caller, string pubsub, string topic, IReadOnlyList<byte[]> envelopes)
    {
        try
        {
            if (caller.Policies.ForOutbound(pubsub, "Pubsub") is { } policies)
                await ComponentCall.RunAsync(policies, pubsub, () => publisher.PublishAsync(pubsub, topic, envelopes), http.RequestAborted);
            else
                await publisher.PublishAsync(pubsub, topic, envelopes);
            http.Response.StatusCode = StatusCodes.Status204NoContent;
        }
        catch (Exception failure) when (ComponentCall.Explain(failure) is { } problem)
        {
            await Failed(pubsub, topic, problem).WriteAsync(http.Response);
        }
    }

    private DaprError? Missing(App caller, string pubsub, string topic)
    {
        if (resources.PubSub(pubsub, caller.AppId) is null)
            return new(StatusCodes.Status404NotFound, "ERR_PUBSUB_NOT_FOUND", $"pubsub {pubsub} is not found") { Reason = "DAPR_PUBSUB_NOT_FOUND" };
        return topic.Length == 0
            ? new(StatusCodes.Status404NotFound, "ERR_TOPIC_NAME_EMPTY", $"topic is empty in pubsub {pubsub}") { Reason = "DAPR_PUBSUB_TOPIC_NAME_EMPTY" }
            : null;
    }

    private static DaprError Failed(string pubsub, string topic, string problem) =>
        new(
            StatusCodes.Status500InternalServerError,
            "ERR_PUBSUB_PUBLISH_MESSAGE",
            $"error when publishing to topic {topic} in pubsub {pubsub}: {problem}")
        {
            Reason = "DAPR_PUBSUB_PUBLISH_MESSAGE",
            ReasonMetadata = ("topic", topic),
        };

    private static PublishedData Data(
        HttpContext http,
        App caller,
        string pubsub,
        string topic,
        TraceContext trace,
        string contentType,
        ReadOnlyMemory<byte> data,
        IReadOnlyDictionary<string, string> metadata) =>
        new(caller.AppId, pubsub, topic, contentType, data, metadata, trace.Child(), http.Request.Headers.TraceState.ToString());

    /// <summary>What a bulk entry's event is as bytes: text as it is, binary from base64, anything else as JSON.</summary>
    private static byte[] Content(JsonElement content, string contentType)
    {
        if (content.ValueKind != JsonValueKind.String || contentType.Contains("json", StringComparison.OrdinalIgnoreCase))
            return Encoding.UTF8.GetBytes(content.GetRawText());
        return contentType.StartsWith("application/octet-stream", StringComparison.OrdinalIgnoreCase)
            ? content.GetBytesFromBase64()
            : Encoding.UTF8.GetBytes(content.GetString()!);
    }

    private static Dictionary<string, string> EntryMetadata(JsonElement entry, Dictionary<string, string> shared)
    {
        // Dapr lets the request's metadata reach only those entries that have some of their own.
        var merged = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        if (!entry.TryGetProperty("metadata", out var own) || own.ValueKind != JsonValueKind.Object)
            return merged;
        foreach (var (name, value) in shared)
            merged[name] = value;
        foreach (var property in own.EnumerateObject())
            merged[property.Name] = property.Value.GetString() ?? "";
        return merged;
    }

    private static Dictionary<string, string> Metadata(HttpRequest request)
    {
        var metadata = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        if (!request.QueryString.HasValue)
            return metadata;
        foreach (var (name, values) in request.Query)
        {
            if (name.StartsWith(Prefix, StringComparison.Ordinal))
                metadata[name[Prefix.Length..]] = values[0] ?? "";
        }

        return metadata;
    }

    private static bool IsRaw(Dictionary<string, string> metadata) =>
        metadata.TryGetValue("rawPayload", out var raw) && bool.TryParse(raw, out var isRaw) && isRaw;
}
