using System.Buffers;
using System.Text.Json;
using Dapr.Client.Autogen.Grpc.v1;
using Google.Protobuf.Collections;

namespace OrderMall.Sidecar.Http;

/// <summary><c>GET /v1.0/metadata</c>: what this app's sidecar is and has.</summary>
internal sealed class MetadataApi(AppMetadata metadata)
{
    public async Task WriteAsync(HttpContext http, App caller)
    {
        var body = new ArrayBufferWriter<byte>(1024);
        await using (var json = new Utf8JsonWriter(body))
            Write(json, metadata.Of(caller));
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = body.WrittenCount;
        await http.Response.BodyWriter.WriteAsync(body.WrittenMemory, http.RequestAborted);
    }

    private static void Write(Utf8JsonWriter json, GetMetadataResponse app)
    {
        json.WriteStartObject();
        json.WriteString("id", app.Id);
        json.WriteString("runtimeVersion", app.RuntimeVersion);
        json.WriteStartArray("components");
        foreach (var component in app.RegisteredComponents)
        {
            json.WriteStartObject();
            json.WriteString("name", component.Name);
            json.WriteString("type", component.Type);
            json.WriteString("version", component.Version);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("subscriptions");
        foreach (var subscription in app.Subscriptions)
        {
            json.WriteStartObject();
            json.WriteString("pubsubname", subscription.PubsubName);
            json.WriteString("topic", subscription.Topic);
            if (subscription.Metadata.Count > 0)
                Write(json, subscription.Metadata);
            if (subscription.Rules is { } rules)
                Write(json, rules);
            json.WriteString("deadLetterTopic", subscription.DeadLetterTopic);
            json.WriteString("type", "PROGRAMMATIC");
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartObject("appConnectionProperties");
        json.WriteNumber("port", app.AppConnectionProperties.Port);
        json.WriteString("protocol", app.AppConnectionProperties.Protocol);
        json.WriteString("channelAddress", app.AppConnectionProperties.ChannelAddress);
        json.WriteEndObject();
        json.WriteStartArray("resiliencies");
        foreach (var resiliency in app.Resiliencies)
        {
            json.WriteStartObject();
            json.WriteString("name", resiliency.Name);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, MapField<string, string> metadata)
    {
        json.WriteStartObject("metadata");
        foreach (var (name, value) in metadata)
            json.WriteString(name, value);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, PubsubSubscriptionRules rules)
    {
        json.WriteStartArray("rules");
        foreach (var rule in rules.Rules)
        {
            json.WriteStartObject();
            if (rule.Match.Length > 0)
                json.WriteString("match", rule.Match);
            json.WriteString("path", rule.Path);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
