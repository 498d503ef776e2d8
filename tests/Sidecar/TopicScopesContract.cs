using System.Net;
using Dapr.Client.Autogen.Grpc.v1;
using Google.Protobuf;
using Grpc.Core;
using RuntimeClient = Dapr.Client.Autogen.Grpc.v1.Dapr.DaprClient;

namespace OrderMall.Sidecar.Tests;

[Collection(PostgresCollection.Name)]
public sealed class TopicScopesOfEmbedded(PostgresServer postgres) : TopicScopesContract(postgres, known: 3);

[AgainstDaprd]
public sealed class TopicScopesOfDaprd() : TopicScopesContract(null, known: 4);

/// <summary>Who may publish and subscribe what: dapr/dapr, pkg/scopes and pkg/runtime/pubsub.</summary>
public abstract class TopicScopesContract(PostgresServer? postgres, int known) : ContractTests(postgres)
{
    private readonly string _topic = $"orders-{Guid.NewGuid():n}";

    // App A subscribes to its own topics and to one that is not its; app B owns the first.
    private Setup Scoped => new()
    {
        SubscriptionsOfA = $$$"""
            [{"pubsubname":"pubsub","topic":"{{{_topic}}}","route":"/handle","deadLetterTopic":"{{{_topic}}}-dead"},
             {"pubsubname":"pubsub","topic":"{{{_topic}}}-dead","route":"/dead"},
             {"pubsubname":"pubsub","topic":"{{{_topic}}}-free","route":"/free"},
             {"pubsubname":"pubsub","topic":"{{{_topic}}}-others","route":"/others"}]
            """,
        PubSub = $"""
            apiVersion: dapr.io/v1alpha1
            kind: Component
            metadata:
              name: pubsub
            spec:
              type: pubsub.redis
              version: v1
              metadata:
                - name: redisHost
                  secretKeyRef:
                    name: REDIS_HOST
                    key: REDIS_HOST
                - name: allowedTopics
                  value: "{_topic}, {_topic}-dead, {_topic}-free, {_topic}-others, {_topic}-nobodys"
                - name: protectedTopics
                  value: {_topic}-nobodys
                - name: publishingScopes
                  value: "app-a={_topic}-free; app-b = {_topic}, {_topic}-others"
                - name: subscriptionScopes
                  value: app-a={_topic},{_topic}-dead,{_topic}-free
            auth:
              secretStore: secretstore
            """,
        Resiliency = ResiliencyContract.With("timeout: short"),
        // daprd tells the one that it does not serve too.
        SubscriptionCount = known,
    };

    [ContractFact]
    public Task Who_may_publish_to_a_topic_publishes() => WithAsync(Scoped, async sidecar =>
    {
        await PublishAsync(sidecar.SidecarB, _topic);
        await PublishAsync(sidecar.SidecarA, $"{_topic}-free");
        await Eventually.TrueAsync(() => sidecar.AppA.CountAt("/handle") == 1 && sidecar.AppA.CountAt("/free") == 1);
    });

    [ContractFact]
    public Task Who_may_not_is_refused_however_it_asks() => WithAsync(Scoped, async sidecar =>
    {
        foreach (var (client, grpc, appId, topic) in new[]
        {
            (sidecar.SidecarA, sidecar.GrpcA, "app-a", _topic), // another's
            (sidecar.SidecarA, sidecar.GrpcA, "app-a", $"{_topic}-nobodys"), // protected
            (sidecar.SidecarB, sidecar.GrpcB, "app-b", $"{_topic}-unheard"), // no topic at all
        })
        {
            var message = $"topic {topic} is not allowed for app id {appId}";
            using var one = await client.PostAsync($"/v1.0/publish/pubsub/{topic}", Json("{}"));
            await IsErrorAsync(one, HttpStatusCode.Forbidden, "ERR_PUBSUB_FORBIDDEN", message);
            var details = (await JsonOf(one))["details"]!.AsArray();
            Assert.Contains(details, detail => (string?)detail!["reason"] == "DAPR_PUBSUB_FORBIDDEN" && (string?)detail["metadata"]!["topic"] == topic && (string?)detail["metadata"]!["error"] == message);
            Assert.Contains(details, detail => ((string?)detail!["resource_type"], (string?)detail["resource_name"], (string?)detail["description"]) == ("pubsub", "pubsub", message));
            using var bulk = await client.PostAsync($"/v1.0-alpha1/publish/bulk/pubsub/{topic}", Json("""[{"entryId":"1","event":{},"contentType":"application/json"}]"""));
            await IsErrorAsync(bulk, HttpStatusCode.Forbidden, "ERR_PUBSUB_FORBIDDEN", message);

            var dapr = new RuntimeClient(grpc);
            var (data, deadline) = (ByteString.CopyFromUtf8("{}"), DateTime.UtcNow.AddSeconds(20));
            await IsDeniedAsync(message, async () => await dapr.PublishEventAsync(new PublishEventRequest { PubsubName = "pubsub", Topic = topic, Data = data, DataContentType = "application/json" }, deadline: deadline));
            var many = new BulkPublishRequest { PubsubName = "pubsub", Topic = topic, Entries = { new BulkPublishRequestEntry { EntryId = "1", Event = data, ContentType = "application/json" } } };
            await IsDeniedAsync(message, async () => await dapr.BulkPublishEventAsync(many, deadline: deadline));
        }
    });

    [ContractFact]
    public Task Who_may_not_subscribe_is_given_nothing_and_keeps_its_other_subscriptions() => WithAsync(Scoped, async sidecar =>
    {
        await PublishAsync(sidecar.SidecarB, $"{_topic}-others");
        await PublishAsync(sidecar.SidecarB, _topic);
        await PublishAsync(sidecar.SidecarA, $"{_topic}-free");
        await Eventually.TrueAsync(() => sidecar.AppA.CountAt("/handle") == 1 && sidecar.AppA.CountAt("/free") == 1);
        Assert.Equal(0, sidecar.AppA.CountAt("/others"));
    });

    [ContractFact]
    public Task Dead_letters_are_published_by_the_app_that_they_are_of() => WithAsync(Scoped, async sidecar =>
    {
        // App A may not publish to its dead letter topic: the event stays where it is.
        sidecar.AppA.Answers["/handle"] = TestApp.Status(200, """{"status":"DROP"}""");
        await PublishAsync(sidecar.SidecarB, _topic);
        await Eventually.TrueAsync(() => sidecar.AppA.CountAt("/handle") >= 1);
        await PublishAsync(sidecar.SidecarA, $"{_topic}-free");
        await Eventually.TrueAsync(() => sidecar.AppA.CountAt("/free") == 1);
        Assert.Equal(0, sidecar.AppA.CountAt("/dead"));
    });

    private static async Task IsDeniedAsync(string message, Func<Task> publish)
    {
        var denied = await Assert.ThrowsAsync<RpcException>(publish);
        Assert.Equal((StatusCode.PermissionDenied, message), (denied.StatusCode, denied.Status.Detail));
    }

    private static async Task PublishAsync(HttpClient sidecar, string topic)
    {
        using var response = await sidecar.PostAsync($"/v1.0/publish/pubsub/{topic}", Json("{}"));
        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
    }
}
