using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace OrderMall.Sidecar.PubSub;

/// <summary>What a publisher sent, before it is an event.</summary>
/// <param name="AppId">Who publishes; the event's source unless another is given.</param>
/// <param name="ContentType">The content type of <paramref name="Data"/>, or empty.</param>
/// <param name="Metadata">The <c>metadata.*</c> of the request, by name without regard to case.</param>
/// <param name="TraceState">The trace's vendor state, or empty.</param>
internal sealed record PublishedData(
    string AppId,
    string PubSub,
    string Topic,
    string ContentType,
    ReadOnlyMemory<byte> Data,
    IReadOnlyDictionary<string, string> Metadata,
    string TraceParent,
    string TraceState);

/// <summary>Puts published data into a CloudEvent as Dapr does; what already is one keeps its own id, source and type.</summary>
internal static class CloudEventEnvelope
{
    // Unlimited nesting is bounded by the body limit; the default of 64 would refuse data that Dapr takes.
    private const int MaxDepth = 1000;

    // What an envelope adds to its event, about.
    private const int AttributesSize = 1024;
    private const int LargestShared = 8 << 10;

    private static readonly JsonWriterOptions Writing = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        MaxDepth = MaxDepth,
        SkipValidation = true,
    };

    // An envelope is written without a break, so that a thread can use one buffer for all that it writes; what is kept is a copy of no more than that.
    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _buffer;

    /// <exception cref="JsonException">It says that it is a CloudEvent and is not a JSON object.</exception>
    public static byte[] Wrap(PublishedData published, DateTimeOffset now)
    {
        var buffer = BufferFor(published.Data.Length);
        using (var json = new Utf8JsonWriter(buffer, Writing))
        {
            json.WriteStartObject();
            if (IsType(published.ContentType, "application/cloudevents+json"))
                Complete(json, published, now);
            else
                WrapData(json, published, now);
            if (Expiration(published.Metadata, now) is { } expiration)
                json.WriteString("expiration", Rfc3339(expiration));
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Wraps a bare body for a subscriber that asked for raw payloads.</summary>
    public static byte[] WrapRaw(ReadOnlySpan<byte> body, string pubsub, string topic)
    {
        var buffer = BufferFor(Base64.GetMaxEncodedToUtf8Length(body.Length));
        using (var json = new Utf8JsonWriter(buffer, Writing))
        {
            json.WriteStartObject();
            json.WriteString("id", Guid.NewGuid().ToString());
            json.WriteString("specversion", "1.0");
            json.WriteString("datacontenttype", "application/octet-stream");
            json.WriteString("source", "Dapr");
            json.WriteString("type", "com.dapr.event.sent");
            json.WriteString("topic", topic);
            json.WriteString("pubsubname", pubsub);
            json.WriteBase64String("data_base64", body);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    // The larger ones have a buffer of their own, so that no thread holds on to much.
    private static ArrayBufferWriter<byte> BufferFor(int length)
    {
        if (length > LargestShared)
            return new ArrayBufferWriter<byte>(length + AttributesSize);
        _buffer ??= new ArrayBufferWriter<byte>(LargestShared + AttributesSize);
        _buffer.ResetWrittenCount();
        return _buffer;
    }

    private static void WrapData(Utf8JsonWriter json, PublishedData published, DateTimeOffset now)
    {
        var trace = Override(published, "traceparent") ?? Override(published, "traceid") ?? published.TraceParent;
        var contentType = published.ContentType.Length == 0 ? "text/plain" : published.ContentType;
        json.WriteString("id", Override(published, "id") ?? Guid.NewGuid().ToString());
        json.WriteString("specversion", "1.0");
        json.WriteString("source", Override(published, "source") ?? published.AppId);
        json.WriteString("type", Override(published, "type") ?? "com.dapr.event.sent");
        json.WriteString("datacontenttype", contentType);
        json.WriteString("topic", published.Topic);
        json.WriteString("pubsubname", published.PubSub);
        json.WriteString("time", Rfc3339(now));
        json.WriteString("traceid", trace);
        json.WriteString("traceparent", trace);
        json.WriteString("tracestate", Override(published, "tracestate") ?? published.TraceState);
        if (Override(published, "subject") is { } subject)
            json.WriteString("subject", subject);

        if (IsType(contentType, "application/json") && IsJson(published.Data.Span))
        {
            json.WritePropertyName("data");
            json.WriteRawValue(published.Data.Span, skipInputValidation: true);
        }
        else if (IsType(contentType, "application/octet-stream"))
        {
            json.WriteBase64String("data_base64", published.Data.Span);
        }
        else
        {
            // Through a string, which replaces what is not valid UTF-8.
            json.WriteString("data", Encoding.UTF8.GetString(published.Data.Span));
        }
    }

    private static void Complete(Utf8JsonWriter json, PublishedData published, DateTimeOffset now)
    {
        using var document = JsonDocument.Parse(published.Data, new JsonDocumentOptions { MaxDepth = MaxDepth });
        var own = document.RootElement;
        if (own.ValueKind != JsonValueKind.Object)
            throw new JsonException("a CloudEvent is a JSON object");
        var traced = own.TryGetProperty("traceid", out _);
        var expires = Expiration(published.Metadata, now) is not null;
        foreach (var attribute in own.EnumerateObject())
        {
            var replaced = attribute.NameEquals("topic"u8) || attribute.NameEquals("pubsubname"u8)
                || (!traced && attribute.NameEquals("traceparent"u8))
                || (expires && attribute.NameEquals("expiration"u8))
                || (attribute.Value.ValueKind == JsonValueKind.Null && (attribute.NameEquals("source"u8) || attribute.NameEquals("type"u8) || attribute.NameEquals("specversion"u8)));
            if (!replaced)
                attribute.WriteTo(json);
        }

        json.WriteString("topic", published.Topic);
        json.WriteString("pubsubname", published.PubSub);
        Default(json, own, "source", "Dapr");
        Default(json, own, "type", "com.dapr.event.sent");
        Default(json, own, "specversion", "1.0");
        if (!own.TryGetProperty("time", out _))
            json.WriteString("time", Rfc3339(now));
        if (!own.TryGetProperty("tracestate", out _))
            json.WriteString("tracestate", published.TraceState);
        if (!traced)
        {
            json.WriteString("traceid", published.TraceParent);
            json.WriteString("traceparent", published.TraceParent);
        }
    }

    private static void Default(Utf8JsonWriter json, JsonElement own, string name, string value)
    {
        if (!own.TryGetProperty(name, out var given) || given.ValueKind == JsonValueKind.Null)
            json.WriteString(name, value);
    }

    private static string? Override(PublishedData published, string attribute) =>
        published.Metadata.TryGetValue($"cloudevent.{attribute}", out var value) && value.Length > 0 ? value : null;

    private static DateTimeOffset? Expiration(IReadOnlyDictionary<string, string> metadata, DateTimeOffset now)
    {
        if (!metadata.TryGetValue("ttlInSeconds", out var text) && !metadata.TryGetValue("ttl", out text))
            return null;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
            return seconds > 0 ? now.AddSeconds(seconds) : null;
        return GoDuration.TryParse(text, out var duration) ? now + duration : null;
    }

    private static bool IsJson(ReadOnlySpan<byte> data)
    {
        try
        {
            var json = new Utf8JsonReader(data, new JsonReaderOptions { MaxDepth = MaxDepth });
            while (json.Read())
            {
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static bool IsType(string contentType, string type) =>
        contentType.StartsWith(type, StringComparison.OrdinalIgnoreCase)
        && (contentType.Length == type.Length || contentType[type.Length] is ';' or ' ');

    private static string Rfc3339(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
