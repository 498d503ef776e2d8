using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace OrderMall.Sidecar.Tests;

[Collection(PostgresCollection.Name)]
public sealed class PublishOfEmbedded(PostgresServer postgres) : PublishContract(postgres);

[AgainstDaprd]
public sealed class PublishOfDaprd() : PublishContract(null);

/// <summary>recorded/publish.txt and recorded/dead-letter.txt</summary>
public abstract class PublishContract(PostgresServer? postgres) : ContractTests(postgres)
{
    private const string Trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    // Topics of its own for each test, since daprd's Redis is kept between them.
    private readonly string _topic = $"orders-{Guid.NewGuid():n}";

    private Setup Subscribed => new()
    {
        Resiliency = ResiliencyContract.With("timeout: short"),
        SubscriptionsOfA = $$$"""
            [{"pubsubname":"pubsub","topic":"{{{_topic}}}","route":"/handle","deadLetterTopic":"{{{_topic}}}-dead"},
             {"pubsubname":"pubsub","topic":"{{{_topic}}}-dead","route":"/dead"},
             {"pubsubname":"pubsub","topic":"{{{_topic}}}-routed","deadLetterTopic":"{{{_topic}}}-dead","routes":{"rules":[
                {"match":"event.type == \"a\" || event.type == \"b\"","path":"/ab"},
                {"match":"event.type == 'c'","path":"/c"}]}}]
            """,
    };

    [ContractFact]
    public Task The_sidecar_is_healthy() => WithAsync(new(), async sidecar =>
    {
        foreach (var path in new[] { "/v1.0/healthz", "/v1.0/healthz/outbound" })
        {
            using var health = await sidecar.SidecarA.GetAsync(path);
            Assert.Equal(HttpStatusCode.NoContent, health.StatusCode);
        }

        var metadata = JsonNode.Parse(await sidecar.SidecarA.GetStringAsync("/v1.0/metadata"))!;
        Assert.Equal("app-a", (string?)metadata["id"]);
        Assert.Contains(metadata["components"]!.AsArray(), component => (string?)component!["name"] == "pubsub");
    });

    [ContractFact]
    public Task Json_arrives_in_an_envelope() => WithAsync(Subscribed, async sidecar =>
    {
        await PublishAsync(sidecar, "", """{"orderId":7,"note":"hällo"}""", "application/json");

        var seen = await ReceivedAsync(sidecar);
        var envelope = seen.Json;
        Assert.Equal(("POST", "application/cloudevents+json"), (seen.Method, seen.Headers["Content-Type"].Split(';')[0]));
        Assert.Equal("pubsub", seen.Headers["Pubsubname"]);
        Assert.Equal(("com.dapr.event.sent", "app-b", "1.0"), ((string?)envelope["type"], (string?)envelope["source"], (string?)envelope["specversion"]));
        Assert.Equal((_topic, "pubsub"), ((string?)envelope["topic"], (string?)envelope["pubsubname"]));
        Assert.StartsWith("application/json", (string?)envelope["datacontenttype"], StringComparison.Ordinal);
        Assert.Equal("hällo", (string?)envelope["data"]!["note"]);
        Assert.NotEmpty((string)envelope["id"]!);
        Assert.NotEmpty((string)envelope["time"]!);
        Assert.Equal((string?)envelope["traceid"], (string?)envelope["traceparent"]);
        Assert.Equal(((string)envelope["traceparent"]!).Split('-')[1], seen.Headers["traceparent"].Split('-')[1]);
    });

    [ContractFact]
    public Task Text_keeps_its_trace_and_gets_an_expiration() => WithAsync(Subscribed, async sidecar =>
    {
        await PublishAsync(sidecar, "?metadata.ttlInSeconds=60", "plain text", "text/plain", ("traceparent", Trace));

        var envelope = (await ReceivedAsync(sidecar)).Json;
        Assert.StartsWith("text/plain", (string?)envelope["datacontenttype"], StringComparison.Ordinal);
        Assert.Equal("plain text", (string?)envelope["data"]);
        Assert.Equal(Trace.Split('-')[1], ((string)envelope["traceparent"]!).Split('-')[1]);
        Assert.NotNull(envelope["expiration"]);
    });

    [ContractFact]
    public Task What_is_sent_in_chunks_arrives_whole_whatever_its_size() => WithAsync(Subscribed, async sidecar =>
    {
        int[] sizes = [1, 1022, 1023, 9000, 100_000, 2];
        foreach (var size in sizes)
        {
            using var content = Json($"\"{new string('x', size)}\"");
            using var request = new HttpRequestMessage(HttpMethod.Post, $"/v1.0/publish/pubsub/{_topic}") { Content = content };
            request.Headers.TransferEncodingChunked = true;
            using var response = await sidecar.SidecarB.SendAsync(request);
            Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        }

        await Eventually.TrueAsync(() => sidecar.AppA.CountAt("/handle") == sizes.Length);
        Assert.Equal(sizes.Order(), sidecar.AppA.At("/handle").Select(seen => ((string)seen.Json["data"]!).Length).Order());
    });

    [ContractFact]
    public Task A_cloud_event_keeps_its_identity_and_gets_the_trace() => WithAsync(Subscribed, async sidecar =>
    {
        await PublishAsync(
            sidecar,
            "?metadata.cloudevent.type=ignored",
            $$$"""{"specversion":"1.0","type":"my.type","source":"me","id":"id-1","datacontenttype":"application/json","data":{"x":1},"traceparent":"{{{Trace}}}"}""",
            "application/cloudevents+json");

        var envelope = (await ReceivedAsync(sidecar)).Json;
        Assert.Equal(("my.type", "me", "id-1"), ((string?)envelope["type"], (string?)envelope["source"], (string?)envelope["id"]));
        Assert.Equal(1, (int?)envelope["data"]!["x"]);
        Assert.NotEqual(Trace, (string?)envelope["traceparent"]);
        Assert.Equal((string?)envelope["traceid"], (string?)envelope["traceparent"]);
    });

    [ContractFact]
    public Task Metadata_overrides_the_envelope_of_plain_data() => WithAsync(Subscribed, async sidecar =>
    {
        await PublishAsync(
            sidecar,
            $"?metadata.cloudevent.id=my-id&metadata.cloudevent.type=my.type&metadata.cloudevent.source=my-source&metadata.cloudevent.subject=s&metadata.cloudevent.traceparent={Trace}",
            "{}",
            "application/json");

        var envelope = (await ReceivedAsync(sidecar)).Json;
        Assert.Equal(("my-id", "my.type", "my-source", "s"), ((string?)envelope["id"], (string?)envelope["type"], (string?)envelope["source"], (string?)envelope["subject"]));
        Assert.Equal((Trace, Trace), ((string?)envelope["traceparent"], (string?)envelope["traceid"]));
    });

    [ContractFact]
    public Task A_raw_payload_is_delivered_bare() => WithAsync(Subscribed, async sidecar =>
    {
        await PublishAsync(sidecar, "?metadata.rawPayload=true", """{"raw":1}""", "application/json");
        Assert.Equal("""{"raw":1}""", (await ReceivedAsync(sidecar)).Body);
    });

    [ContractFact]
    public Task Many_are_published_at_once() => WithAsync(Subscribed, async sidecar =>
    {
        using var body = Json("""[{"entryId":"1","event":{"n":1},"contentType":"application/json"},{"entryId":"2","event":"two","contentType":"text/plain"}]""");
        using var response = await sidecar.SidecarB.PostAsync($"/v1.0-alpha1/publish/bulk/pubsub/{_topic}", body);
        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);

        await Eventually.TrueAsync(() => sidecar.AppA.CountAt("/handle") == 2);
        var data = sidecar.AppA.At("/handle").Select(seen => seen.Json["data"]!.ToJsonString()).Order();
        Assert.Equal(["\"two\"", """{"n":1}"""], data);
    });

    [ContractFact]
    public Task Ready_cloud_events_published_at_once_keep_all_that_is_theirs() => WithAsync(Subscribed, async sidecar =>
    {
        // As the mall's services publish what their outboxes hold.
        string Event(string id, string trace) => $$$"""
            {"entryId":"{{{id}}}","contentType":"application/cloudevents+json","event":{"specversion":"1.0","id":"{{{id}}}","type":"Placed","source":"ordering",
             "subject":"order-{{{id}}}","time":"2026-03-04T05:06:07.891Z","datacontenttype":"application/json"{{{trace}}},"data":{"id":"{{{id}}}","note":"hällo \"<&>\""} } }
            """;
        using var body = Json($$$"""[{{{Event("1", $$$""","traceid":"{{{Trace}}}","traceparent":"{{{Trace}}}" """)}}},{{{Event("2", "")}}}]""");
        using var response = await sidecar.SidecarB.PostAsync($"/v1.0-alpha1/publish/bulk/pubsub/{_topic}", body);
        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        Assert.Equal("", await response.Content.ReadAsStringAsync());

        await Eventually.TrueAsync(() => sidecar.AppA.CountAt("/handle") == 2);
        var seen = sidecar.AppA.At("/handle").ToDictionary(seen => (string)seen.Json["id"]!);
        foreach (var (id, envelope) in seen.Select(pair => (pair.Key, pair.Value.Json)))
        {
            Assert.Equal(("Placed", "ordering", $"order-{id}"), ((string?)envelope["type"], (string?)envelope["source"], (string?)envelope["subject"]));
            Assert.Equal(("2026-03-04T05:06:07.891Z", "application/json", "1.0"), ((string?)envelope["time"], (string?)envelope["datacontenttype"], (string?)envelope["specversion"]));
            Assert.Equal((id, "hällo \"<&>\""), ((string?)envelope["data"]!["id"], (string?)envelope["data"]!["note"]));
            Assert.Equal((_topic, "pubsub"), ((string?)envelope["topic"], (string?)envelope["pubsubname"]));
        }

        Assert.Equal((Trace, Trace), ((string?)seen["1"].Json["traceparent"], (string?)seen["1"].Json["traceid"]));
        Assert.Equal(Trace.Split('-')[1], seen["1"].Headers["traceparent"].Split('-')[1]);
        // Without one of its own, it belongs to the trace of the request that published it.
        Assert.NotEqual(Trace.Split('-')[1], ((string)seen["2"].Json["traceparent"]!).Split('-')[1]);
    });

    [ContractFact]
    public Task A_bulk_that_is_no_list_is_refused() => WithAsync(Subscribed, async sidecar =>
    {
        using var response = await sidecar.SidecarB.PostAsync($"/v1.0-alpha1/publish/bulk/pubsub/{_topic}", Json("""{"n":1}"""));
        await IsErrorAsync(response, HttpStatusCode.BadRequest, "ERR_PUBSUB_EVENTS_SER", "error when unmarshaling the request for topic");
    });

    [ContractFact]
    public Task Doubled_slashes_are_one_and_a_plus_is_a_space() => WithAsync(
        new() { SubscriptionsOfA = $$"""[{"pubsubname":"pubsub","topic":"{{_topic}} a/b","route":"/handle"}]""" },
        async sidecar =>
        {
            foreach (var written in new[] { "+a//b/", "%20a%2Fb" })
            {
                using var body = Json("{}");
                using var response = await sidecar.SidecarB.PostAsync(AsWritten.At(sidecar.SidecarB, $"//v1.0//publish//pubsub//{_topic}{written}"), body);
                Assert.Equal((written, HttpStatusCode.NoContent), (written, response.StatusCode));
            }

            await Eventually.TrueAsync(() => sidecar.AppA.CountAt("/handle") == 2);
            using var nowhere = await sidecar.SidecarB.PostAsync("/v1.0/publish/pubsub", Json("{}"));
            await IsErrorAsync(nowhere, HttpStatusCode.NotFound, "ERR_DIRECT_INVOKE", "failed getting app id");
        });

    [ContractFact]
    public Task Of_two_subscriptions_to_a_topic_the_last_counts() => WithAsync(
        new()
        {
            SubscriptionsOfA = $$"""[{"pubsubname":"pubsub","topic":"{{_topic}}","route":"/first"},{"pubsubname":"pubsub","topic":"{{_topic}}","route":"/handle"}]""",
            SubscriptionCount = 1,
        },
        async sidecar =>
        {
            await PublishAsync(sidecar, "", "{}", "application/json");
            await ReceivedAsync(sidecar);
            Assert.Equal(0, sidecar.AppA.CountAt("/first"));
        });

    [ContractFact]
    public Task Metadata_tells_routes_and_dead_letter_topics() => WithAsync(Subscribed, async sidecar =>
    {
        var subscriptions = (await JsonOf(await sidecar.SidecarA.GetAsync("/v1.0/metadata")))["subscriptions"]!.AsArray();
        var routed = subscriptions.Single(subscription => (string?)subscription!["topic"] == $"{_topic}-routed")!;
        Assert.Equal(("pubsub", $"{_topic}-dead", "PROGRAMMATIC"), ((string?)routed["pubsubname"], (string?)routed["deadLetterTopic"], (string?)routed["type"]));
        Assert.Equal(
            """[{"match":"event.type == \"a\" || event.type == \"b\"","path":"/ab"},{"match":"event.type == 'c'","path":"/c"}]""",
            routed["rules"]!.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));
        var plain = subscriptions.Single(subscription => (string?)subscription!["topic"] == $"{_topic}-dead")!;
        Assert.Equal(("""[{"path":"/dead"}]""", ""), (plain["rules"]!.ToJsonString(), (string?)plain["deadLetterTopic"]));
    });

    [ContractFact]
    public Task An_unknown_pubsub_is_a_404() => WithAsync(new(), async sidecar =>
    {
        using var response = await sidecar.SidecarA.PostAsync("/v1.0/publish/nosuch/orders", Json("{}"));
        await IsErrorAsync(response, HttpStatusCode.NotFound, "ERR_PUBSUB_NOT_FOUND", "pubsub nosuch is not found");
        Assert.Equal("DAPR_PUBSUB_NOT_FOUND", (string?)(await JsonOf(response))["details"]![0]!["reason"]);
    });

    [ContractFact]
    public Task What_fails_is_retried_and_then_dead_lettered_unchanged() => WithAsync(Subscribed, async sidecar =>
    {
        sidecar.AppA.Answers["/handle"] = TestApp.Status(500);
        await PublishAsync(sidecar, "?metadata.cloudevent.id=poison", """{"id":1}""", "application/json");

        await Eventually.TrueAsync(() => sidecar.AppA.CountAt("/dead") == 1);
        Assert.Equal(4, sidecar.AppA.CountAt("/handle"));
        var dead = Assert.Single(sidecar.AppA.At("/dead")).Json;
        Assert.Equal(("poison", _topic), ((string?)dead["id"], (string?)dead["topic"]));
    });

    [ContractFact]
    public Task A_handler_can_ask_for_a_retry() => WithAsync(Subscribed, async sidecar =>
    {
        var first = true;
        sidecar.AppA.Answers["/handle"] = http =>
        {
            var answer = first ? "RETRY" : "SUCCESS";
            first = false;
            return TestApp.Status(200, $$$"""{"status":"{{{answer}}}"}""")(http);
        };
        await PublishAsync(sidecar, "", "{}", "application/json");
        await Eventually.TrueAsync(() => sidecar.AppA.CountAt("/handle") == 2);
        Assert.Equal(0, sidecar.AppA.CountAt("/dead"));
    });

    [ContractFact]
    public Task What_is_dropped_or_not_found_is_dead_lettered_at_once() => WithAsync(Subscribed, async sidecar =>
    {
        sidecar.AppA.Answers["/handle"] = TestApp.Status(200, """{"status":"DROP"}""");
        await PublishAsync(sidecar, "", """{"id":2}""", "application/json");
        await Eventually.TrueAsync(() => sidecar.AppA.CountAt("/dead") == 1);
        sidecar.AppA.Answers["/handle"] = TestApp.Status(404);
        await PublishAsync(sidecar, "", """{"id":3}""", "application/json");
        await Eventually.TrueAsync(() => sidecar.AppA.CountAt("/dead") == 2);
        Assert.Equal(2, sidecar.AppA.CountAt("/handle"));
    });

    [ContractFact]
    public Task Events_go_to_the_first_route_that_matches_and_else_to_the_dead_letter_topic() => WithAsync(Subscribed, async sidecar =>
    {
        foreach (var type in new[] { "a", "b", "c", "d" })
            await PublishAsync(sidecar, $"?metadata.cloudevent.type={type}", "{}", "application/json", topic: $"{_topic}-routed");

        await Eventually.TrueAsync(() => sidecar.AppA.CountAt("/ab") == 2 && sidecar.AppA.CountAt("/c") == 1 && sidecar.AppA.CountAt("/dead") == 1);
    });

    private async Task PublishAsync(
        SidecarUnderTest sidecar, string query, string body, string contentType, (string Name, string Value)? header = null, string? topic = null)
    {
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        content.Headers.ContentType = new MediaTypeHeaderValue(contentType);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/v1.0/publish/pubsub/{topic ?? _topic}{query}") { Content = content };
        if (header is var (name, value))
            request.Headers.Add(name, value);
        using var response = await sidecar.SidecarB.SendAsync(request);
        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        Assert.True(response.Headers.Contains("traceparent"));
    }

    private static async Task<Seen> ReceivedAsync(SidecarUnderTest sidecar)
    {
        await Eventually.TrueAsync(() => sidecar.AppA.CountAt("/handle") > 0);
        return Assert.Single(sidecar.AppA.At("/handle"));
    }
}
