using System.Text.Json.Nodes;
using Dapr.Client.Autogen.Grpc.v1;

namespace OrderMall.Sidecar.Http;

/// <summary><c>GET /v1.0/metadata</c>: what this app's sidecar is and has.</summary>
internal sealed class MetadataApi(AppMetadata metadata)
{
    public async Task WriteAsync(HttpContext http, App caller)
    {
        var app = metadata.Of(caller);
        var connection = app.AppConnectionProperties;
        await http.Response.WriteAsync(new JsonObject
        {
            ["id"] = app.Id,
            ["runtimeVersion"] = app.RuntimeVersion,
            ["components"] = Each(app.RegisteredComponents, component => new() { ["name"] = component.Name, ["type"] = component.Type, ["version"] = component.Version }),
            ["subscriptions"] = Each(app.Subscriptions, Described),
            ["appConnectionProperties"] = new JsonObject { ["port"] = connection.Port, ["protocol"] = connection.Protocol, ["channelAddress"] = connection.ChannelAddress },
            ["resiliencies"] = Each(app.Resiliencies, resiliency => new() { ["name"] = resiliency.Name }),
        });
    }

    private static JsonObject Described(PubsubSubscription subscription)
    {
        var json = new JsonObject { ["pubsubname"] = subscription.PubsubName, ["topic"] = subscription.Topic };
        if (subscription.Metadata.Count > 0)
            json["metadata"] = new JsonObject(subscription.Metadata.Select(one => KeyValuePair.Create(one.Key, (JsonNode?)one.Value)));
        if (subscription.Rules is { } rules)
            json["rules"] = Each(rules.Rules, rule => rule.Match.Length > 0 ? new() { ["match"] = rule.Match, ["path"] = rule.Path } : new() { ["path"] = rule.Path });
        json["deadLetterTopic"] = subscription.DeadLetterTopic;
        json["type"] = "PROGRAMMATIC";
        return json;
    }

    private static JsonArray Each<T>(IEnumerable<T> items, Func<T, JsonObject> write) => new([.. items.Select(write)]);
}
