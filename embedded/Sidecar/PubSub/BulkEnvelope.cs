using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text.Json;

namespace OrderMall.Sidecar.PubSub;

/// <summary>One event of a bulk delivery.</summary>
/// <param name="Index">Its place among those that were taken together.</param>
internal sealed record BulkEntry(int Index, QueuedEvent Queued, EventAttributes Attributes)
{
    /// <summary>Names it within the delivery.</summary>
    public string Id { get; } = Queued.Id.ToString(CultureInfo.InvariantCulture);
}

/// <summary>What an app with a bulk subscription is sent, and what it answers.</summary>
internal static class BulkEnvelope
{
    // What is around an entry's event and around the entries, with the room that the writer wants for what may have to be escaped.
    private const int EntrySize = 128;
    private const int FrameSize = 512;

    private static readonly JsonWriterOptions Writing = new() { SkipValidation = true };

    public static ReadOnlyMemory<byte> Write(Subscription subscription, IReadOnlyCollection<BulkEntry> entries)
    {
        var buffer = new ArrayBufferWriter<byte>(FrameSize + entries.Sum(entry => SizeOf(entry.Queued.Envelope) + EntrySize));
        using (var json = new Utf8JsonWriter(buffer, Writing))
        {
            json.WriteStartObject();
            json.WriteStartArray("entries");
            foreach (var entry in entries)
            {
                json.WriteStartObject();
                json.WriteString("entryId", entry.Id);
                json.WritePropertyName("event");
                if (subscription.RawPayload)
                    json.WriteBase64StringValue(entry.Queued.Envelope);
                else
                    json.WriteRawValue(entry.Queued.Envelope, skipInputValidation: true);
                json.WriteNull("metadata");
                json.WriteString("contentType", subscription.RawPayload ? "application/octet-stream" : "application/cloudevents+json");
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteString("id", Guid.NewGuid().ToString());
            json.WriteStartObject("metadata");
            json.WriteString("pubsubName", subscription.PubSub);
            json.WriteEndObject();
            json.WriteString("pubsubname", subscription.PubSub);
            json.WriteString("topic", subscription.Topic);
            json.WriteString("type", "com.dapr.event.sent.bulk");
            json.WriteEndObject();
        }

        return buffer.WrittenMemory;

        int SizeOf(byte[] envelope) => subscription.RawPayload ? Base64.GetMaxEncodedToUtf8Length(envelope.Length) : envelope.Length;
    }

    /// <summary>What the app says of each entry; none of what it does not say as Dapr reads it.</summary>
    public static IReadOnlyDictionary<string, string> ReadStatuses(byte[]? body)
    {
        var statuses = new Dictionary<string, string>();
        try
        {
            using var document = JsonDocument.Parse(body ?? []);
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("statuses", out var said) || said.ValueKind != JsonValueKind.Array)
                return statuses;
            foreach (var one in said.EnumerateArray().Where(one => one.ValueKind == JsonValueKind.Object))
            {
                if (one.TryGetProperty("entryId", out var id) && id.ValueKind == JsonValueKind.String && one.TryGetProperty("status", out var status) && status.ValueKind == JsonValueKind.String)
                    statuses[id.GetString()!] = status.GetString()!;
            }
        }
        catch (JsonException)
        {
            statuses.Clear();
        }

        return statuses;
    }
}
