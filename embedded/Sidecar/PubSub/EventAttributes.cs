using System.Globalization;
using System.Text.Json;

namespace OrderMall.Sidecar.PubSub;

/// <summary>What the sidecar itself needs to know of an event.</summary>
/// <param name="IsJson">Whether the envelope is a JSON object.</param>
internal readonly record struct EventAttributes(string? Id, string? Type, string? TraceParent, string? TraceState, DateTimeOffset? Expiration, bool IsJson)
{
    /// <summary>Reads them from an envelope; a bare body that is no CloudEvent has none.</summary>
    public static EventAttributes Read(ReadOnlySpan<byte> envelope)
    {
        var attributes = default(EventAttributes);
        string? traceId = null;
        try
        {
            var json = new Utf8JsonReader(envelope);
            if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
                return attributes;
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                if (json.ValueTextEquals("id"u8))
                    attributes = attributes with { Id = Text(ref json) };
                else if (json.ValueTextEquals("type"u8))
                    attributes = attributes with { Type = Text(ref json) };
                else if (json.ValueTextEquals("traceparent"u8))
                    attributes = attributes with { TraceParent = Text(ref json) };
                else if (json.ValueTextEquals("traceid"u8))
                    traceId = Text(ref json);
                else if (json.ValueTextEquals("tracestate"u8))
                    attributes = attributes with { TraceState = Text(ref json) };
                else if (json.ValueTextEquals("expiration"u8))
                    attributes = attributes with { Expiration = Time(Text(ref json)) };
                else
                    Skip(ref json);
            }

            attributes = attributes with { IsJson = !json.Read() };
        }
        catch (JsonException)
        {
            // What was read so far stands; the app decides what to do with a body it cannot read.
        }

        return attributes with { TraceParent = attributes.TraceParent ?? traceId };
    }

    private static string? Text(ref Utf8JsonReader json)
    {
        json.Read();
        if (json.TokenType == JsonTokenType.String)
            return json.GetString();
        json.Skip();
        return null;
    }

    private static void Skip(ref Utf8JsonReader json)
    {
        json.Read();
        json.Skip();
    }

    private static DateTimeOffset? Time(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;
}
