using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Npgsql;
using OrderMall.Contracts;
using OrderMall.Contracts.Calls;
using OrderMall.Contracts.Events;
using OrderMall.Store;

namespace OrderMall.Services.Tests;

[Collection(ServiceCollection.Name)]
public sealed class StoreTests(RunningService<StoreService> store) : IClassFixture<RunningService<StoreService>>
{
    [Fact]
    public async Task An_accepted_order_is_received_once()
    {
        var order = Orders.Book();
        var eventId = Guid.CreateVersion7().ToString();
        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => store.DeliverAsync(OrderEvent.Accepted, order, eventId)));
        await store.DeliverAsync(OrderEvent.Accepted, order);

        var received = Assert.Single(await store.PublishedAsync(order.OrderId));
        Assert.Equal((Topics.Store, StoreEvent.OrderReceived), (received.Topic, received.Type));
        var data = received.Data.Deserialize<StoreEvent>(RunningService<StoreService>.Json)!;
        Assert.Equal((order.Destination, Fulfilment.Delivery, order.MerchantId), (data.Destination, data.Fulfilment, data.MerchantId));
        Assert.Equal("Received", await StatusAsync(order));
    }

    [Theory]
    [InlineData(OrderEvent.Cancelled, OrderStatus.Cancelled, "Cancelled")]
    [InlineData(OrderEvent.Rejected, OrderStatus.Rejected, "Rejected")]
    public async Task An_order_that_ended_before_it_came_is_not_begun(string type, OrderStatus ended, string status)
    {
        var order = Orders.Table();
        await store.DeliverAsync(type, order.Next(ended));
        await store.DeliverAsync(OrderEvent.Accepted, order);

        Assert.Empty(await store.PublishedAsync(order.OrderId));
        Assert.Equal(status, await StatusAsync(order));
        Assert.Equal(HttpStatusCode.NotFound, (await DecideAsync(order, "confirmation")).StatusCode);
    }

    [Fact]
    public async Task An_order_that_was_stopped_before_it_came_is_not_begun_until_the_stop_is_taken_back()
    {
        var order = Orders.Table();
        Assert.Equal(StopOutcome.Stopped, await StopAsync(order));
        Assert.Equal(StopOutcome.Stopped, await StopAsync(order));
        await store.DeliverAsync(OrderEvent.Accepted, order);
        Assert.Empty(await store.PublishedAsync(order.OrderId));

        await store.DeliverAsync(OrderEvent.CancellationRefused, order.Next(OrderStatus.Accepted));
        Assert.Equal(StoreEvent.OrderReceived, Assert.Single(await store.PublishedAsync(order.OrderId)).Type);
        Assert.Equal("Received", await StatusAsync(order));
    }

    [Fact]
    public async Task An_order_that_comes_while_it_is_stopped_is_begun_before_or_never()
    {
        var orders = Enumerable.Range(0, 30).Select(_ => Orders.Table()).ToList();
        await Task.WhenAll(orders.SelectMany(order => new[] { store.DeliverAsync(OrderEvent.Accepted, order), StopAsync(order) }));
        foreach (var order in orders)
            Assert.Equal("Cancelled", await StatusAsync(order));
    }

    [Fact]
    public async Task A_merchant_confirms_and_completes()
    {
        var order = Orders.Table();
        await store.DeliverAsync(OrderEvent.Accepted, order);
        Assert.Equal(HttpStatusCode.Conflict, (await DecideAsync(order, "completion")).StatusCode);

        var confirmed = await (await DecideAsync(order, "confirmation")).Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal("Confirmed", confirmed.GetProperty("status").GetString());
        Assert.Equal("2026-12-24", confirmed.GetProperty("date").GetString());
        Assert.Equal(HttpStatusCode.OK, (await DecideAsync(order, "confirmation")).StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, (await DecideAsync(order, "rejection", "Full.")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await DecideAsync(order, "completion")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await DecideAsync(order, "completion")).StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, (await DecideAsync(order, "confirmation")).StatusCode);

        Assert.Equal(StopOutcome.TooLate, await StopAsync(order));
        var published = await store.PublishedAsync(order.OrderId);
        Assert.Equal([StoreEvent.OrderReceived, StoreEvent.OrderConfirmed, StoreEvent.OrderCompleted], published.Select(e => e.Type));
        Assert.Equal([1L, 2L, 3L], published.Select(e => e.Data.GetProperty("version").GetInt64()));
    }

    [Fact]
    public async Task An_operator_decides_on_the_merchants_behalf_and_also_refuses_what_is_confirmed_but_no_parcel_that_has_left()
    {
        var (table, parcel) = (Orders.Table(), Orders.Book());
        foreach (var order in new[] { table, parcel })
            await store.DeliverAsync(OrderEvent.Accepted, order);
        Assert.Equal(HttpStatusCode.OK, (await DecideAsync(table, "confirmation")).StatusCode);
        await store.DeliverAsync(OrderEvent.Shipped, parcel.Next(OrderStatus.Shipped));
        var replica = await store.StartReplicaAsync("Logging:LogLevel:OrderMall.Store=Information");
        using var op = store.As("boss", Roles.Operator, replica);
        using var left = await op.PostAsJsonAsync($"/api/store/orders/{parcel.OrderId}/rejection", new { reason = "Closed." });
        Assert.Equal(HttpStatusCode.Conflict, left.StatusCode);
        using var refused = await op.PostAsJsonAsync($"/api/store/orders/{table.OrderId}/rejection", new { reason = "Closed." });
        Assert.Equal("Rejected", (await refused.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("status").GetString());
        Assert.Equal([StoreEvent.OrderReceived, StoreEvent.OrderConfirmed, StoreEvent.OrderRejected], (await store.PublishedAsync(table.OrderId)).Select(e => e.Type));
        Assert.Equal(StopOutcome.Stopped, await StopAsync(table));
        Assert.Single(store.Logs.GetSnapshot(), line => line.Message == $"Operator boss decides {StoreEvent.OrderRejected} of order {table.OrderId} on behalf of merchant {table.MerchantId}");
        await store.StopReplicaAsync(replica);
        // Taken back by ordering, it is as confirmed as before.
        await store.DeliverAsync(OrderEvent.CancellationRefused, table.Next(OrderStatus.Confirmed));
        Assert.Equal("Confirmed", await StatusAsync(table));
    }

    [Fact]
    public async Task The_book_says_all_that_the_work_needs_and_the_phone_until_it_is_over()
    {
        var order = Orders.Table() with { CustomerName = "Alice Kim", Phone = "010-1234-5678", Note = "By the window" };
        await store.DeliverAsync(OrderEvent.Accepted, order);
        await DecideAsync(order, "rejection", "Full.");
        await store.DeliverAsync(OrderEvent.CancellationRefused, order.Next(OrderStatus.Received));
        var view = await GetAsync();
        Assert.Equal(
            ["orderId", "offerId", "title", "quantity", "customerId", "customerName", "phone", "destination", "note", "place", "amount", "prepaid", "currency", "status", "reason", "date", "receivedAt", "history"],
            view.EnumerateObject().Select(field => field.Name));
        Assert.Equal(
            ("Alice Kim", "010-1234-5678", "By the window", "Bistro Seoul", 30_000m, 10_000m, "KRW", "2026-12-24"),
            (Text("customerName"), Text("phone"), Text("note"), Text("place"), view.GetProperty("amount").GetDecimal(), view.GetProperty("prepaid").GetDecimal(), Text("currency"), Text("date")));
        Assert.Equal(HttpStatusCode.OK, (await DecideAsync(order, "confirmation")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await DecideAsync(order, "completion")).StatusCode);

        view = await GetAsync();
        Assert.Equal(("Alice Kim", null), (Text("customerName"), Text("phone")));
        Assert.Equal(
            [("Received", null), ("Rejected", "Full."), ("Received", null), ("Confirmed", null), ("Completed", null)],
            view.GetProperty("history").EnumerateArray().Select(entry => (entry.GetProperty("status").GetString(), entry.TryGetProperty("reason", out var reason) ? reason.GetString() : null)));
        // Nobody is sent there: nobody else is told who and how to reach.
        Assert.DoesNotContain("010-1234", string.Join(' ', (await store.PublishedAsync(order.OrderId)).Select(e => e.Data.GetRawText())), StringComparison.Ordinal);
        using var other = store.As("bookshop", Roles.Merchant);
        Assert.Equal(HttpStatusCode.NotFound, (await other.GetAsync($"/api/store/orders/{order.OrderId}")).StatusCode);

        async Task<JsonElement> GetAsync()
        {
            using var merchant = store.As("bistro", Roles.Merchant);
            return await merchant.GetFromJsonAsync<JsonElement>($"/api/store/orders/{order.OrderId}");
        }

        string? Text(string field) => view.GetProperty(field).GetString();
    }

    [Fact]
    public async Task Whoever_sends_somebody_is_told_where_and_to_whom()
    {
        var order = Orders.Table() with { Fulfilment = Fulfilment.Assignment, Destination = "1 Main Street", CustomerName = "Alice Kim", Phone = "010-1234-5678" };
        await store.DeliverAsync(OrderEvent.Accepted, order);
        var received = Assert.Single(await store.PublishedAsync(order.OrderId)).Data.Deserialize<StoreEvent>(RunningService<StoreService>.Json)!;
        Assert.Equal(("1 Main Street", "Bistro Seoul", "Alice Kim", "010-1234-5678"), (received.Destination, received.Place, received.CustomerName, received.Phone));
    }

    [Fact]
    public async Task Orders_are_counted_by_status_and_money_by_day()
    {
        var merchant = $"seller-{Guid.NewGuid():N}";
        using var seller = store.As(merchant, Roles.Merchant);
        var orders = Enumerable.Range(0, 4).Select(_ => Orders.Table(merchant: merchant)).ToList();
        foreach (var order in orders)
            await store.DeliverAsync(OrderEvent.Accepted, order);
        await store.DeliverAsync(OrderEvent.Accepted, orders[0] with { OrderId = Guid.CreateVersion7(), Currency = "USD", Amount = 12.50m, Prepaid = 2.25m });
        await store.DeliverAsync(OrderEvent.Accepted, Orders.Table(merchant: "somebody-else"));
        Assert.Equal(HttpStatusCode.OK, (await DecideAsync(orders[0], "confirmation", merchant: merchant)).StatusCode);
        await store.DeliverAsync(OrderEvent.Cancelled, orders[1].Next(OrderStatus.Cancelled));
        var today = DateOnly.FromDateTime(store.Time.GetUtcNow().UtcDateTime);

        var sales = await seller.GetFromJsonAsync<JsonElement>("/api/store/sales");
        Assert.Equal((today.AddDays(-29), today), (sales.GetProperty("from").Deserialize<DateOnly>(), sales.GetProperty("to").Deserialize<DateOnly>()));
        Assert.Equal("""{"Cancelled":1,"Confirmed":1,"Received":3}""", sales.GetProperty("counts").GetRawText());
        Assert.Equal(
            [("KRW", 3L, 90_000m, 30_000m), ("USD", 1L, 12.50m, 2.25m)],
            sales.GetProperty("days").EnumerateArray().Select(day => (day.GetProperty("currency").GetString()!, day.GetProperty("orders").GetInt64(), day.GetProperty("amount").GetDecimal(), day.GetProperty("prepaid").GetDecimal())));

        var before = await seller.GetFromJsonAsync<JsonElement>($"/api/store/sales?from={today.AddDays(-8):yyyy-MM-dd}&to={today.AddDays(-2):yyyy-MM-dd}");
        Assert.Equal(("{}", 0), (before.GetProperty("counts").GetRawText(), before.GetProperty("days").GetArrayLength()));
        foreach (var query in new[] { "from=x", "to=2026-13-01", "from=2026-02-01&to=2026-01-01", "from=2026-01-01&to=2026-12-31", "to=9999-12-31" })
            Assert.Equal(HttpStatusCode.BadRequest, (await seller.GetAsync($"/api/store/sales?{query}")).StatusCode);
        using var customer = store.As("alice", Roles.Customer);
        Assert.Equal(HttpStatusCode.Forbidden, (await customer.GetAsync("/api/store/sales")).StatusCode);

        var tonight = await seller.GetFromJsonAsync<JsonElement>("/api/store/orders?date=2026-12-24&limit=100");
        Assert.Equal(5, tonight.GetProperty("items").GetArrayLength());
        Assert.Equal(0, (await seller.GetFromJsonAsync<JsonElement>("/api/store/orders?date=2026-12-25")).GetProperty("items").GetArrayLength());
        Assert.Equal(HttpStatusCode.BadRequest, (await seller.GetAsync("/api/store/orders?date=tonight")).StatusCode);
    }

    [Fact]
    public async Task A_merchant_is_reminded_once_of_what_waits_for_confirmation_before_its_day()
    {
        await using var database = NpgsqlDataSource.Create(store.ConnectionString);
        var (due, confirmed, free) = (Table(20), Table(20), Table(20) with { Fulfilment = Fulfilment.None });
        foreach (var order in new[] { due, confirmed, free, Table(0), Table(-3) })
            await store.DeliverAsync(OrderEvent.Accepted, order);
        var dayBefore = new DateTimeOffset(due.Date!.Value.AddDays(-1), TimeOnly.MinValue, TimeSpan.Zero);
        Assert.Equal(dayBefore.UtcDateTime, await RemindedAtAsync(due));
        Assert.Equal(DBNull.Value, await RemindedAtAsync(free));
        Assert.Equal(HttpStatusCode.OK, (await DecideAsync(confirmed, "confirmation")).StatusCode);
        Assert.Equal(DBNull.Value, await RemindedAtAsync(confirmed));

        await using (var command = database.CreateCommand("UPDATE store_order SET remind_at = now() - interval '1 second' WHERE order_id = $1"))
        {
            command.Parameters.Add(new() { Value = due.OrderId });
            Assert.Equal(1, await command.ExecuteNonQueryAsync());
        }

        await Eventually.BecomesAsync<object?>(DBNull.Value, () => RemindedAtAsync(due));
        Assert.Equal([StoreEvent.OrderReceived, StoreEvent.ConfirmationDue], (await store.PublishedAsync(due.OrderId)).Select(e => e.Type));
        Assert.Equal("Received", await StatusAsync(due));
        Assert.Equal(HttpStatusCode.OK, (await DecideAsync(due, "confirmation")).StatusCode);

        OrderEvent Table(int ahead) => Orders.Table() with { Date = DateOnly.FromDateTime(store.Time.GetUtcNow().UtcDateTime).AddDays(ahead) };

        async Task<object?> RemindedAtAsync(OrderEvent order)
        {
            await using var look = database.CreateCommand("SELECT remind_at FROM store_order WHERE order_id = $1");
            look.Parameters.Add(new() { Value = order.OrderId });
            return await look.ExecuteScalarAsync();
        }
    }

    [Fact]
    public async Task What_needs_no_confirmation_is_completed_by_the_merchant()
    {
        var order = Orders.Table() with { Fulfilment = Fulfilment.None };
        await store.DeliverAsync(OrderEvent.Accepted, order);
        Assert.Equal(HttpStatusCode.Conflict, (await DecideAsync(order, "confirmation")).StatusCode);
        await store.DeliverAsync(OrderEvent.Confirmed, order.Next(OrderStatus.Confirmed));
        Assert.Equal("Confirmed", await StatusAsync(order));
        Assert.Equal(HttpStatusCode.OK, (await DecideAsync(order, "completion")).StatusCode);
    }

    [Fact]
    public async Task A_rejection_says_why_and_goes_back_when_it_is_too_late()
    {
        var order = Orders.Book();
        await store.DeliverAsync(OrderEvent.Accepted, order);
        Assert.Equal(HttpStatusCode.Conflict, (await DecideAsync(order, "completion")).StatusCode);
        using var without = await DecideAsync(order, "rejection", " ");
        Assert.Equal(HttpStatusCode.BadRequest, without.StatusCode);
        Assert.True((await without.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors").TryGetProperty("reason", out _));

        Assert.Equal(HttpStatusCode.OK, (await DecideAsync(order, "rejection", "Out of print.")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await DecideAsync(order, "rejection", "Out of print.")).StatusCode);
        var rejected = Assert.Single(await store.PublishedAsync(order.OrderId), e => e.Type == StoreEvent.OrderRejected);
        Assert.Equal("Out of print.", rejected.Data.GetProperty("reason").GetString());
        Assert.Equal("Rejected", await StatusAsync(order));

        var shipped = order.Next(OrderStatus.Shipped);
        await store.DeliverAsync(OrderEvent.CancellationRefused, shipped);
        Assert.Equal("Received", await StatusAsync(order));
        await store.DeliverAsync(OrderEvent.Delivered, shipped.Next(OrderStatus.Delivered));
        Assert.Equal("Completed", await StatusAsync(order));
    }

    [Fact]
    public async Task What_has_left_cannot_be_rejected()
    {
        var (rejectedBefore, rejectedAfter) = (Orders.Book(), Orders.Book());
        await store.DeliverAsync(OrderEvent.Accepted, rejectedBefore);
        await store.DeliverAsync(OrderEvent.Accepted, rejectedAfter);
        Assert.Equal(HttpStatusCode.OK, (await DecideAsync(rejectedBefore, "rejection", "Out of print.")).StatusCode);
        await store.DeliverAsync(OrderEvent.Shipped, rejectedBefore.Next(OrderStatus.Shipped));
        await store.DeliverAsync(OrderEvent.Shipped, rejectedAfter.Next(OrderStatus.Shipped));
        Assert.Equal(HttpStatusCode.Conflict, (await DecideAsync(rejectedAfter, "rejection", "Out of print.")).StatusCode);
        Assert.Equal("Confirmed", await StatusAsync(rejectedBefore));
        Assert.Equal("Confirmed", await StatusAsync(rejectedAfter));
    }

    [Fact]
    public async Task What_ordering_ended_stays_ended()
    {
        var order = Orders.Table();
        await store.DeliverAsync(OrderEvent.Accepted, order);
        Assert.Equal(StopOutcome.Stopped, await StopAsync(order));
        await store.DeliverAsync(OrderEvent.Cancelled, order.Next(OrderStatus.Cancelled));
        await store.DeliverAsync(OrderEvent.CancellationRefused, order.Next(OrderStatus.Received));
        Assert.Equal("Cancelled", await StatusAsync(order));
        Assert.Equal(HttpStatusCode.Conflict, (await DecideAsync(order, "confirmation")).StatusCode);
    }

    [Fact]
    public async Task The_book_is_the_merchants_own()
    {
        var order = Orders.Table();
        await store.DeliverAsync(OrderEvent.Accepted, order);
        Assert.Equal(HttpStatusCode.NotFound, (await DecideAsync(order, "confirmation", merchant: "bookshop")).StatusCode);
        using var customer = store.As("alice", Roles.Customer);
        Assert.Equal(HttpStatusCode.Forbidden, (await customer.GetAsync("/api/store/orders")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await store.Internal.GetAsync("/api/store/orders")).StatusCode);
        using var stranger = new HttpClient { BaseAddress = store.Internal.BaseAddress };
        Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.PostAsJsonAsync("/stops", new StopRequest(order.OrderId))).StatusCode);
    }

    [Fact]
    public async Task The_book_is_listed_newest_first_in_pages()
    {
        var orders = new List<OrderEvent>();
        for (var i = 0; i < 5; i++)
        {
            orders.Add(Orders.Table(merchant: "lister"));
            await store.DeliverAsync(OrderEvent.Accepted, orders[i]);
        }

        Assert.Equal(HttpStatusCode.OK, (await DecideAsync(orders[2], "confirmation", merchant: "lister")).StatusCode);

        using var merchant = store.As("lister", Roles.Merchant);
        var listed = new List<Guid>();
        for (string? after = null; ;)
        {
            var page = await merchant.GetFromJsonAsync<JsonElement>($"/api/store/orders?limit=2&after={after}");
            listed.AddRange(page.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("orderId").GetGuid()));
            if ((after = page.GetProperty("next").GetString()) is null)
                break;
        }

        Assert.Equal(orders.Select(order => order.OrderId).Reverse(), listed);
        var confirmed = await merchant.GetFromJsonAsync<JsonElement>("/api/store/orders?status=Confirmed");
        Assert.Equal(orders[2].OrderId, Assert.Single(confirmed.GetProperty("items").EnumerateArray()).GetProperty("orderId").GetGuid());
        using var wrong = await merchant.GetAsync("/api/store/orders?status=Lost");
        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
        Assert.Contains("Received", (await wrong.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors").GetProperty("status")[0].GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(OrderEvent.Completed, OrderStatus.Completed)]
    [InlineData(OrderEvent.Shipped, OrderStatus.Shipped)]
    [InlineData(OrderEvent.CancellationRefused, OrderStatus.Received)]
    public async Task A_refusal_that_came_too_late_is_contradicted(string type, OrderStatus status)
    {
        var order = Orders.Table();
        await store.DeliverAsync(OrderEvent.Accepted, order);
        Assert.Equal(HttpStatusCode.OK, (await DecideAsync(order, "rejection", "full")).StatusCode);
        await store.DeliverAsync(type, order.Next(status));
        Assert.Contains(await store.PublishedAsync(order.OrderId), e => e.Type == StoreEvent.RejectionOverruled);

        var rejected = Orders.Table();
        await store.DeliverAsync(OrderEvent.Accepted, rejected);
        await DecideAsync(rejected, "rejection", "full");
        await store.DeliverAsync(OrderEvent.Rejected, rejected.Next(OrderStatus.Rejected));
        Assert.DoesNotContain(await store.PublishedAsync(rejected.OrderId), e => e.Type == StoreEvent.RejectionOverruled);
    }

    [Theory]
    [InlineData(Fulfilment.Confirmation, true, StopOutcome.TooLate)]
    [InlineData(Fulfilment.Confirmation, false, StopOutcome.Stopped)]
    [InlineData(Fulfilment.None, false, StopOutcome.TooLate)]
    public async Task What_somebody_stands_by_does_not_expire(Fulfilment fulfilment, bool isConfirmed, StopOutcome expected)
    {
        var order = Orders.Table() with { Fulfilment = fulfilment };
        await store.DeliverAsync(OrderEvent.Accepted, order);
        if (isConfirmed)
            Assert.Equal(HttpStatusCode.OK, (await DecideAsync(order, "confirmation")).StatusCode);
        Assert.Equal(expected, (await store.AskAsync<StopAnswer>("/stops", new StopRequest(order.OrderId, UnlessConfirmed: true))).Outcome);
        Assert.Equal(StopOutcome.Stopped, await StopAsync(order));
    }

    [Theory]
    [InlineData("no\nway")]
    [InlineData("no\u001bway")]
    [InlineData(" \u3000 ")]
    public async Task A_reason_is_one_line(string reason)
    {
        var order = Orders.Table();
        await store.DeliverAsync(OrderEvent.Accepted, order);
        using var refused = await DecideAsync(order, "rejection", reason);
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Contains("\"reason\"", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private async Task<string> StatusAsync(OrderEvent order) =>
        Assert.Single(await store.AskAsync<List<AuditedView>>("/audit/orders", new AuditOrders([order.OrderId]))).Status;

    private async Task<StopOutcome> StopAsync(OrderEvent order) =>
        (await store.AskAsync<StopAnswer>("/stops", new StopRequest(order.OrderId))).Outcome;

    private async Task<HttpResponseMessage> DecideAsync(OrderEvent order, string decision, string? reason = null, string? merchant = null)
    {
        using var client = store.As(merchant ?? order.MerchantId, Roles.Merchant);
        return decision == "rejection"
            ? await client.PostAsJsonAsync($"/api/store/orders/{order.OrderId}/rejection", new { reason })
            : await client.PostAsync($"/api/store/orders/{order.OrderId}/{decision}", content: null);
    }
}
