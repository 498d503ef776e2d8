using System.Text.Json;
using System.Text.Json.Serialization;
using Dapr;
using Dapr.Client;

namespace OrderMall.ServiceDefaults.Sidecar.Sdk;

/// <summary>Publishes by the Dapr SDK, as ready-made CloudEvents: their ids, types and trace contexts are kept.</summary>
internal sealed class SdkEventPublisher(DaprClient dapr, SidecarEndpoint sidecar) : IEventPublisher
{
    private readonly Uri _source = new(sidecar.AppId, UriKind.Relative);

    public async Task PublishAsync(string topic, IReadOnlyList<OutgoingEvent> events, CancellationToken cancellationToken)
    {
        var envelopes = events.Select(Wrap).ToList();
        var answer = await SdkCall.ReachAsync(
            $"Publishing {events.Count} events to {topic}",
            limit => dapr.BulkPublishEventAsync(SidecarEndpoint.PubSub, topic, envelopes, cancellationToken: limit),
            cancellationToken);
        if (answer.FailedEntries is [var first, ..])
            throw new SidecarException($"Publishing {events.Count} events to {topic}: {answer.FailedEntries.Count} were not taken, the first for: {first.ErrorMessage}");
    }

    private Envelope Wrap(OutgoingEvent e) => new()
    {
        Id = e.Id,
        Source = _source,
        Type = e.Type,
        Subject = e.Key,
        Time = e.At,
        // Dapr overwrites traceparent unless traceid, its older name, is there too.
        TraceId = e.TraceParent,
        TraceParent = e.TraceParent,
        Data = e.Data,
    };

    // What the SDK's own envelope lacks.
    private sealed class Envelope : CloudEvent
    {
        [JsonPropertyName("datacontenttype")]
        public string DataContentType => "application/json";

        [JsonPropertyName("data"), JsonConverter(typeof(RawJson))]
        public required ReadOnlyMemory<byte> Data { get; init; }
    }

    /// <summary>Writes what is JSON already as it is.</summary>
    private sealed class RawJson : JsonConverter<ReadOnlyMemory<byte>>
    {
        public override ReadOnlyMemory<byte> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            throw new NotSupportedException("Envelopes are only written.");

        public override void Write(Utf8JsonWriter writer, ReadOnlyMemory<byte> value, JsonSerializerOptions options) =>
            writer.WriteRawValue(value.Span, skipInputValidation: true);
    }
}
