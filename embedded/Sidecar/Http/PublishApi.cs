using System.Text;
using System.Text.Json;

namespace OrderMall.Sidecar.Http;

/// <summary>Publishing over HTTP: one event, or many in one request.</summary>
internal sealed class PublishApi(Publishing publishing)
{
    public async Task PublishAsync(HttpContext http, App caller, string pubsub, string topic, TraceContext trace)
    {
        var publication = Open(http, caller, pubsub, topic, trace);
        await publication.PublishAsync(http.Request.ContentType ?? "", await ReadAsync(http, publication), http.RequestAborted);
        http.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    public async Task PublishBulkAsync(HttpContext http, App caller, string pubsub, string topic, TraceContext trace)
    {
        var publication = Open(http, caller, pubsub, topic, trace);
        var body = await ReadAsync(http, publication);
        try
        {
            using var document = JsonDocument.Parse(body);
            await publication.PublishAsync(Entries(document.RootElement), http.RequestAborted);
        }
        catch (Exception mistake) when (mistake is JsonException or FormatException)
        {
            var message = $"error when unmarshaling the request for topic {topic} pubsub {pubsub}: {mistake.Message}";
            throw new DaprErrorException(new(StatusCodes.Status400BadRequest, "ERR_PUBSUB_EVENTS_SER", message)
            {
                Reason = "DAPR_PUBSUB_UNMARSHAL_EVENTS",
                ReasonMetadata = new Dictionary<string, string> { ["appID"] = caller.AppId },
                Resource = ("pubsub", pubsub, message),
            });
        }

        http.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private Publication Open(HttpContext http, App caller, string pubsub, string topic, TraceContext trace) =>
        publishing.Open(new(caller, pubsub, topic, RequestMetadata.Of(http.Request), trace, http.Request.Headers.TraceState.ToString()));

    private static async Task<ReadOnlyMemory<byte>> ReadAsync(HttpContext http, Publication publication)
    {
        try
        {
            return await RequestBody.ReadAsync(http.Request, http.RequestAborted);
        }
        catch (BodyTooLargeException)
        {
            throw publication.Failed("http: request body too large");
        }
    }

    private static IEnumerable<PublishEntry> Entries(JsonElement entries)
    {
        if (entries.ValueKind != JsonValueKind.Array)
            throw new JsonException("the body must be a list of entries");
        foreach (var entry in entries.EnumerateArray())
        {
            if (entry.ValueKind != JsonValueKind.Object || entry.Field("event") is not { } content)
                throw new JsonException("an entry has no event");
            var id = entry.Text("entryId", "BulkPublishRequestEntry.entryId") ?? "";
            var contentType = entry.Text("contentType", "BulkPublishRequestEntry.contentType") ?? "";
            yield return new(id, contentType, Content(content, contentType), Metadata(entry));
        }
    }

    /// <summary>What a bulk entry's event is as bytes: text as it is, binary from base64, anything else as JSON.</summary>
    private static byte[] Content(JsonElement content, string contentType)
    {
        if (content.ValueKind != JsonValueKind.String || contentType.Contains("json", StringComparison.OrdinalIgnoreCase))
            return Encoding.UTF8.GetBytes(content.GetRawText());
        return contentType.StartsWith("application/octet-stream", StringComparison.OrdinalIgnoreCase)
            ? content.GetBytesFromBase64()
            : Encoding.UTF8.GetBytes(content.GetString()!);
    }

    private static IEnumerable<KeyValuePair<string, string>>? Metadata(JsonElement entry) =>
        entry.Field("metadata") is { ValueKind: JsonValueKind.Object } own
            ? own.EnumerateObject().Select(property => KeyValuePair.Create(property.Name, property.Value.GetString() ?? ""))
            : null;
}
