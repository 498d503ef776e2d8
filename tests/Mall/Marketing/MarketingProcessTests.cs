using System.Net;
using System.Text.Json.Nodes;
using OrderMall.Mall.Tests.Opening;

namespace OrderMall.Mall.Tests.Marketing;

/// <summary>The service alone with its sidecar: what it makes of events that come twice, together, or at a bad moment.</summary>
public sealed class MarketingProcessTests
{
    private static readonly Guid Emma = Guid.NewGuid();
    private static readonly Guid Dracula = Guid.NewGuid();

    [FactNeeding(Need.Own | Need.Python)]
    public async Task An_order_counts_once_however_often_it_is_told()
    {
        await using var sidecar = await StubSidecar.StartAsync();
        await using var marketing = await MarketingProcess.StartAsync(sidecar);
        var orders = Enumerable.Range(0, 60).Select(number => (Id: Guid.NewGuid(), Customer: $"customer {number % 7}", Offer: number % 3 == 0 ? Dracula : Emma)).ToList();
        await Task.WhenAll(orders.Concat(orders).Select(order => marketing.TellAsync(order.Id, order.Customer, order.Offer)));
        await Task.WhenAll(orders.Select(order => marketing.TellAsync(order.Id, order.Customer, order.Offer)));
        foreach (var query in new[] { "", "?kind=book" })
            Assert.Equal([(Emma, 40), (Dracula, 20)], await marketing.RecommendsAsync(query));
        Assert.Equal([(Emma, 40)], await marketing.RecommendsAsync($"?offerId={Dracula}"));
    }

    [FactNeeding(Need.Own | Need.Python)]
    public async Task Whatever_is_sent_to_whatever_address_is_answered_or_refused()
    {
        await using var sidecar = await StubSidecar.StartAsync();
        await using var marketing = await MarketingProcess.StartAsync(sidecar);
        string[] fields = ["id", "type", "data", "eventId", "source", "specversion"];
        string[] values = ["null", "[]", "{}", "[null]", "\"\"", "-7", "1e30", "true"];
        string[] bodies = ["{}", "null", "[]", "[{}]", "7", "\"text\"", "", "{", "\0", "\ufeff{}", new string('[', 100_000), "{\"type\":\"OrderAccepted\",\"data\":{\"orderId\":7}}",
            .. fields.SelectMany(field => values.Select(value => $"{{\"type\":\"OrderAccepted\",\"{field}\":{value}}}"))];
        (string, string)[] headers = [("Content-Type", "application/json; charset=\"klingon\""), ("Content-Type", ";"), ("Content-Encoding", "gzip"), ("Traceparent", "00-0-0-ff"), ("Traceparent", new string('x', 1000)),
            ("Tracestate", ";;;===,,,"), ("Accept", "*/*;q=nan"), ("Idempotency-Key", "\""), ("Range", "bytes=0-,1-,9-1"), ("If-Match", "W/\""), ("Expect", "everything"), ("Cookie", "{}[]()<>@")];
        var failed = new List<string>();
        var addresses = MarketingProcess.Addresses();
        Assert.Contains("/dead-letters/replay", addresses);
        foreach (var address in addresses.Concat(addresses.Select(address => address + "?limit=x&kind=%00%ff&eventId=&eventId=")))
        {
            foreach (var body in bodies)
                Judge(await marketing.SendAsync(HttpMethod.Post, address, body), $"POST {address} with {body[..Math.Min(body.Length, 100)]}");
            foreach (var (header, value) in headers)
            {
                Judge(await marketing.SendAsync(HttpMethod.Get, address, body: null, header, value), $"GET {address} with {header}: {value}");
                Judge(await marketing.SendAsync(HttpMethod.Post, address, "{}", header, value), $"POST {address} with {header}: {value}");
            }
        }

        Assert.True(failed.Count == 0, $"{failed.Count} calls failed:\n{string.Join('\n', failed.Take(20))}");

        void Judge(HttpStatusCode status, string what)
        {
            if ((int)status >= 500)
                failed.Add($"{what}: {(int)status}");
        }
    }

    [FactNeeding(Need.Own | Need.Python)]
    public async Task Only_the_latest_orders_are_remembered()
    {
        await using var sidecar = await StubSidecar.StartAsync();
        await using var marketing = await MarketingProcess.StartAsync(sidecar);
        await marketing.TellAsync(Guid.CreateVersion7(DateTimeOffset.UnixEpoch), "one", Dracula);
        foreach (var some in Enumerable.Range(0, 250).Chunk(50))
            await Task.WhenAll(some.Select(_ => marketing.TellAsync(Guid.CreateVersion7(), "one", Emma)));
        // One that comes late is none of the latest.
        await marketing.TellAsync(Guid.CreateVersion7(DateTimeOffset.UnixEpoch), "one", Dracula);
        Assert.Equal([(Emma, 200)], await marketing.RecommendsAsync("?kind=book"));
        Assert.Equal(200, sidecar["kind.book"]!.AsArray().Count);
        Assert.Equal(100, sidecar[$"offer.{Emma}"]!["buyers"]!.AsArray().Count);
        Assert.Equal(20, sidecar["customer.one"]!.AsArray().Count);
        // Kinds can be made up by anybody.
        await Task.WhenAll(Enumerable.Range(0, 80).Select(number => marketing.TellAsync(Guid.NewGuid(), "one", Emma, $"kind||{number}")));
        Assert.Equal(50, sidecar["kinds"]!.AsArray().Count);
    }

    [FactNeeding(Need.Own | Need.Python)]
    public async Task Nothing_is_recommended_that_cannot_be_ordered_and_what_comes_next_takes_its_place()
    {
        await using var sidecar = await StubSidecar.StartAsync();
        await using var marketing = await MarketingProcess.StartAsync(sidecar);
        // Those that most ordered cannot be ordered any more: 120, which are more than one question is about.
        var gone = Enumerable.Range(0, 60).SelectMany(number => new[] { (Offer: Guid.NewGuid(), Kind: "book"), (Offer: Guid.NewGuid(), Kind: "table") }).ToList();
        await Task.WhenAll(gone.Concat(gone).Select((offer, number) => marketing.TellAsync(Guid.NewGuid(), $"customer {number % 50}", offer.Offer, offer.Kind)));
        await marketing.TellAsync(Guid.NewGuid(), "one", Emma);
        await marketing.TellAsync(Guid.NewGuid(), "one", Dracula);
        sidecar.OffSale.UnionWith(gone.Select(offer => offer.Offer));
        Assert.Equal([(Dracula, 1), (Emma, 1)], (await marketing.RecommendsAsync("?limit=2")).OrderBy(item => item.OfferId != Dracula));
        Assert.Equal([100, 22], sidecar.AskedOfCatalog);
        Assert.Equal([(Emma, 1)], await marketing.RecommendsAsync($"?offerId={Dracula}"));
        sidecar.OffSale.Add(Emma);
        Assert.Equal([(Dracula, 1)], await marketing.RecommendsAsync("?kind=book"));
        Assert.Empty(await marketing.RecommendsAsync($"?offerId={Dracula}"));

        // Back on sale, an order of it is remembered.
        sidecar.OffSale.Remove(Emma);
        Assert.Equal([(Emma, 1)], await marketing.RecommendsAsync($"?offerId={Dracula}"));
        // What cannot be known is not said.
        sidecar.CatalogIsDown = true;
        var (status, problem) = await marketing.AskAsync("/api/recommendations");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.Contains("urn:ordermall:problem:unavailable", problem, StringComparison.Ordinal);
        // Learning goes on.
        await marketing.TellAsync(Guid.NewGuid(), "two", Emma);
        sidecar.CatalogIsDown = false;
        Assert.Equal([(Emma, 2), (Dracula, 1)], await marketing.RecommendsAsync("?kind=book"));
    }

    [FactNeeding(Need.Own | Need.Python)]
    public async Task What_another_replica_wrote_meanwhile_is_kept()
    {
        await using var sidecar = await StubSidecar.StartAsync();
        await using var marketing = await MarketingProcess.StartAsync(sidecar);
        await marketing.TellAsync(Guid.NewGuid(), "one", Emma);
        // Once where the key is there, and once where both want to make it.
        sidecar.BeforeSave.Enqueue(() => OtherWritesAsync("kind.book"));
        await marketing.TellAsync(Guid.NewGuid(), "two", Emma);
        sidecar.BeforeSave.Enqueue(() => OtherWritesAsync("customer.three"));
        await marketing.TellAsync(Guid.NewGuid(), "three", Emma);
        Assert.Empty(sidecar.BeforeSave);
        Assert.Equal([(Emma, 3), (Dracula, 1)], await marketing.RecommendsAsync("?kind=book"));
        Assert.Equal([(Dracula, 1)], await marketing.RecommendsAsync($"?offerId={Emma}"));

        Task OtherWritesAsync(string key)
        {
            var window = sidecar[key]?.AsArray() ?? [];
            window.Add((JsonNode)new JsonArray($"{Guid.NewGuid()}", $"{Dracula}"));
            sidecar.Put(key, window);
            sidecar.Put($"offer.{Dracula}", new JsonObject { ["title"] = "Dracula", ["kind"] = "book", ["buyers"] = new JsonArray() });
            return Task.CompletedTask;
        }
    }

    [FactNeeding(Need.Own | Need.Python)]
    public async Task What_the_store_has_lost_is_learnt_again_from_ordering_and_counts_as_before()
    {
        await using var sidecar = await StubSidecar.StartAsync();
        await using var marketing = await MarketingProcess.StartAsync(sidecar);
        await Eventually.Is(1, () => Task.FromResult(sidecar.Asked.Count)); // by itself: the store was empty
        var orders = Enumerable.Range(0, 230)
            .Select(number => (OrderId: Guid.CreateVersion7(DateTimeOffset.UnixEpoch.AddDays(number)), CustomerId: $"customer {number % 7}", OfferId: number % 3 == 0 ? Dracula : Emma, Status: "Accepted"))
            .ToList();
        foreach (var order in orders)
            await marketing.TellAsync(order.OrderId, order.CustomerId, order.OfferId);
        string[] queries = ["", "?kind=book", $"?offerId={Dracula}", $"?offerId={Emma}"];
        var before = await Task.WhenAll(queries.Select(marketing.RecommendsAsync));
        Assert.Equal(200, before[0].Sum(item => item.Orders));

        sidecar.ForgetState();
        // In pages of which one is not answered, with an order told of in between, and one that was never accepted.
        sidecar.Answers.Enqueue(MarketingProcess.History(orders.Take(100), orders[99].OrderId));
        sidecar.Answers.Enqueue("");
        sidecar.Answers.Enqueue(MarketingProcess.History(orders.Skip(100).Take(100), orders[199].OrderId));
        sidecar.Answers.Enqueue(MarketingProcess.History([.. orders.Skip(200), (Guid.CreateVersion7(), "nobody", Dracula, "AwaitingPayment")]));
        await marketing.TellAsync(orders[^1].OrderId, orders[^1].CustomerId, orders[^1].OfferId);
        await marketing.RebuildAsync();
        Assert.Equal([null, null, $"{orders[99].OrderId}", $"{orders[99].OrderId}", $"{orders[199].OrderId}"], sidecar.Asked);
        Assert.Equal(before, await Task.WhenAll(queries.Select(marketing.RecommendsAsync)));
    }

    [FactNeeding(Need.Own | Need.Python)]
    public async Task An_event_is_given_back_while_the_store_is_down_and_taken_when_it_is_up()
    {
        await using var sidecar = await StubSidecar.StartAsync();
        await using var marketing = await MarketingProcess.StartAsync(sidecar);
        var envelope = MarketingProcess.Envelope(Guid.NewGuid(), "one", Emma);
        sidecar.Down = true;
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await marketing.DeliverAsync(envelope)).Status);
        sidecar.Down = false;
        Assert.Equal(HttpStatusCode.OK, (await marketing.DeliverAsync(envelope)).Status);
        Assert.Equal([(Emma, 1)], await marketing.RecommendsAsync("?kind=book"));
    }

    [FactNeeding(Need.Own | Need.Python)]
    public async Task What_is_not_an_accepted_order_is_ignored_and_what_cannot_be_read_is_parked()
    {
        await using var sidecar = await StubSidecar.StartAsync();
        await using var marketing = await MarketingProcess.StartAsync(sidecar);
        Assert.Equal((HttpStatusCode.OK, ""), await marketing.DeliverAsync(MarketingProcess.Envelope(Guid.NewGuid(), "one", Emma, type: "OrderCancelled")));
        Assert.Equal((HttpStatusCode.OK, ""), await marketing.DeliverAsync("""{"type":"OrderVoided","data":7}"""));
        foreach (var bad in new[] { "{", "[]", new string('[', 100_000), """{"type":"OrderAccepted"}""", """{"type":"OrderAccepted","data":{"orderId":1}}""", MarketingProcess.Envelope(Guid.NewGuid(), "one", Emma).Replace("book", "\\ud800", StringComparison.Ordinal) })
        {
            Assert.Equal((HttpStatusCode.OK, """{"status":"DROP"}"""), await marketing.DeliverAsync(bad));
            // Twice: it is parked once.
            Assert.Equal((HttpStatusCode.OK, ""), await marketing.DeliverAsync(bad, "/events/dead-letters"));
            Assert.Equal((HttpStatusCode.OK, ""), await marketing.DeliverAsync(bad, "/events/dead-letters"));
        }

        Assert.Equal(6, sidecar["dead-letters"]!.AsArray().Count);
        Assert.All(sidecar["dead-letters"]!.AsArray(), letter => Assert.NotEqual("", (string?)letter!["reason"]));
        Assert.StartsWith("""{"done":0,"failed":6,"left":6""", (await marketing.DeliverAsync("{}", "/dead-letters/replay")).Text, StringComparison.Ordinal);
        var one = $$"""{"eventId":"{{sidecar["dead-letters"]![0]!["eventId"]}}"}""";
        Assert.StartsWith("""{"done":1,"failed":0,"left":5""", (await marketing.DeliverAsync(one, "/dead-letters/discard")).Text, StringComparison.Ordinal);
        Assert.StartsWith("""{"done":0,"failed":0,"left":5""", (await marketing.DeliverAsync(one, "/dead-letters/discard")).Text, StringComparison.Ordinal);
        // One that was parked while it could not be handled, and can be now.
        sidecar.Put("dead-letters", new JsonArray(new JsonObject { ["eventId"] = "x", ["topic"] = "orders", ["type"] = "OrderAccepted", ["envelope"] = MarketingProcess.Envelope(Guid.NewGuid(), "one", Dracula), ["parkedAt"] = "2026-01-01T00:00:00.000Z", ["reason"] = "a test" }));
        Assert.Equal("""{"done":1,"failed":0,"left":0,"reason":null}""", (await marketing.DeliverAsync("{}", "/dead-letters/replay")).Text);
        Assert.Equal(HttpStatusCode.OK, (await marketing.DeliverAsync(MarketingProcess.Envelope(Guid.NewGuid(), "one", Dracula), "/events/dead-letters")).Status);
        Assert.Equal([(Dracula, 2)], await marketing.RecommendsAsync(""));
    }

    [FactNeeding(Need.Own | Need.Python)]
    public async Task Whoever_does_not_know_the_token_is_refused()
    {
        await using var sidecar = await StubSidecar.StartAsync();
        await using var marketing = await MarketingProcess.StartAsync(sidecar);
        foreach (var token in new[] { "", "app-tokem", "app-token-" })
            Assert.Equal(HttpStatusCode.Unauthorized, (await marketing.DeliverAsync(MarketingProcess.Envelope(Guid.NewGuid(), "one", Emma), token: token)).Status);
        Assert.Empty(await marketing.RecommendsAsync(""));

        await using var open = MarketingProcess.Start(("APP_API_TOKEN", ""));
        var (exitCode, _, errors) = await open.EndAsync();
        Assert.Equal(1, exitCode);
        Assert.Contains("APP_API_TOKEN is not set", errors, StringComparison.Ordinal);
    }

    [FactNeeding(Need.Own | Need.Python)]
    public async Task Asked_to_end_it_finishes_what_it_took()
    {
        await using var sidecar = await StubSidecar.StartAsync();
        await using var marketing = await MarketingProcess.StartAsync(sidecar);
        var (saving, mayGoOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        sidecar.BeforeSave.Enqueue(() =>
        {
            saving.SetResult();
            return mayGoOn.Task;
        });
        var telling = marketing.TellAsync(Guid.NewGuid(), "one", Emma);
        await saving.Task;
        marketing.AskToEnd();
        await Eventually.Satisfies(
            async () =>
            {
                try
                {
                    return (await marketing.DeliverAsync("{}")).Status.ToString();
                }
                catch (HttpRequestException)
                {
                    return "nobody there";
                }
            },
            seen => seen == "nobody there",
            "take nothing new");
        Assert.False(telling.IsCompleted);
        mayGoOn.SetResult();
        await telling;
        Assert.Equal(0, (await marketing.EndAsync()).ExitCode);
        Assert.NotNull(sidecar["kind.book"]);
    }

    [FactNeeding(Need.Own | Need.Python)]
    public async Task It_does_not_outlive_who_started_it()
    {
        await using var sidecar = await StubSidecar.StartAsync();
        await using var orphan = await MarketingProcess.StartAsync(sidecar, by: "sh");
        await orphan.ParentEndsAsync();
        // Both write to the same output, which ends with the last of them.
        Assert.Equal("", (await orphan.EndAsync().WaitAsync(TimeSpan.FromSeconds(20))).Errors);
    }
}
