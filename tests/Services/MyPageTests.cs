using System.Net;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text.Json;
using OrderMall.Contracts;
using OrderMall.Contracts.Calls;
using OrderMall.Contracts.Events;
using OrderMall.MyPage;
using OrderMall.ServiceDefaults;

namespace OrderMall.Services.Tests;

[Collection(ServiceCollection.Name)]
public sealed class MyPageTests(RunningService<MyPageService> mypage) : IClassFixture<RunningService<MyPageService>>
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(15);

    [Theory]
    [InlineData(OrderStatus.Accepted, 30_000, 0)]
    [InlineData(OrderStatus.Assigned, 30_000, 0)]
    [InlineData(OrderStatus.Cancelling, 30_000, 0)]
    [InlineData(OrderStatus.Cancelled, 30_000, 30_000)]
    [InlineData(OrderStatus.Rejected, 30_000, 30_000)]
    public async Task The_page_says_what_was_paid_and_given_back_where_it_goes_and_who_comes(OrderStatus status, decimal paid, decimal refunded)
    {
        var customer = $"payer-{Guid.NewGuid():N}";
        var order = Orders.Book(customer: customer);
        await mypage.DeliverAsync(OrderEvent.Accepted, order);
        // What waits for its payment has not been paid, and where that never came there is nothing to give back.
        var waiting = Orders.Book(customer: customer, status: OrderStatus.AwaitingPayment);
        await mypage.DeliverAsync(OrderEvent.AwaitingPayment, waiting);
        if (status != OrderStatus.Accepted)
        {
            await mypage.DeliverAsync(status == OrderStatus.Cancelling ? OrderEvent.CancellationRequested : $"Order{status}", order.Next(status, status == OrderStatus.Rejected ? "refused by merchant: full" : null) with { Worker = status == OrderStatus.Assigned ? "Kim" : null });
            await mypage.DeliverAsync(OrderEvent.Rejected, waiting.Next(OrderStatus.Rejected, OrderReasons.Expired));
        }

        using var person = mypage.As(customer, Roles.Customer);
        var items = (await person.GetFromJsonAsync<JsonElement>("/api/mypage/orders")).GetProperty("items").EnumerateArray().ToList();
        var (unpaid, item) = (items[0], items[1]);
        Assert.Equal((2, 30_000m, paid, refunded, "KRW", "1 Main Street"), (item.GetProperty("quantity").GetInt32(), item.GetProperty("amount").GetDecimal(), item.GetProperty("paid").GetDecimal(), item.GetProperty("refunded").GetDecimal(), item.GetProperty("currency").GetString(), item.GetProperty("destination").GetString()));
        Assert.Equal((0m, 0m), (unpaid.GetProperty("paid").GetDecimal(), unpaid.GetProperty("refunded").GetDecimal()));
        Assert.Equal(
            (status == OrderStatus.Rejected ? "refused by merchant: full" : null, status == OrderStatus.Assigned ? "Kim" : null),
            (item.GetProperty("reason").GetString(), item.GetProperty("worker").GetString()));
    }

    [Fact]
    public async Task Events_in_any_order_give_the_last_status_and_the_whole_timeline()
    {
        var accepted = Orders.Book(customer: "shuffled");
        var received = accepted.Next(OrderStatus.Received);
        var preparing = received.Next(OrderStatus.Preparing);
        var shipped = preparing.Next(OrderStatus.Shipped);
        foreach (var (type, order) in new[]
        {
            (OrderEvent.PreparationStarted, preparing), (OrderEvent.Accepted, accepted), (OrderEvent.Shipped, shipped),
            (OrderEvent.Accepted, accepted), (OrderEvent.Received, received),
        })
        {
            await mypage.DeliverAsync(type, order);
        }

        var item = Assert.Single((await ListAsync("shuffled")).GetProperty("items").EnumerateArray());
        Assert.Equal("Shipped", item.GetProperty("status").GetString());
        Assert.Equal(shipped.At, item.GetProperty("updatedAt").GetDateTimeOffset());
        Assert.Equal(
            ["Accepted", "Received", "Preparing", "Shipped"],
            item.GetProperty("timeline").EnumerateArray().Select(entry => entry.GetProperty("status").GetString()));
        var view = Assert.Single(await AuditAsync(accepted));
        Assert.Equal(("Shipped", shipped.Version), (view.Status, view.Version));
        Assert.Empty(await AuditAsync(accepted with { CustomerId = "another" }));
    }

    [Fact]
    public async Task An_event_costs_one_read_and_one_write_and_many_at_once_hardly_more()
    {
        await mypage.DeliverAsync(OrderEvent.Accepted, Orders.Book(customer: "counted"));
        var order = Orders.Book(customer: "counted");
        Assert.Equal((1, 1), await CallsAsync(OrderEvent.Accepted, order));
        Assert.Equal((1, 1), await CallsAsync(OrderEvent.Received, order.Next(OrderStatus.Received)));
        Assert.Equal((1, 0), await CallsAsync(OrderEvent.Received, order.Next(OrderStatus.Received)));

        var orders = Enumerable.Range(0, 6).Select(i => Orders.Book(customer: $"counted {i / 2}")).ToList();
        var before = mypage.Sidecar.StateCalls;
        await DeliverTogetherAsync([order.Next(OrderStatus.Received).Next(OrderStatus.Preparing), .. orders]);
        var after = mypage.Sidecar.StateCalls;
        Assert.Equal((2 + 3, 1), (after.Reads - before.Reads, after.Writes - before.Writes)); // the SDK does not tell what is not there from what cannot be read: each is asked for again
        foreach (var customer in orders.GroupBy(each => each.CustomerId))
            Assert.Equal(customer.Select(each => each.OrderId).OrderDescending(), await ListAllAsync(customer.Key));
        Assert.Equal("Preparing", (await ListAsync("counted")).GetProperty("items")[0].GetProperty("status").GetString());
    }

    [Fact]
    public async Task Of_several_at_once_whoever_is_refused_is_listed_when_it_comes_again()
    {
        var orders = Enumerable.Range(0, 4).Select(i => Orders.Book(customer: $"together {i}")).ToList();
        mypage.Sidecar.FailsToWrite = key => key.EndsWith(orders[3].CustomerId, StringComparison.Ordinal);
        Assert.Equal(["SUCCESS", "SUCCESS", "SUCCESS", "RETRY"], await DeliverTogetherAsync(orders));
        mypage.Sidecar.FailsToWrite = _ => false;
        // Its page is written, as Redis writes it, but not its place in the index.
        Assert.Single(await AuditAsync(orders[3]));
        Assert.Empty(await ListAllAsync(orders[3].CustomerId));

        // What follows one that the store refuses is not tried then: it is all the store's, as far as anybody can tell.
        mypage.Sidecar.FailsToWrite = key => key.EndsWith(orders[0].CustomerId, StringComparison.Ordinal) || key.EndsWith($"{orders[0].OrderId}", StringComparison.Ordinal);
        var changed = orders.Select(order => order.Next(OrderStatus.Received).Next(OrderStatus.Preparing)).ToList();
        Assert.All(await DeliverTogetherAsync(changed), status => Assert.Equal("RETRY", status));
        mypage.Sidecar.FailsToWrite = _ => false;

        Assert.All(await DeliverTogetherAsync([.. orders, .. changed]), status => Assert.Equal("SUCCESS", status));
        foreach (var order in orders)
        {
            Assert.Equal([order.OrderId], await ListAllAsync(order.CustomerId));
            Assert.Equal("Preparing", (await ListAsync(order.CustomerId)).GetProperty("items")[0].GetProperty("status").GetString());
        }
    }

    [Fact]
    public async Task Replicas_that_write_the_same_at_once_lose_nothing()
    {
        var replica = await mypage.StartReplicaAsync();
        var orders = Enumerable.Range(0, 24).Select(i => Orders.Book(customer: $"shared {i % 3}")).ToList();
        await Task.WhenAll(orders.Chunk(6).SelectMany((some, i) => new Uri?[] { null, replica }.Select(async where =>
        {
            IReadOnlyList<string> statuses = [];
            for (var attempt = 0; attempt < 10 && !(statuses.Count > 0 && statuses.All(status => status == "SUCCESS")); attempt++)
                statuses = await DeliverTogetherAsync(some, where);
            Assert.All(statuses, status => Assert.Equal("SUCCESS", status));
        })));

        foreach (var customer in orders.GroupBy(each => each.CustomerId))
            Assert.Equal(customer.Select(each => each.OrderId).OrderDescending(), await ListAllAsync(customer.Key));
    }

    [Fact]
    public async Task Many_orders_at_once_are_each_listed_once()
    {
        var replica = await mypage.StartReplicaAsync();
        var orders = Enumerable.Range(0, 120).Select(_ => Orders.Book(customer: "busy")).ToList();
        await Task.WhenAll(orders.Select(async (order, i) =>
        {
            var (first, second) = i % 2 == 0 ? (null, replica) : (replica, (Uri?)null);
            Assert.Equal("SUCCESS", await RetriedAsync(OrderEvent.Accepted, order, first));
            Assert.Equal("SUCCESS", await RetriedAsync(OrderEvent.Received, order.Next(OrderStatus.Received), second));
        }));

        var listed = await ListAllAsync("busy");
        Assert.Equal(120, listed.Count);
        Assert.Equal(orders.Select(order => order.OrderId).Order(), listed.Order());
    }

    [Fact]
    public async Task A_crash_between_two_writes_neither_loses_nor_doubles_an_order()
    {
        var orders = Enumerable.Range(0, 103).Select(_ => Orders.Book(customer: "crashing")).ToList();
        var failures = 0;
        // Each key fails once: the head, its pages and the orders.
        var failed = new HashSet<string>();
        mypage.Sidecar.FailsToWrite = key => (key.Contains("crashing", StringComparison.Ordinal) || key.StartsWith("order.", StringComparison.Ordinal))
            && failed.Add(key) && ++failures > 0;
        foreach (var order in orders)
            Assert.Equal("SUCCESS", await RetriedAsync(OrderEvent.Accepted, order));
        mypage.Sidecar.FailsToWrite = _ => false;

        Assert.True(failures > 104);
        Assert.Equal(orders.Select(order => order.OrderId).OrderDescending(), await ListAllAsync("crashing"));
        Assert.Equal(HttpStatusCode.BadRequest, (await mypage.As("crashing", Roles.Customer).GetAsync($"/api/mypage/orders?after={Guid.CreateVersion7()}")).StatusCode);
    }

    [Fact]
    public async Task An_order_indexed_long_ago_is_not_indexed_again()
    {
        var early = Orders.Book(customer: "late");
        mypage.Sidecar.FailsToWrite = key => key == $"order.{early.OrderId}";
        Assert.NotEqual("SUCCESS", await mypage.TryDeliverAsync(OrderEvent.Accepted, early));
        mypage.Sidecar.FailsToWrite = _ => false;
        var others = Enumerable.Range(0, 130).Select(_ => Orders.Book(customer: "late")).ToList();
        foreach (var order in others)
            await mypage.DeliverAsync(OrderEvent.Accepted, order);
        await mypage.DeliverAsync(OrderEvent.Accepted, early);
        Assert.Equal(others.Append(early).Select(order => order.OrderId).OrderDescending(), await ListAllAsync("late"));
    }

    [Fact]
    public async Task An_order_that_comes_again_after_one_that_came_late_is_listed_once()
    {
        var late = Orders.Book(customer: "twice");
        var others = Enumerable.Range(0, 50).Select(_ => Orders.Book(customer: "twice")).ToList();
        foreach (var order in others.Append(late).Append(others[^1]))
            await mypage.DeliverAsync(OrderEvent.Accepted, order);
        var listed = await ListAllAsync("twice");
        Assert.Equal(others.Append(late).Select(order => order.OrderId).Order(), listed.Order());
    }

    [Fact]
    public async Task Changes_are_streamed_to_every_open_stream_at_once()
    {
        using var deadline = new CancellationTokenSource(Deadline);
        var order = Orders.Book(customer: "watching");
        await mypage.DeliverAsync(OrderEvent.Accepted, order);
        await using var first = await OpenAsync("watching", deadline.Token);
        await using var second = await OpenAsync("watching", deadline.Token);
        await using var stranger = await OpenAsync("stranger", deadline.Token);

        var received = order.Next(OrderStatus.Received);
        await mypage.DeliverAsync(OrderEvent.Received, received);
        await mypage.DeliverAsync(OrderEvent.PreparationStarted, received.Next(OrderStatus.Preparing));
        foreach (var stream in new[] { first, second })
        {
            Assert.Equal((order.OrderId, "Received"), await NextAsync(stream));
            Assert.Equal((order.OrderId, "Preparing"), await NextAsync(stream));
        }
    }

    [Fact]
    public async Task What_another_replica_handled_is_streamed_too()
    {
        using var deadline = new CancellationTokenSource(Deadline);
        var replica = await mypage.StartReplicaAsync();
        await using var stream = await OpenAsync("elsewhere", deadline.Token);
        var order = Orders.Book(customer: "elsewhere");
        Assert.Equal("SUCCESS", await mypage.TryDeliverAsync(OrderEvent.Accepted, order, replica: replica));
        Assert.Equal((order.OrderId, "Accepted"), await NextAsync(stream));
    }

    [Fact]
    public async Task Who_was_cut_off_gets_what_was_missed()
    {
        using var deadline = new CancellationTokenSource(Deadline);
        var order = Orders.Book(customer: "cut-off");
        await mypage.DeliverAsync(OrderEvent.Accepted, order);
        var received = order.Next(OrderStatus.Received);
        await mypage.DeliverAsync(OrderEvent.Received, received);
        var last = order.At.ToUnixTimeMilliseconds().ToString(System.Globalization.CultureInfo.InvariantCulture);
        await using var stream = await OpenAsync("cut-off", deadline.Token, last);
        Assert.Equal((order.OrderId, "Received"), await NextAsync(stream));
    }

    [Fact]
    public async Task Streams_are_bounded_and_their_places_come_free()
    {
        using var deadline = new CancellationTokenSource(Deadline);
        using var person = mypage.As("many-tabs", Roles.Customer);
        var open = new List<HttpResponseMessage>();
        for (var i = 0; i < 20; i++)
            open.Add(await person.GetAsync("/api/mypage/events", HttpCompletionOption.ResponseHeadersRead, deadline.Token));
        Assert.All(open, response => Assert.Equal(HttpStatusCode.OK, response.StatusCode));
        Assert.Equal(HttpStatusCode.TooManyRequests, await StatusAsync());
        open.ForEach(response => response.Dispose());
        await Eventually.BecomesAsync(HttpStatusCode.OK, StatusAsync);

        async Task<HttpStatusCode> StatusAsync()
        {
            using var response = await person.GetAsync("/api/mypage/events", HttpCompletionOption.ResponseHeadersRead, deadline.Token);
            return response.StatusCode;
        }
    }

    [Fact]
    public async Task A_replica_that_stops_ends_its_streams()
    {
        using var deadline = new CancellationTokenSource(Deadline);
        var replica = await mypage.StartReplicaAsync();
        await using var stream = await OpenAsync("left", deadline.Token, replica: replica);
        var stopped = mypage.StopReplicaAsync(replica);
        Assert.False(await stream.MoveNextAsync());
        await stopped.WaitAsync(ServiceHost.DrainTime / 2);
    }

    [Fact]
    public async Task A_publisher_sees_titles_with_everything_that_happened_to_them_newest_first()
    {
        var first = Title("publisher");
        var second = Title("publisher");
        var approved = first with { Version = 3, At = first.At.AddMinutes(1), Status = TitleStatus.Approved };
        var rejected = second with { Version = 3, At = second.At.AddMinutes(2), Status = TitleStatus.Rejected, Reason = "no plot" };
        foreach (var (type, title) in new[]
        {
            (TitleEvent.Registered, first), (TitleEvent.Rejected, rejected), (TitleEvent.Registered, second), (TitleEvent.Registered, second),
            (TitleEvent.Approved, approved), (TitleEvent.Voided, Title("publisher")), (TitleEvent.Registered, Title("another")),
        })
        {
            Assert.Equal("SUCCESS", await mypage.TryDeliverAsync(type, title));
        }

        var items = (await ListAsync("publisher", what: "titles")).GetProperty("items").EnumerateArray().ToList();
        Assert.Equal([second.TitleId, first.TitleId], items.Select(item => item.GetProperty("titleId").GetGuid()));
        var item = items[0];
        Assert.Equal(("Rejected", "no plot"), (item.GetProperty("status").GetString(), item.GetProperty("reason").GetString()));
        Assert.Equal(
            ("A First Book", "J. Doe", 12_000m, "KRW", 50),
            (item.GetProperty("title").GetString(), item.GetProperty("author").GetString(), item.GetProperty("price").GetDecimal(), item.GetProperty("currency").GetString(), item.GetProperty("copies").GetInt32()));
        Assert.Equal(rejected.At, item.GetProperty("updatedAt").GetDateTimeOffset());
        Assert.Equal(
            [("InReview", second.At), ("Rejected", rejected.At)],
            item.GetProperty("timeline").EnumerateArray().Select(entry => (entry.GetProperty("status").GetString(), entry.GetProperty("at").GetDateTimeOffset())));
        Assert.Equal(["InReview", "Approved"], items[1].GetProperty("timeline").EnumerateArray().Select(entry => entry.GetProperty("status").GetString()));

        var page = await ListAsync("publisher", "?limit=1", "titles");
        Assert.Equal(second.TitleId, page.GetProperty("items")[0].GetProperty("titleId").GetGuid());
        Assert.Equal(first.TitleId, (await ListAsync("publisher", $"?limit=1&after={page.GetProperty("next").GetString()}", "titles")).GetProperty("items")[0].GetProperty("titleId").GetGuid());
        Assert.Empty((await ListAsync("publisher")).GetProperty("items").EnumerateArray());

        var views = await mypage.AskAsync<List<AuditedView>>("/audit/titles", new AuditPages([new AuditPageOf("publisher", second.TitleId), new AuditPageOf("another", first.TitleId)]));
        Assert.Equal(new AuditedView(second.TitleId, "Rejected", 3), Assert.Single(views));
    }

    [Fact]
    public async Task Changes_of_titles_are_streamed_too()
    {
        using var deadline = new CancellationTokenSource(Deadline);
        await using var stream = await OpenAsync("writer", deadline.Token);
        var title = Title("writer");
        Assert.Equal("SUCCESS", await mypage.TryDeliverAsync(TitleEvent.Registered, title));
        Assert.Equal((title.TitleId, "InReview"), await NextAsync(stream, "title"));
        var replica = await mypage.StartReplicaAsync();
        Assert.Equal("SUCCESS", await mypage.TryDeliverAsync(TitleEvent.Cancelled, title with { Version = 3, Status = TitleStatus.Cancelled }, replica: replica));
        Assert.Equal((title.TitleId, "Cancelled"), await NextAsync(stream, "title"));
    }

    [Fact]
    public async Task Orders_are_kept_as_they_always_were()
    {
        var order = Orders.Book(customer: "keeper");
        await mypage.DeliverAsync(OrderEvent.Accepted, order);
        Assert.Equal($$"""{"number":0,"orderIds":["{{order.OrderId}}"]}""", mypage.Sidecar.StateOf("orders.keeper"));
        var kept = JsonSerializer.Deserialize<JsonElement>(mypage.Sidecar.StateOf($"order.{order.OrderId}"));
        Assert.Equal(
            ["customerId", "orderId", "title", "kind", "status", "amount", "currency", "date", "place", "updatedAt", "version", "timeline", "quantity", "prepaid", "reason", "destination", "worker"],
            kept.EnumerateObject().Select(property => property.Name));
        Assert.Equal(["status", "at", "version"], kept.GetProperty("timeline")[0].EnumerateObject().Select(property => property.Name));
    }

    [Fact]
    public async Task Nobody_sees_a_page_without_signing_in()
    {
        Assert.Equal(HttpStatusCode.Unauthorized, (await mypage.Internal.GetAsync("/api/mypage/titles")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await mypage.Internal.GetAsync("/api/mypage/orders")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await mypage.Internal.GetAsync("/api/mypage/events")).StatusCode);
    }

    private async Task<JsonElement> ListAsync(string personId, string query = "", string what = "orders")
    {
        using var client = mypage.As(personId, Roles.Customer);
        return await client.GetFromJsonAsync<JsonElement>($"/api/mypage/{what}{query}");
    }

    private async Task<List<Guid>> ListAllAsync(string personId)
    {
        var listed = new List<Guid>();
        for (string? after = null; ;)
        {
            var page = await ListAsync(personId, $"?limit=33&after={after}");
            listed.AddRange(page.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("orderId").GetGuid()));
            if ((after = page.GetProperty("next").GetString()) is null)
                return listed;
        }
    }

    private Task<List<AuditedView>> AuditAsync(OrderEvent order) =>
        mypage.AskAsync<List<AuditedView>>("/audit/orders", new AuditPages([new AuditPageOf(order.CustomerId, order.OrderId)]));

    // As the sidecar redelivers what failed.
    private async Task<string> RetriedAsync(string type, OrderEvent order, Uri? replica = null)
    {
        for (var attempt = 1; ; attempt++)
        {
            var status = await mypage.TryDeliverAsync(type, order, replica: replica);
            if (status == "SUCCESS" || attempt == 10)
                return status;
        }
    }

    private Task<IReadOnlyList<string>> DeliverTogetherAsync(IEnumerable<OrderEvent> orders, Uri? replica = null) => mypage.DeliverAllAsync<OrderEvent>(
        OrderEvent.Accepted,
        [.. orders.Select(order => RunningService<MyPageService>.Envelope(order.Status == OrderStatus.Accepted ? OrderEvent.Accepted : OrderEvent.PreparationStarted, order))],
        replica);

    private async Task<(int Reads, int Writes)> CallsAsync(string type, OrderEvent order)
    {
        var before = mypage.Sidecar.StateCalls;
        await mypage.DeliverAsync(type, order);
        var after = mypage.Sidecar.StateCalls;
        return (after.Reads - before.Reads, after.Writes - before.Writes);
    }

    private async Task<IAsyncEnumerator<SseItem<string>>> OpenAsync(string personId, CancellationToken deadline, string? lastEventId = null, Uri? replica = null)
    {
        var client = mypage.As(personId, Roles.Customer, replica);
        if (lastEventId is not null)
            client.DefaultRequestHeaders.Add("Last-Event-ID", lastEventId);
        var events = SseParser.Create(await client.GetStreamAsync("/api/mypage/events", deadline)).EnumerateAsync(deadline).GetAsyncEnumerator(deadline);
        // The stream begins with a sign of life.
        Assert.True(await events.MoveNextAsync());
        Assert.Equal("heartbeat", events.Current.EventType);
        return events;
    }

    private static async Task<(Guid OrderId, string? Status)> NextAsync(IAsyncEnumerator<SseItem<string>> events, string what = "order")
    {
        do
            Assert.True(await events.MoveNextAsync());
        while (events.Current.EventType == "heartbeat");
        Assert.Equal(what, events.Current.EventType);
        var item = JsonDocument.Parse(events.Current.Data).RootElement;
        return (item.GetProperty($"{what}Id").GetGuid(), item.GetProperty("status").GetString());
    }

    private static TitleEvent Title(string publisher) =>
        new(Orders.Book().OrderId, 2, new DateTimeOffset(2026, 5, 4, 3, 2, 1, TimeSpan.Zero), TitleStatus.InReview, Reason: null, publisher, "A First Book", "J. Doe", 12_000m, "KRW", 50);
}
