using System.Buffers;
using System.Net.Http.Headers;
using System.Text.Json;

namespace OrderMall.ServiceDefaults.Sidecar.Http;

/// <summary>Publishes over Dapr's HTTP API, as ready-made CloudEvents: their ids, types and trace contexts are kept.</summary>
internal sealed class HttpEventPublisher(SidecarEndpoint sidecar) : IEventPublisher, IDisposable
{
    private readonly HttpClient _http = sidecar.CreateClient($"v1.0-alpha1/publish/bulk/{SidecarEndpoint.PubSub}/");

    public async Task PublishAsync(string topic, IReadOnlyList<OutgoingEvent> events, CancellationToken cancellationToken)
    {
        using var content = new ReadOnlyMemoryContent(Write(events));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        try
        {
            using var response = await _http.PostAsync(topic, content, cancellationToken);
            if (!response.IsSuccessStatusCode)
                throw new SidecarException($"Publishing {events.Count} events to {topic}: {(int)response.StatusCode} {await ServiceClient.ExcerptAsync(response, cancellationToken)}");
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new SidecarException($"Publishing {events.Count} events to {topic}: {e.Message}", e);
        }
    }

    public void Dispose() => _http.Dispose();

    private ReadOnlyMemory<byte> Write(IReadOnlyList<OutgoingEvent> events)
    {
        var buffer = new ArrayBufferWriter<byte>(1024 * events.Count);
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartArray();
        foreach (var e in events)
        {
            json.WriteStartObject();
            json.WriteString("entryId", e.Id);
            json.WriteString("contentType", "application/cloudevents+json");
            json.WriteStartObject("event");
            json.WriteString("specversion", "1.0");
            json.WriteString("id", e.Id);
            json.WriteString("type", e.Type);
            json.WriteString("source", sidecar.AppId);
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
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.Flush();
        return buffer.WrittenMemory;
    }
}
