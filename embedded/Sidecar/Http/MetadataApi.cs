using System.Buffers;
using System.Text.Json;

namespace OrderMall.Sidecar;

/// <summary><c>GET /v1.0/metadata</c>: what this app's sidecar is and has.</summary>
internal sealed class MetadataApi(Resources resources, Subscriptions subscriptions)
{
    public async Task WriteAsync(HttpContext http, App caller)
    {
        var body = new ArrayBufferWriter<byte>(1024);
        await using (var json = new Utf8JsonWriter(body))
            Write(json, caller);
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = body.WrittenCount;
        await http.Response.BodyWriter.WriteAsync(body.WrittenMemory, http.RequestAborted);
    }

    private void Write(Utf8JsonWriter json, App caller)
    {
        json.WriteStartObject();
        json.WriteString("id", caller.AppId);
        json.WriteString("runtimeVersion", "embedded");
        json.WriteStartArray("components");
        foreach (var component in resources.Components.Where(component => component.IsFor(caller.AppId)))
        {
            json.WriteStartObject();
            json.WriteString("name", component.Name);
            json.WriteString("type", component.Type);
            json.WriteString("version", component.Version);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("subscriptions");
        foreach (var queue in subscriptions.Of(caller.AppId))
        {
            json.WriteStartObject();
            json.WriteString("pubsubname", queue.PubSub);
            json.WriteString("topic", queue.Topic);
            if (queue.Subscription?.DeadLetterTopic is { } deadLetterTopic)
                json.WriteString("deadLetterTopic", deadLetterTopic);
            json.WriteString("type", "PROGRAMMATIC");
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartObject("appConnectionProperties");
        json.WriteNumber("port", new Uri(caller.Instances[0].BaseAddress).Port);
        json.WriteString("protocol", "http");
        json.WriteString("channelAddress", "127.0.0.1");
        json.WriteEndObject();
        json.WriteStartArray("resiliencies");
        foreach (var resiliency in resources.Resiliencies.Where(resiliency => resiliency.IsFor(caller.AppId)))
        {
            json.WriteStartObject();
            json.WriteString("name", resiliency.Name);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
