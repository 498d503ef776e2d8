using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace OrderMall.Sidecar.Tests;

[Collection(PostgresCollection.Name)]
public sealed class BulkSubscribeOfEmbedded(PostgresServer postgres) : BulkSubscribeContract(postgres);

[AgainstDaprd]
public sealed class BulkSubscribeOfDaprd() : BulkSubscribeContract(null);

/// <summary>Several events in one request, each with a status of its own.</summary>
public abstract class BulkSubscribeContract(PostgresServer? postgres) : ContractTests(postgres)
{
    // Topics of its own for each test, since daprd's Redis is kept between them.
    private readonly string _topic = $"bulk-{Guid.NewGuid():n}";

    private Setup Subscribed => new()
    {
        Resiliency = ResiliencyContract.With("timeout: short"),
        SubscriptionsOfA = $$$"""
            [{"pubsubname":"pubsub","topic":"{{{_topic}}}","route":"/bulk","deadLetterTopic":"{{{_topic}}}-dead","bulkSubscribe":{"enabled":true,"maxMessagesCount":10,"maxAwaitDurationMs":300}},
             {"pubsubname":"pubsub","topic":"{{{_topic}}}-dead","route":"/dead"}]
            """,
    };

    [ContractFact]
    public Task What_is_published_together_is_delivered_together() => WithAsync(Subscribed, async sidecar =>
    {
        sidecar.AppA.Answers["/bulk"] = Say(_ => "SUCCESS");
        await PublishAsync(sidecar, "first");
        await Eventually.TrueAsync(() => Handed(sidecar).Count == 1);
        await PublishAsync(sidecar, "1", "2", "3");

        await Eventually.TrueAsync(() => Handed(sidecar).Count == 4);
        // The first of a time goes at once or waits for others, and so may go alone.
        var seen = sidecar.AppA.At("/bulk");
        Assert.InRange(seen.Count, 2, 3);
        var envelope = seen[^1].Json;
        Assert.Equal("application/json", seen[^1].Headers["Content-Type"].Split(';')[0]);
        Assert.Equal(["entries", "id", "metadata", "pubsubname", "topic", "type"], envelope.AsObject().Select(field => field.Key).Order(StringComparer.Ordinal));
        Assert.Equal((_topic, "pubsub", "com.dapr.event.sent.bulk"), ((string?)envelope["topic"], (string?)envelope["pubsubname"], (string?)envelope["type"]));
        Assert.Equal("pubsub", (string?)envelope["metadata"]!["pubsubName"]);
        var entries = envelope["entries"]!.AsArray();
        Assert.Equal(entries.Count, entries.Select(entry => (string?)entry!["entryId"]).Distinct().Count());
        Assert.All(entries, entry =>
        {
            Assert.Equal(["contentType", "entryId", "event", "metadata"], entry!.AsObject().Select(field => field.Key).Order(StringComparer.Ordinal));
            Assert.Equal(("application/cloudevents+json", _topic), ((string?)entry["contentType"], (string?)entry["event"]!["topic"]));
            Assert.Equal((string?)entry["event"]!["id"], (string?)entry["event"]!["data"]!["n"]);
        });
    });

    [ContractFact]
    public Task A_status_is_of_its_entry_alone() => WithAsync(Subscribed, async sidecar =>
    {
        // Tried four times in all.
        sidecar.AppA.Answers["/bulk"] = Say(id => id switch { "dropped" => "DROP", "failing" => "RETRY", "once" when Count(sidecar, "once") < 2 => "RETRY", "silent" when Count(sidecar, "silent") < 2 => null, _ => "SUCCESS" });
        await PublishAsync(sidecar, "dropped", "failing", "once", "silent", "good");

        await Eventually.TrueAsync(() => sidecar.AppA.CountAt("/dead") == 2 && Handed(sidecar).Count == 10);
        Assert.Equal((1, 4, 2, 2, 1), (Count(sidecar, "dropped"), Count(sidecar, "failing"), Count(sidecar, "once"), Count(sidecar, "silent"), Count(sidecar, "good")));
        Assert.Equal(["dropped", "failing"], sidecar.AppA.At("/dead").Select(seen => (string)seen.Json["id"]!).Order());
    });

    [ContractFact]
    public Task An_answer_that_says_nothing_of_entries_or_fails_is_for_all_of_them() => WithAsync(Subscribed, async sidecar =>
    {
        var answers = new Queue<Func<HttpContext, Task>>([TestApp.Status(200), TestApp.Status(503)]);
        var success = Say(_ => "SUCCESS");
        sidecar.AppA.Answers["/bulk"] = http => (answers.TryDequeue(out var answer) ? answer : success)(http);
        await PublishAsync(sidecar, "alone");
        await Eventually.TrueAsync(() => Count(sidecar, "alone") == 3);
        Assert.Equal(0, sidecar.AppA.CountAt("/dead"));
    });

    [ContractFact]
    public Task What_is_no_event_does_not_hold_its_neighbours() => WithAsync(Subscribed, async sidecar =>
    {
        sidecar.AppA.Answers["/bulk"] = Say(_ => "SUCCESS");
        using (var body = new StringContent("no event", Encoding.UTF8, "text/plain"))
        using (var raw = await sidecar.SidecarB.PostAsync($"/v1.0/publish/pubsub/{_topic}?metadata.rawPayload=true", body))
            Assert.Equal(HttpStatusCode.NoContent, raw.StatusCode);
        await PublishAsync(sidecar, "good");
        await Eventually.TrueAsync(() => Count(sidecar, "good") == 1);
        Assert.Single(Handed(sidecar));
    });

    [ContractFact]
    public Task Raw_payloads_come_as_base64() => WithAsync(
        Subscribed with
        {
            SubscriptionsOfA = $$$"""[{"pubsubname":"pubsub","topic":"{{{_topic}}}","route":"/bulk","metadata":{"rawPayload":"true"},"bulkSubscribe":{"enabled":true,"maxAwaitDurationMs":50}}]""",
            SubscriptionCount = 1,
        },
        async sidecar =>
        {
            sidecar.AppA.Answers["/bulk"] = http => TestApp.Status(200, $$"""{"statuses":[{"entryId":"{{(string?)sidecar.AppA.At("/bulk")[^1].Json["entries"]![0]!["entryId"]}}","status":"SUCCESS"}]}""")(http);
            using (var body = new StringContent("raw", Encoding.UTF8, "text/plain"))
            using (var raw = await sidecar.SidecarB.PostAsync($"/v1.0/publish/pubsub/{_topic}?metadata.rawPayload=true", body))
                Assert.Equal(HttpStatusCode.NoContent, raw.StatusCode);
            await Eventually.TrueAsync(() => sidecar.AppA.CountAt("/bulk") == 1);
            var entry = sidecar.AppA.At("/bulk")[0].Json["entries"]![0]!;
            Assert.Equal(("cmF3", "application/octet-stream"), ((string?)entry["event"], (string?)entry["contentType"]));
        });

    private async Task PublishAsync(SidecarUnderTest sidecar, params string[] ids)
    {
        var entries = ids.Select(id => $$$"""{"entryId":"{{{id}}}","contentType":"application/cloudevents+json","event":{"specversion":"1.0","id":"{{{id}}}","type":"t","source":"s","datacontenttype":"application/json","data":{"n":"{{{id}}}"} } }""");
        using var body = Json($"[{string.Join(',', entries)}]");
        using var response = await sidecar.SidecarB.PostAsync($"/v1.0-alpha1/publish/bulk/pubsub/{_topic}", body);
        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
    }

    // Says of each entry what its event's id is given; nothing for null.
    private static Func<HttpContext, Task> Say(Func<string, string?> statusOf) => async http =>
    {
        // The app keeps what it reads before it answers.
        var envelope = (JsonNode)http.Items[TestApp.BodyItem]!;
        var statuses = envelope["entries"]!.AsArray()
            .Select(entry => (Id: (string)entry!["entryId"]!, Status: statusOf((string)entry["event"]!["id"]!)))
            .Where(said => said.Status is not null)
            .Select(said => $$"""{"entryId":"{{said.Id}}","status":"{{said.Status}}"}""");
        await http.Response.WriteAsync($$"""{"statuses":[{{string.Join(',', statuses)}}]}""");
    };

    private static List<string> Handed(SidecarUnderTest sidecar) =>
        [.. sidecar.AppA.At("/bulk").SelectMany(seen => seen.Json["entries"]!.AsArray()).Select(entry => (string)entry!["event"]!["id"]!)];

    private static int Count(SidecarUnderTest sidecar, string id) => Handed(sidecar).Count(handed => handed == id);
}
