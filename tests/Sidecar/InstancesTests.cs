using System.Diagnostics;
using System.Net;
using System.Text;

namespace OrderMall.Sidecar.Tests;

/// <summary>Several instances of an app, and instances that come and go.</summary>
[Collection(PostgresCollection.Name)]
public sealed class InstancesTests(PostgresServer postgres)
{
    [Fact]
    public async Task Calls_go_round_the_healthy_instances()
    {
        await using var rig = await EmbeddedRig.CreateAsync(postgres, "", ("caller", 1), ("callee", 3));
        await rig.StartAppsAsync("caller", "callee");
        rig.App("callee", 1).Healthy = false;
        await rig.StartAsync();
        await rig.HealthyAsync("callee", 2);
        using var client = rig.As("caller");
        for (var i = 0; i < 10; i++)
            (await client.GetAsync("/v1.0/invoke/callee/method/hello")).EnsureSuccessStatusCode();
        Assert.Equal((5, 0, 5), (rig.App("callee", 0).CountAt("/hello"), rig.App("callee", 1).CountAt("/hello"), rig.App("callee", 2).CountAt("/hello")));

        rig.App("callee", 1).Healthy = true;
        await rig.HealthyAsync("callee", 3);
        for (var i = 0; i < 9; i++)
            (await client.GetAsync("/v1.0/invoke/callee/method/hello")).EnsureSuccessStatusCode();
        Assert.Equal(3, rig.App("callee", 1).CountAt("/hello"));
    }

    [Fact]
    public async Task An_instance_that_is_well_and_has_nothing_to_do_is_probed_less_often()
    {
        await using var rig = await EmbeddedRig.CreateAsync(postgres, "", ("caller", 1), ("busy", 1), ("resting", 1));
        await rig.StartAppsAsync("caller", "busy", "resting");
        await rig.StartAsync();
        await rig.HealthyAsync("busy");
        await rig.HealthyAsync("resting");
        var (busy, resting) = (rig.App("busy").Probes, rig.App("resting").Probes);
        using var client = rig.As("caller");
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (rig.App("busy").Probes < busy + 30)
            (await client.GetAsync("/v1.0/invoke/busy/method/hello", limit.Token)).EnsureSuccessStatusCode();
        // A third as often, and one more or less at either end.
        Assert.InRange(rig.App("resting").Probes - resting, 5, 15);
    }

    [Fact]
    public async Task A_call_to_an_instance_that_just_stopped_goes_to_another_with_its_body()
    {
        await using var rig = await EmbeddedRig.CreateAsync(postgres, "", ("caller", 1), ("callee", 2));
        await rig.StartAppsAsync("caller", "callee");
        await rig.StartAsync();
        await rig.HealthyAsync("callee", 2);
        using var client = rig.As("caller");
        await rig.App("callee", 0).StopAsync();
        for (var i = 0; i < 4; i++)
        {
            using var body = new StringContent($"body {i}", Encoding.UTF8, "text/plain");
            using var response = await client.PostAsync("/v1.0/invoke/callee/method/hello", body);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        Assert.Equal(["body 0", "body 1", "body 2", "body 3"], rig.App("callee", 1).At("/hello").Select(seen => seen.Body));
    }

    [Fact]
    public async Task Without_a_healthy_instance_the_answer_comes_at_once()
    {
        await using var rig = await EmbeddedRig.CreateAsync(postgres, "", ("caller", 1), ("callee", 1));
        await rig.StartAppsAsync("caller", "callee");
        await rig.StartAsync();
        await rig.HealthyAsync("callee");
        using var client = rig.As("caller");
        (await client.GetAsync("/v1.0/invoke/callee/method/hello")).EnsureSuccessStatusCode(); // the first takes longer
        await rig.App("callee").StopAsync();
        var watch = Stopwatch.StartNew();
        using var response = await client.GetAsync("/v1.0/invoke/callee/method/hello");
        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.Equal(
            """{"errorCode":"ERR_DIRECT_INVOKE","message":"failed to invoke, id: callee, err: rpc error: code = Internal desc = error invoking app channel: rpc error: code = Internal desc = app is not in a healthy state"}""",
            await response.Content.ReadAsStringAsync());
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(1), $"it took {watch.Elapsed}");

        await rig.App("callee").StartAsync();
        rig.Sidecar.Probe("callee");
        await Eventually.TrueAsync(async () => (await client.GetAsync("/v1.0/invoke/callee/method/hello")).IsSuccessStatusCode, "it can be called again");
    }

    [Fact]
    public async Task Each_event_goes_to_one_instance()
    {
        await using var rig = await EmbeddedRig.CreateAsync(postgres, "", ("publisher", 1), ("subscriber", 2));
        for (var i = 0; i < 2; i++)
            rig.App("subscriber", i).Subscriptions = $"[{EmbeddedRig.Subscription("orders", "/handle")}]";
        await rig.StartAppsAsync("publisher", "subscriber");
        await rig.StartAsync();
        await rig.HealthyAsync("subscriber", 2);
        for (var n = 0; n < 20; n++)
            await rig.PublishAsync("publisher", "orders", "{}");
        await Eventually.TrueAsync(() => rig.App("subscriber", 0).CountAt("/handle") + rig.App("subscriber", 1).CountAt("/handle") == 20);
        Assert.InRange(rig.App("subscriber", 0).CountAt("/handle"), 1, 19);
    }

    [Fact]
    public async Task The_state_of_the_circuits_can_be_seen()
    {
        await using var rig = await EmbeddedRig.CreateAsync(
            postgres,
            ResiliencyContract.With("circuitBreaker: breaker"),
            ("app-a", 1),
            ("app-b", 1));
        await rig.StartAppsAsync("app-a", "app-b");
        await rig.StartAsync();
        await rig.HealthyAsync("app-b");
        using var client = rig.As("app-a");
        (await client.GetAsync("/v1.0/invoke/app-b/method/well")).Dispose();
        Assert.Equal([new CircuitState("app-a", "app-b", "closed")], rig.Sidecar.Circuits);
        rig.App("app-b").Answers["/ill"] = TestApp.Status(500);
        for (var i = 0; i < 4; i++)
            (await client.GetAsync("/v1.0/invoke/app-b/method/ill")).Dispose();
        Assert.Equal([new CircuitState("app-a", "app-b", "open")], rig.Sidecar.Circuits);
    }
}
