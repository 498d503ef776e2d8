using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Npgsql;

namespace OrderMall.Sidecar.Tests;

/// <summary>What the embedded sidecar promises beyond Dapr on Redis: an event that was published is not lost.</summary>
[Collection(PostgresCollection.Name)]
public sealed class DeliveryTests(PostgresServer postgres)
{
    [Fact]
    public async Task Events_wait_for_a_subscriber_that_is_down_over_a_restart_of_the_sidecar()
    {
        await using var rig = await EmbeddedRig.CreateAsync(postgres, "", ("publisher", 1), ("subscriber", 1));
        var subscriber = rig.App("subscriber");
        subscriber.Subscriptions = $"[{EmbeddedRig.Subscription("orders", "/handle")}]";
        await rig.StartAppsAsync("publisher", "subscriber");
        await rig.StartAsync();
        await PublishUntilReceivedAsync(rig);

        await subscriber.StopAsync();
        await rig.PublishAsync("publisher", "orders", """{"n":1}""");
        await rig.StopAsync();
        await rig.StartAsync();
        await rig.PublishAsync("publisher", "orders", """{"n":2}""");
        Assert.Equal(0, subscriber.CountAt("/handle") - 1);
        Assert.Equal(0, await ToldAsync()); // what it asked for in an earlier run is no word about how it is delivered in this one
        await subscriber.StartAsync();

        await Eventually.TrueAsync(() => Numbers(subscriber).Order().SequenceEqual([0, 1, 2]));
        Assert.Equal(1, await ToldAsync());

        async Task<int> ToldAsync()
        {
            using var client = rig.As("subscriber");
            return JsonNode.Parse(await client.GetStringAsync("/v1.0/metadata"))!["subscriptions"]?.AsArray().Count ?? 0;
        }
    }

    [Fact]
    public async Task An_app_that_was_never_up_gets_what_it_turns_out_to_want()
    {
        await using var rig = await EmbeddedRig.CreateAsync(postgres, "", ("publisher", 1), ("subscriber", 1));
        rig.App("subscriber").Subscriptions = $"[{EmbeddedRig.Subscription("orders", "/handle")}]";
        await rig.StartAppsAsync("publisher");
        await rig.StartAsync();
        await rig.PublishAsync("publisher", "orders", """{"n":1}""");
        await rig.PublishAsync("publisher", "others", """{"n":2}""");

        await rig.StartAppsAsync("subscriber");

        await Eventually.TrueAsync(() => rig.App("subscriber").CountAt("/handle") == 1);
        await Eventually.TrueAsync(() => QueuedAsync(rig, 0), "nothing waits any more");
        Assert.Single(rig.App("subscriber").All);
    }

    [Fact]
    public async Task More_events_than_memory_holds_arrive_each_and_in_order_of_their_turn()
    {
        const int count = 3500;
        await using var rig = await EmbeddedRig.CreateAsync(postgres, "", ("publisher", 1), ("subscriber", 1));
        var subscriber = rig.App("subscriber");
        subscriber.Subscriptions = $"[{EmbeddedRig.Subscription("orders", "/handle")}]";
        await rig.StartAppsAsync("publisher");
        await rig.StartAsync();
        await PublishNumbersAsync(rig, count);

        await subscriber.StartAsync();
        // Published while the backlog is worked off.
        await rig.PublishAsync("publisher", "orders", """{"n":3500}""");

        await Eventually.TrueAsync(() => subscriber.CountAt("/handle") >= count + 1);
        await Eventually.TrueAsync(() => QueuedAsync(rig, 0), "nothing waits any more");
        Assert.Equal(Enumerable.Range(0, count + 1), Numbers(subscriber).Order());
    }

    [Fact]
    public async Task What_is_read_while_memory_runs_low_is_delivered_once()
    {
        // Sixteen workers and a window of a thousand: after so many answers one event less than half a window is in memory.
        const int count = 2500, window = 1000, answeredBeforeLow = 485;
        await using var rig = await EmbeddedRig.CreateAsync(postgres, "", ("publisher", 1), ("subscriber", 1));
        var subscriber = rig.App("subscriber");
        subscriber.Subscriptions = $"[{EmbeddedRig.Subscription("orders", "/handle")}]";
        TaskCompletionSource locked = new(TaskCreationOptions.RunContinuationsAsynchronously), reading = new(TaskCreationOptions.RunContinuationsAsynchronously);
        var (asked, answered) = (0, 0);
        subscriber.Answers["/handle"] = async http =>
        {
            await (Interlocked.Increment(ref asked) <= answeredBeforeLow ? locked : reading).Task;
            await http.Response.CompleteAsync();
            Interlocked.Increment(ref answered);
        };
        await rig.StartAppsAsync("publisher");
        await rig.StartAsync();
        await PublishNumbersAsync(rig, count);
        await subscriber.StartAsync();
        await Eventually.TrueAsync(() => Volatile.Read(ref asked) > 0);

        const string read = "SELECT id, envelope%", hold = "LOCK TABLE%";
        var first = await HoldTableAsync(rig);
        locked.SetResult();
        await Eventually.TrueAsync(() => IsHeldUpAsync(rig, read), "the next events are being read");
        reading.SetResult();
        // Everything in memory is worked off while the reading takes its time: then there is room for all workers.
        await Eventually.TrueAsync(() => Volatile.Read(ref answered) == window);
        // Whatever reads on after that is held up too, so that a second reader would read the same.
        var second = HoldTableAsync(rig);
        await Eventually.TrueAsync(() => IsHeldUpAsync(rig, hold), "the table is held again after this reading");
        await first.DisposeAsync();
        await using (await second)
            await Eventually.TrueAsync(() => IsHeldUpAsync(rig, read), "the events after those are being read");

        await Eventually.TrueAsync(() => QueuedAsync(rig, 0), "nothing waits any more");
        Assert.Equal(Enumerable.Range(0, count), Numbers(subscriber).Order());
    }

    [Fact]
    public async Task What_a_rule_that_cannot_be_read_may_be_for_is_a_dead_letter()
    {
        await using var rig = await EmbeddedRig.CreateAsync(postgres, "", ("publisher", 1), ("subscriber", 1));
        var subscriber = rig.App("subscriber");
        subscriber.Subscriptions = $"[{Unreadable("dead")},{EmbeddedRig.Subscription("dead", "/dead")}]";
        await rig.StartAppsAsync("publisher", "subscriber");
        await rig.StartAsync();
        await rig.PublishAsync("publisher", "orders?metadata.cloudevent.type=first", """{"n":1}""");
        await rig.PublishAsync("publisher", "orders?metadata.cloudevent.type=other", """{"n":2}""");

        await Eventually.TrueAsync(() => subscriber.CountAt("/dead") == 1 && subscriber.CountAt("/first") == 1, "one is served, and one a dead letter");
        Assert.Equal((2, 0, 0), ((int)subscriber.At("/dead")[0].Json["data"]!["n"]!, subscriber.CountAt("/x"), subscriber.CountAt("/else")));
        using var asking = rig.As("subscriber");
        var metadata = JsonNode.Parse(await asking.GetStringAsync("/v1.0/metadata"))!;
        var orders = metadata["subscriptions"]!.AsArray().Single(subscription => (string?)subscription!["topic"] == "orders")!;
        Assert.StartsWith("the embedded sidecar cannot match 'event.type.startsWith", (string?)orders["metadata"]!["problem"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task And_without_a_topic_for_those_it_waits_until_the_rule_can_be_read()
    {
        await using var rig = await EmbeddedRig.CreateAsync(postgres, "", ("publisher", 1), ("subscriber", 1));
        var subscriber = rig.App("subscriber");
        subscriber.Subscriptions = $"[{EmbeddedRig.Subscription("orders", "/handle")}]";
        await rig.StartAppsAsync("publisher", "subscriber");
        await rig.StartAsync();
        await PublishUntilReceivedAsync(rig);
        await subscriber.StopAsync();
        await rig.HealthyAsync("subscriber", 0);
        await rig.PublishAsync("publisher", "orders", """{"n":1}""");

        // The app's next version has a rule that the sidecar cannot read: neither what waited nor what comes is lost.
        subscriber.Subscriptions = $"[{Unreadable("")}]";
        await subscriber.StartAsync();
        await rig.PublishAsync("publisher", "orders", """{"n":2}""");
        await Eventually.TrueAsync(() => QueuedAsync(rig, 2), "both wait");
        await Eventually.TrueAsync(async () => (await ProblemsAsync(rig)).Count == 1, "the problem is told");
        Assert.Equal((1, 0, 0), (subscriber.CountAt("/handle"), subscriber.CountAt("/x"), subscriber.CountAt("/else")));

        await subscriber.StopAsync();
        await rig.HealthyAsync("subscriber", 0);
        subscriber.Subscriptions = $"[{EmbeddedRig.Subscription("orders", "/handle")}]";
        await subscriber.StartAsync();
        await Eventually.TrueAsync(() => Numbers(subscriber).Order().SequenceEqual([0, 1, 2]));
    }

    [Fact]
    public async Task A_component_says_how_many_events_an_app_is_given_at_a_time()
    {
        await using var rig = await EmbeddedRig.CreateAsync(postgres, "", ("publisher", 1), ("subscriber", 1));
        await File.AppendAllTextAsync(Path.Combine(rig.Resources, "pubsub.yaml"), "\n    - name: concurrency\n      value: 2\n");
        var subscriber = rig.App("subscriber");
        subscriber.Subscriptions = $"[{EmbeddedRig.Subscription("orders", "/handle")},{EmbeddedRig.Subscription("others", "/others")}]";
        var (now, most) = (0, 0);
        subscriber.Answers["/handle"] = subscriber.Answers["/others"] = async _ =>
        {
            var working = Interlocked.Increment(ref now);
            InterlockedMax(ref most, working);
            await Task.Delay(TimeSpan.FromMilliseconds(5)); // the work
            Interlocked.Decrement(ref now);
        };
        await rig.StartAppsAsync("publisher");
        await rig.StartAsync();
        for (var n = 0; n < 40; n++)
            await rig.PublishAsync("publisher", n % 2 == 0 ? "orders" : "others", $$"""{"n":{{n}}}""");

        await subscriber.StartAsync();
        await Eventually.TrueAsync(() => subscriber.CountAt("/handle") + subscriber.CountAt("/others") == 40);
        Assert.InRange(most, 1, 2);
    }

    private static void InterlockedMax(ref int most, int value)
    {
        for (var seen = Volatile.Read(ref most); value > seen; seen = Volatile.Read(ref most))
            Interlocked.CompareExchange(ref most, value, seen);
    }

    private static string Unreadable(string deadLetterTopic) => $$$"""
        {"pubsubname":"pubsub","topic":"orders","deadLetterTopic":"{{{deadLetterTopic}}}","routes":{"rules":[
            {"match":"event.type == 'first'","path":"/first"},
            {"match":"event.type.startsWith('x')","path":"/x"}],"default":"/else"}}
        """;

    private static async Task<List<string>> ProblemsAsync(EmbeddedRig rig)
    {
        using var asking = rig.As("subscriber");
        var metadata = JsonNode.Parse(await asking.GetStringAsync("/v1.0/metadata"))!;
        return [.. metadata["subscriptions"]!.AsArray().Select(subscription => (string?)subscription!["metadata"]?["problem"]).OfType<string>()];
    }

    [Fact]
    public async Task A_slow_subscriber_does_not_hold_back_another()
    {
        await using var rig = await EmbeddedRig.CreateAsync(postgres, "", ("publisher", 1), ("slow", 1), ("quick", 1));
        var release = new TaskCompletionSource();
        rig.App("slow").Subscriptions = $"[{EmbeddedRig.Subscription("orders", "/handle")},{EmbeddedRig.Subscription("others", "/others")}]";
        rig.App("slow").Answers["/handle"] = _ => release.Task;
        rig.App("quick").Subscriptions = $"[{EmbeddedRig.Subscription("orders", "/handle")}]";
        await rig.StartAppsAsync("publisher", "slow", "quick");
        await rig.StartAsync();
        for (var n = 0; n < 50; n++)
            await rig.PublishAsync("publisher", "orders", $$"""{"n":{{n}}}""");
        await rig.PublishAsync("publisher", "others", "{}");

        await Eventually.TrueAsync(() => rig.App("quick").CountAt("/handle") == 50);
        // Nor its own other subscription.
        await Eventually.TrueAsync(() => rig.App("slow").CountAt("/others") == 1);
        Assert.InRange(rig.App("slow").CountAt("/handle"), 1, 16);
        release.SetResult();
        await Eventually.TrueAsync(() => rig.App("slow").CountAt("/handle") == 50);
    }

    [Fact]
    public async Task A_failing_event_does_not_hold_back_those_behind_it_and_is_kept_without_a_dead_letter_topic()
    {
        await using var rig = await EmbeddedRig.CreateAsync(postgres, "", ("publisher", 1), ("subscriber", 1));
        var subscriber = rig.App("subscriber");
        subscriber.Subscriptions = $"[{EmbeddedRig.Subscription("orders", "/handle")}]";
        var poisoned = true;
        subscriber.Answers["/handle"] = http =>
        {
            http.Response.StatusCode = Volatile.Read(ref poisoned) && Numbers(subscriber)[^1] < 20 ? 500 : 200;
            return Task.CompletedTask;
        };
        await rig.StartAppsAsync("publisher", "subscriber");
        await rig.StartAsync();
        await rig.HealthyAsync("subscriber");
        for (var n = 0; n <= 20; n++)
            await rig.PublishAsync("publisher", "orders", $$"""{"n":{{n}}}""");

        await Eventually.TrueAsync(() => Numbers(subscriber).Contains(20));
        await Eventually.TrueAsync(() => Numbers(subscriber).Count(n => n == 0) >= 3, "the failing event is tried again and again");
        Volatile.Write(ref poisoned, false);
        await Eventually.TrueAsync(() => QueuedAsync(rig, 0), "everything was handled in the end");
    }

    [Fact]
    public async Task What_waits_for_a_retry_is_due_when_the_app_comes_back()
    {
        const string hourly = """
            apiVersion: dapr.io/v1alpha1
            kind: Resiliency
            metadata:
              name: hourly
            spec:
              policies:
                retries:
                  hourly:
                    duration: 1h
              targets:
                components:
                  pubsub:
                    inbound:
                      retry: hourly
            """;
        await using var rig = await EmbeddedRig.CreateAsync(postgres, hourly, ("publisher", 1), ("subscriber", 1));
        var subscriber = rig.App("subscriber");
        subscriber.Subscriptions = $"[{EmbeddedRig.Subscription("orders", "/handle", "dead")}]";
        subscriber.Answers["/handle"] = TestApp.Status(500);
        await rig.StartAppsAsync("publisher", "subscriber");
        await rig.StartAsync();
        await rig.PublishAsync("publisher", "orders", """{"n":1}""");
        await Eventually.TrueAsync(() => subscriber.CountAt("/handle") == 1);

        subscriber.Healthy = false;
        await rig.HealthyAsync("subscriber", 0);
        subscriber.Answers["/handle"] = TestApp.Status(200);
        subscriber.Healthy = true;

        await Eventually.TrueAsync(() => subscriber.CountAt("/handle") == 2);
        await Eventually.TrueAsync(() => QueuedAsync(rig, 0), "it is settled");
    }

    [Fact]
    public async Task What_an_app_no_longer_subscribes_to_is_dropped()
    {
        await using var rig = await EmbeddedRig.CreateAsync(postgres, "", ("publisher", 1), ("subscriber", 1));
        var subscriber = rig.App("subscriber");
        subscriber.Subscriptions = $"[{EmbeddedRig.Subscription("orders", "/handle")}]";
        await rig.StartAppsAsync("publisher", "subscriber");
        await rig.StartAsync();
        await PublishUntilReceivedAsync(rig);
        await subscriber.StopAsync();
        await rig.PublishAsync("publisher", "orders", """{"n":1}""");
        await Eventually.TrueAsync(() => QueuedAsync(rig, 1), "it waits");

        subscriber.Subscriptions = "[]";
        await subscriber.StartAsync();

        await Eventually.TrueAsync(() => QueuedAsync(rig, 0), "it is dropped");
        await rig.PublishAsync("publisher", "orders", """{"n":2}""");
        Assert.True(await QueuedAsync(rig, 0));
    }

    [Fact]
    public async Task While_the_database_is_away_publishing_fails_and_afterwards_all_goes_on()
    {
        await using var rig = await EmbeddedRig.CreateAsync(postgres, "", ("publisher", 1), ("subscriber", 1));
        var subscriber = rig.App("subscriber");
        subscriber.Subscriptions = $"[{EmbeddedRig.Subscription("orders", "/handle")}]";
        await rig.StartAppsAsync("publisher", "subscriber");
        await rig.StartAsync();
        await PublishUntilReceivedAsync(rig);

        var database = new NpgsqlConnectionStringBuilder(rig.ConnectionString).Database!;
        await AdministerAsync(rig, $"ALTER DATABASE {database} ALLOW_CONNECTIONS false");
        await AdministerAsync(rig, $"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'");
        using var client = rig.As("publisher");
        using (var refused = await client.PostAsync("/v1.0/publish/pubsub/orders", new StringContent("""{"n":99}""", Encoding.UTF8, "application/json")))
        {
            Assert.Equal(HttpStatusCode.InternalServerError, refused.StatusCode);
            Assert.Contains("ERR_PUBSUB_PUBLISH_MESSAGE", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        await AdministerAsync(rig, $"ALTER DATABASE {database} ALLOW_CONNECTIONS true");
        await Eventually.TrueAsync(
            async () =>
            {
                using var content = new StringContent("""{"n":1}""", Encoding.UTF8, "application/json");
                return (await client.PostAsync("/v1.0/publish/pubsub/orders", content)).IsSuccessStatusCode;
            },
            "publishing works again");
        await Eventually.TrueAsync(() => Numbers(subscriber).Contains(1));
    }

    private static async Task PublishNumbersAsync(EmbeddedRig rig, int count)
    {
        using var client = rig.As("publisher");
        foreach (var chunk in Enumerable.Range(0, count).Chunk(500))
        {
            var entries = string.Join(',', chunk.Select(n => $$$"""{"entryId":"{{{n}}}","event":{"n":{{{n}}}},"contentType":"application/json"}"""));
            using var response = await client.PostAsync("/v1.0/publish/bulk/pubsub/orders", new StringContent($"[{entries}]", Encoding.UTF8, "application/json"));
            Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        }
    }

    private static async Task PublishUntilReceivedAsync(EmbeddedRig rig)
    {
        await rig.PublishAsync("publisher", "orders", """{"n":0}""");
        await Eventually.TrueAsync(() => rig.App("subscriber").CountAt("/handle") == 1);
        await Eventually.TrueAsync(() => QueuedAsync(rig, 0), "it is settled");
    }

    private static List<int> Numbers(TestApp app) => [.. app.At("/handle").Select(seen => (int)seen.Json["data"]!["n"]!)];

    private static async Task<bool> QueuedAsync(EmbeddedRig rig, int count)
    {
        await using var connection = new NpgsqlConnection(rig.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("SELECT count(*) FROM event_queue", connection);
        return Convert.ToInt32(await command.ExecuteScalarAsync(), CultureInfo.InvariantCulture) == count;
    }

    /// <summary>Nobody else reads or writes the table until the connection is disposed.</summary>
    private static async Task<NpgsqlConnection> HoldTableAsync(EmbeddedRig rig)
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(rig.ConnectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var hold = new NpgsqlCommand("BEGIN", connection);
        await hold.ExecuteNonQueryAsync();
        hold.CommandText = "LOCK TABLE event_queue IN ACCESS EXCLUSIVE MODE";
        await hold.ExecuteNonQueryAsync();
        return connection;
    }

    private static async Task<bool> IsHeldUpAsync(EmbeddedRig rig, string statement)
    {
        await using var connection = new NpgsqlConnection(rig.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE $1)",
            connection) { Parameters = { new() { Value = statement } } };
        return await command.ExecuteScalarAsync() is true;
    }

    private static async Task AdministerAsync(EmbeddedRig rig, string sql)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(rig.ConnectionString) { Database = "postgres" }.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
