using System.Text.Json;
using System.Text.Json.Serialization;
using Dapr;
using Dapr.Client;

namespace OrderMall.ServiceDefaults.Dapr;

/// <summary>Publishes events through the service's sidecar, as ready-made CloudEvents: their ids, types and trace contexts are kept.</summary>
public sealed class EventPublisher(DaprClient dapr, SidecarEndpoint sidecar)
{
    /// <summary>Publishes a batch to one topic. The broker may deliver it in another order.</summary>
    /// <param name="events">What happened; not empty.</param>
    /// <exception cref="SidecarException">Not every event was taken: publish the whole batch again.</exception>
    public async Task PublishAsync(string topic, IReadOnlyList<OutgoingEvent> events, CancellationToken cancellationToken)
    {
        var envelopes = events.Select(e => new Envelope(e, sidecar.AppId)).ToList();
        var answer = await SidecarCall.ReachAsync(
            $"Publishing {events.Count} events to {topic}",
            limit => dapr.BulkPublishEventAsync(sidecar.PubSub, topic, envelopes, cancellationToken: limit),
            cancellationToken);
        if (answer.FailedEntries is [var first, ..])
            throw new SidecarException($"Publishing {events.Count} events to {topic}: {answer.FailedEntries.Count} were not taken, the first for: {first.ErrorMessage}");
    }

    /// <summary>A CloudEvent, which is how the SDK knows that it is whole. Written by hand: what it has is ready, and the SDK's own properties are not looked at.</summary>
    [JsonConverter(typeof(EnvelopeJson))]
    private sealed class Envelope(OutgoingEvent e, string source) : CloudEvent
    {
        public void WriteTo(Utf8JsonWriter json)
        {
            json.WriteStartObject();
            json.WriteString("specversion", "1.0");
            json.WriteString("id", e.Id);
            json.WriteString("type", e.Type);
            json.WriteString("source", source);
            json.WriteString("subject", e.Key);
            json.WriteString("time", e.At);
            json.WriteString("datacontenttype", "application/json");
            if (e.TraceParent is not null)
            {
                // Dapr overwrites traceparent unless traceid, its older name, is there too.
                json.WriteString("traceid", e.TraceParent);
                json.WriteString("traceparent", e.TraceParent);
            }

            json.WritePropertyName("data");
            json.WriteRawValue(e.Data.Span, skipInputValidation: true);
            json.WriteEndObject();
        }
    }

    private sealed class EnvelopeJson : JsonConverter<Envelope>
    {
        public override Envelope Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            throw new NotSupportedException("Envelopes are only written.");

        public override void Write(Utf8JsonWriter writer, Envelope value, JsonSerializerOptions options) => value.WriteTo(writer);
    }
}

/// <summary>An event on its way out.</summary>
/// <param name="Id">The CloudEvent id: the same on every attempt, so that subscribers recognise duplicates.</param>
/// <param name="Key">The correlation key; travels as the CloudEvent <c>subject</c>.</param>
/// <param name="Data">The event as UTF-8 JSON.</param>
public sealed record OutgoingEvent(
    string Id,
    string Type,
    string Key,
    ReadOnlyMemory<byte> Data,
    string? TraceParent,
    DateTimeOffset At);
