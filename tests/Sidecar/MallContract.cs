using System.Net;

namespace OrderMall.Sidecar.Tests;

[Collection(PostgresCollection.Name)]
public sealed class MallOfEmbedded(PostgresServer postgres) : MallContract(postgres);

[AgainstDaprd]
public sealed class MallOfDaprd() : MallContract(null)
{
    // What daprd says of how these tests start it, whatever the files are: without mTLS, placement and scheduler.
    private static readonly string[] OfTheStart =
        ["dapr.runtime.security", "dapr.runtime.actor", "dapr.runtime.scheduler.watchhosts"];

    [ContractFact]
    public Task The_files_are_taken_without_a_warning() => WithAsync(Mall("ordering", "gateway"), sidecar =>
    {
        var warnings = sidecar.Warnings;
        Assert.Contains(warnings, line => line.Contains("mTLS is disabled", StringComparison.Ordinal));
        Assert.DoesNotContain(warnings, line => !OfTheStart.Any(scope => line.Contains($"scope={scope} ", StringComparison.Ordinal)));
        return Task.CompletedTask;
    });
}

/// <summary>The mall's own component files, as it is run with them.</summary>
public abstract class MallContract(PostgresServer? postgres) : ContractTests(postgres)
{
    private const string Holds = "/v1.0/invoke/catalog/method/holds";
    private const string Open = "failed to invoke, id: catalog, err: circuit breaker is open";
    private const string Unhealthy =
        "failed to invoke, id: ordering, err: rpc error: code = Internal desc = error invoking app channel: rpc error: code = Internal desc = app is not in a healthy state";

    private readonly string _topic = $"orders-{Guid.NewGuid():n}";

    private protected Setup Mall(string appA, string appB) => new()
    {
        AppIds = (appA, appB),
        Configuration = Setup.FromTheMall("config.yaml"),
        Resiliency = Setup.FromTheMall("resiliency.yaml"),
        // What was taken and not settled is given to another after 2 s instead of 12, and what is published has a topic of the test's own.
        PubSub = Setup.FromTheMall("pubsub.yaml").Replace("value: 12s", "value: 2s", StringComparison.Ordinal).Replace("value: 3s", "value: 1s", StringComparison.Ordinal)
            .Replace("ordering=", $"ordering={_topic}, {_topic}-dead,", StringComparison.Ordinal).Replace("gateway=", $"gateway={_topic},", StringComparison.Ordinal),
        SubscriptionsOfA = $$$"""
            [{"pubsubname":"pubsub","topic":"{{{_topic}}}","route":"/handle","deadLetterTopic":"{{{_topic}}}-dead"},
             {"pubsubname":"pubsub","topic":"{{{_topic}}}-dead","route":"/dead"}]
            """,
    };

    [ContractFact]
    public Task An_app_that_was_down_misses_nothing() => WithAsync(Mall("ordering", "gateway"), async sidecar =>
    {
        await PublishAsync(sidecar, 0, 10);
        await HandledAsync(sidecar, 10);

        // Some meet an app that is not yet known to be down, the others one that is.
        await sidecar.AppA.StopAsync();
        await PublishAsync(sidecar, 10, 10);
        await Eventually.TrueAsync(() => IsUnhealthyAsync(sidecar), "ordering is seen as unhealthy");
        await PublishAsync(sidecar, 20, 10);

        await sidecar.AppA.StartAsync();
        await HandledAsync(sidecar, 30);
        Assert.Equal(0, sidecar.AppA.CountAt("/dead"));
        await Eventually.TrueAsync(async () => (await sidecar.SidecarB.GetAsync("/v1.0/invoke/ordering/method/api/echo")).IsSuccessStatusCode, "ordering can be called again");
    });

    [ContractFact]
    public Task A_handler_that_fails_is_asked_until_it_is_well() => WithAsync(Mall("ordering", "gateway"), async sidecar =>
    {
        // More often than a handful of retries, and for longer than one probe takes.
        sidecar.AppA.Answers["/handle"] = http => TestApp.Status(sidecar.AppA.CountAt("/handle") > 4 ? 200 : 503)(http);
        await PublishAsync(sidecar, 0, 1);
        await Eventually.TrueAsync(() => sidecar.AppA.CountAt("/handle") == 5);
        Assert.Equal(0, sidecar.AppA.CountAt("/dead"));
    });

    [ContractFact]
    public Task Holds_are_asked_for_twice_and_a_dead_catalog_is_spared() => WithAsync(Mall("ordering", "catalog"), async sidecar =>
    {
        sidecar.AppB.Answers["/holds"] = TestApp.Status(200, "{}");
        await Eventually.TrueAsync(async () => (await sidecar.SidecarA.PostAsync(Holds, Json("{}"))).IsSuccessStatusCode, "catalog can be called");

        // A refusal that would be the same again is asked for once.
        sidecar.AppB.Answers["/holds"] = TestApp.Status(409, "no");
        Assert.Equal("no", await HoldAsync(sidecar, HttpStatusCode.Conflict, requests: 1));
        sidecar.AppB.Answers["/holds"] = TestApp.Status(503, "not now");
        Assert.Equal("not now", await HoldAsync(sidecar, HttpStatusCode.ServiceUnavailable, requests: 2));

        // The fifth failure in a row, the refusal among them, opens the breaker.
        Assert.Contains("not now", await HoldAsync(sidecar, HttpStatusCode.ServiceUnavailable, requests: 2), StringComparison.Ordinal);
        Assert.Contains(Open, await HoldAsync(sidecar, HttpStatusCode.InternalServerError, requests: 0), StringComparison.Ordinal);

        sidecar.AppB.Answers["/holds"] = TestApp.Status(200, "{}");
        await Eventually.TrueAsync(async () => (await sidecar.SidecarA.PostAsync(Holds, Json("{}"))).IsSuccessStatusCode, "the breaker closes");
    });

    [ContractFact]
    public Task What_is_not_on_the_list_of_APIs_is_not_there() => WithAsync(Mall("ordering", "gateway"), async sidecar =>
    {
        foreach (var (verb, path) in new[]
        {
            ("GET", "/v1.0/metadata"),
            ("PUT", "/v1.0/metadata/key"),
            ("GET", "/v1.0/secrets/secretstore/REDIS_PASSWORD"),
            ("GET", "/v1.0/secrets/secretstore/bulk"),
            ("GET", "/v1.0/configuration/statestore"),
            ("POST", "/v1.0/bindings/any"),
            ("POST", "/v1.0/actors/any/1/method/any"),
            ("POST", "/v1.0-alpha1/lock/statestore"),
            ("POST", "/v1.0-alpha1/state/statestore/query"),
            ("POST", "/v1.0/shutdown"),
        })
        {
            using var request = new HttpRequestMessage(new HttpMethod(verb), path) { Content = Json("{}") };
            using var response = await sidecar.SidecarB.SendAsync(request);
            await IsErrorAsync(response, HttpStatusCode.NotFound, "ERR_DIRECT_INVOKE", "failed getting app id either from the URL path or the header dapr-app-id");
        }

        using var state = await sidecar.SidecarB.GetAsync("/v1.0/state/statestore/nokey");
        using var health = await sidecar.SidecarB.GetAsync("/v1.0/healthz");
        using var publish = await sidecar.SidecarB.PostAsync($"/v1.0/publish/pubsub/{_topic}", Json("{}"));
        Assert.Equal(
            (HttpStatusCode.NoContent, HttpStatusCode.NoContent, HttpStatusCode.NoContent),
            (state.StatusCode, health.StatusCode, publish.StatusCode));
    });

    private async Task PublishAsync(SidecarUnderTest sidecar, int first, int count)
    {
        var entries = Enumerable.Range(first, count).Select(n => $$$"""
            {"entryId":"{{{n}}}","contentType":"application/cloudevents+json","event":{"specversion":"1.0","id":"e{{{n}}}","type":"t","source":"gateway","data":{} } }
            """);
        using var response = await sidecar.SidecarB.PostAsync($"/v1.0-alpha1/publish/bulk/pubsub/{_topic}", Json($"[{string.Join(',', entries)}]"));
        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
    }

    private static Task HandledAsync(SidecarUnderTest sidecar, int count)
    {
        HashSet<string> missing = [.. Enumerable.Range(0, count).Select(n => $"e{n}")];
        // What daprd had taken comes when Redis gives it out again, which on a busy machine takes its time.
        return Eventually.WithinAsync(
            TimeSpan.FromSeconds(60),
            () =>
            {
                missing.ExceptWith(sidecar.AppA.At("/handle").Select(seen => (string?)seen.Json["id"] ?? ""));
                return Task.FromResult(missing.Count == 0);
            },
            () => $"handled: {string.Join(", ", missing)}; dead letters: {sidecar.AppA.CountAt("/dead")}; "
                + $"deliveries: {string.Join(", ", sidecar.AppA.At("/handle").CountBy(seen => (string)seen.Json["id"]!).Select(id => $"{id.Key} {id.Value}"))}");
    }

    private static async Task<bool> IsUnhealthyAsync(SidecarUnderTest sidecar)
    {
        using var response = await sidecar.SidecarB.GetAsync("/v1.0/invoke/ordering/method/api/echo");
        await IsErrorAsync(response, HttpStatusCode.InternalServerError, "ERR_DIRECT_INVOKE", "failed to invoke, id: ordering, err: ");
        return (string?)(await JsonOf(response))["message"] == Unhealthy;
    }

    private static async Task<string> HoldAsync(SidecarUnderTest sidecar, HttpStatusCode status, int requests)
    {
        var before = sidecar.AppB.CountAt("/holds");
        using var response = await sidecar.SidecarA.PostAsync(Holds, Json("{}"));
        Assert.Equal((status, requests), (response.StatusCode, sidecar.AppB.CountAt("/holds") - before));
        return await response.Content.ReadAsStringAsync();
    }
}
