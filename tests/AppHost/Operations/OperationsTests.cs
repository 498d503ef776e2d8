using System.Net;
using System.Text.Json;

namespace OrderMall.AppHost.Tests.Operations;

/// <summary>What an operator does about what should not have happened.</summary>
[Collection(ObservedCollection.Name)]
public sealed class OperationsTests(ObservedAppHost mall)
{
    private static readonly TimeSpan Mending = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Events_that_a_broker_lost_are_published_again_and_nothing_happens_twice()
    {
        var (shop, courier, customer, op) = (await mall.BookshopAsync(), await mall.CourierAsync(), await mall.NewCustomerAsync(), await mall.OperatorAsync());
        var offer = await shop.SellBookAsync(copies: 10);
        var (cancelled, shipped) = (await customer.PlaceAsync(offer), await customer.PlaceAsync(offer));
        foreach (var order in new[] { cancelled, shipped })
        {
            await customer.OnPageAsync(order, "Preparing");
            await Eventually.Is(3, async () => (await customer.MessagesAsync(order)).Count);
        }

        Guid unheard;
        await using (var absence = await op.StopAsync("store", "mypage", "notification"))
        {
            unheard = await customer.PlaceAsync(offer);
            await using var absenceOfCatalog = await op.StopAsync("catalog");
            (await customer.CancelAsync(cancelled)).Is(HttpStatusCode.OK);
            await mall.HasPublishedAsync("ordering");
            await using var absenceOfOrdering = await op.StopAsync("ordering");
            (await courier.DepartAsync(shipped)).Is(HttpStatusCode.OK);
            await mall.HasPublishedAsync("delivery");
            var lost = await mall.LoseEventsAsync(unheard, cancelled, shipped);
            await Eventually.Satisfies(() => op.GetAsync(Operator.Services), answer => answer.Status == HttpStatusCode.OK, "have a sidecar again");
            Assert.InRange(lost, 7, 12);
        }

        var found = await DisagreementsAsync(op);
        foreach (var (order, rule) in new[] { (unheard, "store"), (unheard, "mypage"), (unheard, "notification"), (cancelled, "hold"), (cancelled, "mypage"), (shipped, "delivery") })
            Assert.Contains((order, rule), found);

        foreach (var order in new[] { unheard, cancelled, shipped })
            (await op.PostAsync($"/api/ops/orders/{order}/republish")).Is(HttpStatusCode.OK);
        await op.FindsAllInOrderAsync(Mending);
        await customer.OnPageAsync(shipped, "Shipped");
        await customer.OnPageAsync(unheard, "Preparing");
        await IsAsItShouldBeAsync();

        // However often.
        for (var again = 0; again < 3; again++)
        {
            foreach (var order in new[] { unheard, cancelled, shipped })
                (await op.PostAsync($"/api/ops/orders/{order}/republish")).Is(HttpStatusCode.OK);
        }

        await Task.WhenAll(mall.HasPublishedAsync("ordering"), mall.HasPublishedAsync("store"), mall.HasPublishedAsync("delivery"));
        await op.FindsAllInOrderAsync(Mending);
        await IsAsItShouldBeAsync();

        async Task IsAsItShouldBeAsync()
        {
            foreach (var order in new[] { unheard, cancelled, shipped })
            {
                var history = await customer.HistoryAsync(order);
                var page = (await customer.PageAsync()).Single(shown => shown.GetProperty("orderId").GetGuid() == order);
                await Eventually.Is(history.Count, async () => (await customer.MessagesAsync(order)).Count);
                Assert.Equal(history, Customer.Statuses(page.GetProperty("timeline")));
                Assert.Equal(history.Count, history.Distinct().Count());
            }

            Assert.Equal(8, await shop.AvailableAsync(offer));
            Assert.Equal(("Approved", "Refunded", "Approved"), (await customer.PaymentAsync(unheard), await customer.PaymentAsync(cancelled), await customer.PaymentAsync(shipped)));
        }
    }

    [PythonFact]
    public async Task Views_that_the_state_store_lost_are_made_again_by_themselves_and_by_one_call()
    {
        var (shop, courier, customer, publisher, op) = (await mall.BookshopAsync(), await mall.CourierAsync(), await mall.NewCustomerAsync(), await mall.PublisherAsync(), await mall.OperatorAsync());
        var (offer, other) = (await shop.SellBookAsync(copies: 50), await shop.SellBookAsync(copies: 50));
        var orders = new List<Guid>();
        for (var number = 0; number < 6; number++)
            orders.Add(await customer.PlaceAsync(number % 2 == 0 ? offer : other));
        (await publisher.PostAsync("/api/titles", new { title = "A Lost Page", author = "Kim", price = 12_000, copies = 3 })).Is(HttpStatusCode.Created);
        foreach (var order in orders)
            await customer.OnPageAsync(order, "Preparing");
        (await courier.DepartAsync(orders[0])).Is(HttpStatusCode.OK);
        (await customer.CancelAsync(orders[1])).Is(HttpStatusCode.OK);
        await customer.OnPageAsync(orders[0], "Shipped");
        await customer.OnPageAsync(orders[1], "Cancelled");
        await Eventually.Is(3, async () => (await mall.Anyone.GetAsync($"/api/recommendations?offerId={offer}")).Is(HttpStatusCode.OK).Json.GetProperty("items").EnumerateArray()
            .Sum(item => item.GetProperty("orders").GetInt32()));

        string[] views = ["mypage", "marketing"];
        await op.FindsAllInOrderAsync(Mending);
        var before = await SeenAsync();

        await using (var absence = await op.StopAsync(views))
        {
            await mall.LoseStateAsync();
            await Eventually.Satisfies(() => op.GetAsync(Operator.Services), answer => answer.Status == HttpStatusCode.OK, "have a sidecar again");
        }

        await AreMadeAgainAsync();
        Assert.Equal(before, await SeenAsync());
        await op.FindsAllInOrderAsync(Mending);

        // A part: nobody notices by itself.
        await using (var absence = await op.StopAsync(views))
        {
            await mall.LoseStateAsync(except: "rebuild");
            await Eventually.Satisfies(() => op.GetAsync(Operator.Services), answer => answer.Status == HttpStatusCode.OK, "have a sidecar again");
        }

        Assert.Contains((orders[0], "mypage"), await DisagreementsAsync(op));
        var begun = (await op.PostAsync("/api/ops/views/rebuild")).Is(HttpStatusCode.Accepted).Json;
        Assert.Equal(views.Order(), begun.GetProperty("views").EnumerateObject().Select(view => view.Name).Order());
        Assert.Empty(begun.GetProperty("unreachable").EnumerateArray());
        await AreMadeAgainAsync();
        Assert.Equal(before, await SeenAsync());
        await op.FindsAllInOrderAsync(Mending);
        (await customer.PostAsync("/api/ops/views/rebuild")).IsProblem(HttpStatusCode.Forbidden, "forbidden");
        (await mall.Anyone.GetAsync("/api/ops/views/rebuild")).IsProblem(HttpStatusCode.Unauthorized, "sign-in");

        async Task<List<string>> SeenAsync() =>
        [
            .. (await customer.PageAsync()).Select(order => order.ToString()),
            .. (await publisher.ListAsync("/api/mypage/titles")).Select(title => title.ToString()),
            (await mall.Anyone.GetAsync($"/api/recommendations?offerId={offer}")).Is(HttpStatusCode.OK).Text,
            (await mall.Anyone.GetAsync("/api/recommendations?kind=book")).Is(HttpStatusCode.OK).Text,
        ];

        Task AreMadeAgainAsync() => Eventually.Satisfies(
            () => op.GetAsync("/api/ops/views/rebuild"),
            answer => answer.Status == HttpStatusCode.OK && answer.Json.GetProperty("views").EnumerateObject().Count(view => view.Value.GetProperty("finishedAt").ValueKind == JsonValueKind.String) == views.Length,
            "have its views again",
            Mending);
    }

    [Fact]
    public async Task An_event_that_cannot_be_handled_raises_an_alarm_and_is_replayed_when_its_cause_is_mended()
    {
        var (shop, customer, op) = (await mall.BookshopAsync(), await mall.NewCustomerAsync(), await mall.OperatorAsync());
        var offer = await shop.SellBookAsync();
        await mall.ExecuteAsync("store", "ALTER TABLE store_order ADD CONSTRAINT out_of_ink CHECK (title = '') NOT VALID");
        JsonElement letter;
        Guid order;
        try
        {
            order = await customer.PlaceAsync(offer);
            letter = (await Eventually.Satisfies(() => LettersAsync(op), letters => letters.Count > 0, "park the event", Mending)).Single();
            Assert.Equal(("store", "orders", "OrderAccepted"), (letter.GetProperty("service").GetString(), letter.GetProperty("topic").GetString(), letter.GetProperty("type").GetString()));
            Assert.Contains("out_of_ink", letter.GetProperty("reason").GetString(), StringComparison.Ordinal);
            Assert.Contains(("store", "ordermall.dead_letter.count"), await AlarmsAsync(op));
            Assert.Contains(order.ToString(), (await op.GetAsync(Path(letter))).Is(HttpStatusCode.OK)["envelope"], StringComparison.Ordinal);
            Assert.Contains("out_of_ink", (await op.PostAsync($"{Path(letter)}/replay")).IsProblem(HttpStatusCode.Conflict, "replay-failed").ToString(), StringComparison.Ordinal);
            Assert.Single(await LettersAsync(op));
        }
        finally
        {
            await mall.ExecuteAsync("store", "ALTER TABLE store_order DROP CONSTRAINT out_of_ink");
        }

        Assert.Equal((1, 0, 0), await ReplayAllAsync(op, "store"));
        Assert.Empty(await LettersAsync(op));
        await customer.OnPageAsync(order, "Preparing");
        (await op.PostAsync($"{Path(letter)}/replay")).IsProblem(HttpStatusCode.NotFound, "not-found");
        (await op.DeleteAsync(Path(letter))).IsProblem(HttpStatusCode.NotFound, "not-found");
        (await op.GetAsync(Path(letter))).IsProblem(HttpStatusCode.NotFound, "not-found");
        Assert.DoesNotContain(("store", "ordermall.dead_letter.count"), await AlarmsAsync(op));
        await op.FindsAllInOrderAsync(Mending);
    }

    [PythonFact]
    public async Task An_event_is_discarded_knowingly_in_either_of_two_services_that_have_the_same()
    {
        var op = await mall.OperatorAsync();
        var id = $"{Guid.NewGuid()}";
        foreach (var appId in new[] { "store", "catalog" })
            await mall.ExecuteAsync(appId, "INSERT INTO dead_letter (event_id, topic, type, envelope, parked_at, reason) VALUES ($1, 'orders', 'X', '{', now(), 'a test')", id);
        Assert.Equal(["catalog", "store"], (await LettersAsync(op)).Select(letter => letter.GetProperty("service").GetString()).Order());
        (await op.PostAsync($"/api/ops/dead-letters/store/{id}/replay")).IsProblem(HttpStatusCode.Conflict, "replay-failed");
        (await op.DeleteAsync($"/api/ops/dead-letters/store/{id}")).Is(HttpStatusCode.NoContent);
        Assert.Equal("catalog", Assert.Single(await LettersAsync(op)).GetProperty("service").GetString());
        (await op.DeleteAsync($"/api/ops/dead-letters/catalog/{id}")).Is(HttpStatusCode.NoContent);
        (await op.DeleteAsync("/api/ops/dead-letters/nobody/1")).IsProblem(HttpStatusCode.NotFound, "not-found");
        // Also those without a database, of which operations may know by configuration alone.
        Assert.Equal((0, 0, 0), await ReplayAllAsync(op, "mypage"));
        Assert.Equal((0, 0, 0), await ReplayAllAsync(op, "marketing"));
    }

    [PythonFact]
    public async Task What_nobody_can_read_is_parked_by_each_who_hears_it_also_without_a_database()
    {
        var op = await mall.OperatorAsync();
        string[] hear = ["marketing", "mypage", "notification", "store"];
        await mall.ExecuteAsync("ordering", "INSERT INTO outbox (event_id, topic, type, key, data, created_at) VALUES (gen_random_uuid(), 'orders', 'OrderAccepted', 'k', '{\"orderId\":7}', now())");
        var letters = await Eventually.Satisfies(() => LettersAsync(op), letters => letters.Count == hear.Length, $"be parked by {string.Join(", ", hear)}", Mending);
        Assert.Equal(hear, letters.Select(letter => letter.GetProperty("service").GetString()).Order());
        Assert.All(letters, letter => Assert.Contains("orderId", letter.GetProperty("reason").GetString(), StringComparison.Ordinal));
        Assert.Equal(hear, (await AlarmsAsync(op)).Where(alarm => alarm.Name == "ordermall.dead_letter.count").Select(alarm => alarm.Service).Order());
        foreach (var letter in letters)
        {
            Assert.Contains(":7", (await op.GetAsync(Path(letter))).Is(HttpStatusCode.OK)["envelope"], StringComparison.Ordinal);
            Assert.Equal((0, 1, 1), await ReplayAllAsync(op, letter.GetProperty("service").GetString()!));
            (await op.DeleteAsync(Path(letter))).Is(HttpStatusCode.NoContent);
        }

        Assert.Empty(await LettersAsync(op));
        await op.FindsAllInOrderAsync(Mending);
    }

    [Fact]
    public async Task A_service_that_is_down_is_an_alarm_until_it_is_back()
    {
        var op = await mall.OperatorAsync();
        await IsRaisedAsync();
        await using (var absence = await op.StopAsync("notification", "mypage"))
            await IsRaisedAsync(("mypage", "ordermall.ready"), ("notification", "ordermall.ready"));
        await IsRaisedAsync();

        // What cannot be measured within its two seconds is raised too, until it can.
        Task IsRaisedAsync(params (string Service, string Name)[] raised) => Eventually.Is(
            string.Join(' ', raised), async () => string.Join(' ', (await AlarmsAsync(op)).Order()));
    }

    [Fact]
    public async Task What_is_wrong_with_the_gateway_is_an_alarm_and_found_by_the_audit()
    {
        var op = await mall.OperatorAsync();
        await mall.ExecuteAsync("gateway", "INSERT INTO dead_letter (event_id, topic, type, envelope, parked_at, reason) VALUES ('x', 'orders', 'X', '{', now(), 'a test')");
        await Eventually.Satisfies(() => AlarmsAsync(op), alarms => alarms is [("gateway", "ordermall.dead_letter.count")], "have the gateway's alarm alone");
        Assert.Contains("gateway could not handle 1 events", (await op.GetAsync("/api/ops/audit")).Is(HttpStatusCode.OK).Text, StringComparison.Ordinal);
        await mall.ExecuteAsync("gateway", "DELETE FROM dead_letter");
        await op.FindsAllInOrderAsync(Mending);
        await Eventually.Satisfies(() => AlarmsAsync(op), alarms => alarms.Count == 0, "have no alarm");
    }

    [Fact]
    public async Task Only_operators_do_this_and_only_to_what_there_is()
    {
        var (customer, op) = (await mall.NewCustomerAsync(), await mall.OperatorAsync());
        foreach (var path in new[] { $"/api/ops/orders/{Guid.NewGuid()}/republish", $"/api/ops/titles/{Guid.NewGuid()}/republish" })
        {
            (await op.PostAsync(path)).IsProblem(HttpStatusCode.NotFound, "not-found");
            (await customer.PostAsync(path)).IsProblem(HttpStatusCode.Forbidden, "forbidden");
            (await mall.Anyone.PostAsync(path)).IsProblem(HttpStatusCode.Unauthorized, "sign-in");
        }

        (await customer.DeleteAsync("/api/ops/dead-letters/store/1")).IsProblem(HttpStatusCode.Forbidden, "forbidden");
        (await customer.PostAsync("/api/ops/dead-letters/store/replay")).IsProblem(HttpStatusCode.Forbidden, "forbidden");
        (await customer.GetAsync("/api/ops/alarms")).IsProblem(HttpStatusCode.Forbidden, "forbidden");
        // The services themselves are not at the door.
        (await op.PostAsync("/republications", new { id = Guid.NewGuid() })).IsProblem(HttpStatusCode.NotFound, "not-found");
    }

    private static string Path(JsonElement letter) => $"/api/ops/dead-letters/{letter.GetProperty("service")}/{letter.GetProperty("eventId")}";

    private static async Task<List<JsonElement>> LettersAsync(Operator op) => [.. (await op.GetAsync("/api/ops/dead-letters")).Is(HttpStatusCode.OK).Json.EnumerateArray()];

    private static async Task<(int Done, int Failed, int Left)> ReplayAllAsync(Operator op, string appId)
    {
        var answer = (await op.PostAsync($"/api/ops/dead-letters/{appId}/replay")).Is(HttpStatusCode.OK).Json;
        return (answer.GetProperty("done").GetInt32(), answer.GetProperty("failed").GetInt32(), answer.GetProperty("left").GetInt32());
    }

    private static async Task<List<(string Service, string Name)>> AlarmsAsync(Operator op) =>
        [.. (await op.GetAsync("/api/ops/alarms")).Is(HttpStatusCode.OK).Json.GetProperty("alarms").EnumerateArray()
            .Select(alarm => (alarm.GetProperty("service").GetString()!, alarm.GetProperty("name").GetString()!))];

    private static async Task<List<(Guid OrderId, string Rule)>> DisagreementsAsync(Operator op) =>
        [.. (await op.GetAsync("/api/ops/audit")).Is(HttpStatusCode.OK).Json.GetProperty("disagreements").EnumerateArray()
            .Where(found => found.TryGetProperty("orderId", out _))
            .Select(found => (found.GetProperty("orderId").GetGuid(), found.GetProperty("rule").GetString()!))];
}
