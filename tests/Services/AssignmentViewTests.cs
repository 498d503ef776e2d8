using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Npgsql;
using OrderMall.Contracts;
using OrderMall.Contracts.Calls;
using OrderMall.Contracts.Events;
using OrderMall.Dispatch;

namespace OrderMall.Services.Tests;

/// <summary>What merchants see of their workers, visits and days, and that nobody else sees it.</summary>
[Collection(ServiceCollection.Name)]
public sealed class AssignmentViewTests(RunningService<DispatchService> dispatch) : DispatchTestBase(dispatch), IClassFixture<RunningService<DispatchService>>
{
    [Fact]
    public async Task A_merchant_sees_how_full_each_day_is()
    {
        await HireAsync("Kim");
        var lee = await HireAsync("Lee");
        using var merchant = _dispatch.As(_merchant, Roles.Merchant);
        var (first, second, third, stopped, done) = (Visit(day: 1), Visit(day: 1), Visit(day: 1), Visit(day: 1), Visit(day: 2));
        foreach (var order in new[] { first, second, third, stopped, done, Visit() with { Date = null }, Visit(day: 50) })
            await ReceiveAsync(order);
        await EndAsync(stopped, byStop: true);
        Assert.Equal(HttpStatusCode.OK, await CompleteAsync(done));
        (await merchant.PutAsync($"/api/workers/{lee}/days-off/{Today.AddDays(3):yyyy-MM-dd}", content: null)).EnsureSuccessStatusCode();

        var path = $"/api/assignments/days?from={Today:yyyy-MM-dd}&to={Today.AddDays(41):yyyy-MM-dd}";
        var calendar = await merchant.GetFromJsonAsync<JsonElement>(path);
        Assert.Equal(2, calendar.GetProperty("workers").GetInt32());
        Assert.Equal(
            [(Today.AddDays(1), 1, 2, 0, 0), (Today.AddDays(2), 0, 0, 1, 0), (Today.AddDays(3), 0, 0, 0, 1)],
            calendar.GetProperty("days").EnumerateArray().Select(day => (
                DateOnly.Parse(day.GetProperty("date").GetString()!, System.Globalization.CultureInfo.InvariantCulture), Many(day, "waiting"), Many(day, "assigned"), Many(day, "completed"), Many(day, "off"))));

        using (var stranger = _dispatch.As("another", Roles.Merchant))
        {
            var theirs = await stranger.GetFromJsonAsync<JsonElement>(path);
            Assert.Equal((0, 0), (theirs.GetProperty("workers").GetInt32(), theirs.GetProperty("days").GetArrayLength()));
        }

        using (var customer = _dispatch.As("a", Roles.Customer))
            Assert.Equal(HttpStatusCode.Forbidden, (await customer.GetAsync(path)).StatusCode);
        foreach (var (days, field) in new[] { ("", "from"), ($"?from={Today:yyyy-MM-dd}&to={Today.AddDays(42):yyyy-MM-dd}", "from"), ("?from=2026-12-02&to=2026-12-01", "from"), ("?from=2026-12-01&to=soon", "to") })
        {
            using var wrong = await merchant.GetAsync($"/api/assignments/days{days}");
            Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
            Assert.True((await wrong.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors").TryGetProperty(field, out _), days);
        }

        static int Many(JsonElement day, string what) => day.GetProperty(what).GetInt32();
    }

    [Fact]
    public async Task A_visit_says_all_that_the_work_needs_and_the_phone_no_longer_than_that()
    {
        var order = Visit(day: 1) with { Place = "Seoul", CustomerName = "Alice Kim", Phone = "010-1234-5678" };
        await HireAsync("Kim");
        await ReceiveAsync(order);
        using var merchant = _dispatch.As(_merchant, Roles.Merchant);
        var visit = await merchant.GetFromJsonAsync<JsonElement>($"/api/assignments/{order.OrderId}");
        Assert.Equal(
            ["orderId", "workerId", "workerName", "status", "title", "date", "place", "destination", "phone", "customerName"],
            visit.EnumerateObject().Select(field => field.Name));
        Assert.Equal(
            ("A clean flat", $"{order.Date:yyyy-MM-dd}", "Seoul", "1 Main Street", "010-1234-5678", "Alice Kim"),
            (Text("title"), Text("date"), Text("place"), Text("destination"), Text("phone"), Text("customerName")));
        Assert.DoesNotContain("010-1234", string.Join(' ', (await _dispatch.PublishedAsync(order.OrderId)).Select(e => e.Data.GetRawText())), StringComparison.Ordinal);

        Assert.Equal(HttpStatusCode.OK, await CompleteAsync(order));
        visit = await merchant.GetFromJsonAsync<JsonElement>($"/api/assignments/{order.OrderId}");
        Assert.Equal((null, "Alice Kim"), (Text("phone"), Text("customerName")));

        string? Text(string field) => visit.GetProperty(field).GetString();
    }

    [Fact]
    public async Task A_visit_of_the_time_before_it_said_what_it_is_goes_on_like_others()
    {
        var (kim, old, waiting) = (await HireAsync("Kim"), Guid.CreateVersion7(DateTimeOffset.UtcNow.AddDays(-2)), Guid.CreateVersion7());
        await using var database = NpgsqlDataSource.Create(_dispatch.ConnectionString);
        await using var insert = database.CreateCommand(
            """
            WITH busy AS (UPDATE worker SET order_id = $1, free_since = NULL WHERE id = $4)
            INSERT INTO assignment (order_id, version, status, merchant_id, requested_at, worker_id, worker_name)
            VALUES ($1, 2, 'Assigned', $3, now() - interval '2 days', $4, 'Kim'), ($2, 1, 'Waiting', $3, now() - interval '1 day', NULL, NULL)
            """);
        foreach (var value in new object[] { old, waiting, _merchant, kim })
            insert.Parameters.Add(new() { Value = value });
        await insert.ExecuteNonQueryAsync();

        using var merchant = _dispatch.As(_merchant, Roles.Merchant);
        Assert.Equal([(waiting, "Waiting"), (old, "Assigned")], (await ListAsync("/api/assignments")).Select(visit => (visit.GetProperty("orderId").GetGuid(), visit.GetProperty("status").GetString())));
        var calendar = await merchant.GetFromJsonAsync<JsonElement>($"/api/assignments/days?from={Today:yyyy-MM-dd}&to={Today.AddDays(41):yyyy-MM-dd}");
        Assert.Empty(calendar.GetProperty("days").EnumerateArray());
        foreach (var visit in new[] { old, waiting })
        {
            var seen = await merchant.GetFromJsonAsync<JsonElement>($"/api/assignments/{visit}");
            Assert.All(new[] { "title", "date", "place", "destination", "phone", "customerName" }, field => Assert.Equal(JsonValueKind.Null, seen.GetProperty(field).ValueKind));
            // For no day: one worker after the other.
            using var completed = await merchant.PostAsync($"/api/assignments/{visit}/completion", content: null);
            Assert.Equal(HttpStatusCode.OK, completed.StatusCode);
        }

        Assert.Equal([AssignmentEvent.WorkerAssigned, AssignmentEvent.Completed], (await _dispatch.PublishedAsync(waiting)).Select(e => e.Type));
        Assert.Null(Assert.Single(await WorkersAsync()).OrderId);
    }

    [Fact]
    public async Task Workers_and_assignments_are_their_merchants_own()
    {
        var worker = await HireAsync("Kim");
        var order = Visit();
        await ReceiveAsync(order);

        using var other = _dispatch.As("another", Roles.Merchant);
        Assert.Empty((await other.GetFromJsonAsync<JsonElement>("/api/workers")).GetProperty("items").EnumerateArray());
        Assert.Empty((await other.GetFromJsonAsync<JsonElement>("/api/assignments")).GetProperty("items").EnumerateArray());
        foreach (var address in new[] { $"/api/workers/{worker}", $"/api/assignments/{order.OrderId}", $"/api/assignments/{Guid.NewGuid()}" })
        {
            using var answer = await other.GetAsync(address);
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
            Assert.Equal("urn:ordermall:problem:not-found", (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("type").GetString());
        }

        Assert.Equal(HttpStatusCode.NotFound, (await other.PostAsync($"/api/assignments/{order.OrderId}/completion", content: null)).StatusCode);
        Assert.Equal(("Assigned", worker), await SentAsync(order));

        using var customer = _dispatch.As("alice", Roles.Customer);
        using var stranger = new HttpClient { BaseAddress = _dispatch.Internal.BaseAddress };
        foreach (var address in new[] { "/api/workers", "/api/assignments", $"/api/assignments/{order.OrderId}" })
        {
            Assert.Equal(HttpStatusCode.Forbidden, (await customer.GetAsync(address)).StatusCode);
            Assert.Equal(HttpStatusCode.Unauthorized, (await _dispatch.Internal.GetAsync(address)).StatusCode);
        }

        Assert.Equal(HttpStatusCode.Forbidden, (await customer.PostAsJsonAsync("/api/workers", new { name = "Kim" })).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.PostAsJsonAsync("/stops", new StopRequest(order.OrderId))).StatusCode);
    }

    [Fact]
    public async Task Workers_and_assignments_are_listed_in_pages()
    {
        var workers = new List<Guid>();
        var orders = new List<Guid>();
        for (var i = 0; i < 5; i++)
        {
            workers.Add(await HireAsync($"Worker {i}"));
            var order = Visit();
            await ReceiveAsync(order);
            orders.Insert(0, order.OrderId);
        }

        using var merchant = _dispatch.As(_merchant, Roles.Merchant);
        Assert.Equal(workers, await PagesAsync("/api/workers", "id"));
        Assert.Equal(orders, await PagesAsync("/api/assignments", "orderId"));
        Assert.Equal(HttpStatusCode.OK, (await merchant.PostAsync($"/api/assignments/{orders[2]}/completion", content: null)).StatusCode);
        var completed = Assert.Single(await ListAsync("/api/assignments?status=Completed"));
        Assert.Equal((orders[2], workers[2], "Worker 2"), (completed.GetProperty("orderId").GetGuid(), completed.GetProperty("workerId").GetGuid(), completed.GetProperty("workerName").GetString()));

        foreach (var (address, field) in new[] { ("/api/assignments?status=assigned", "status"), ("/api/assignments?limit=0", "limit"), ("/api/workers?after=x", "after") })
        {
            using var wrong = await merchant.GetAsync(address);
            Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
            Assert.True((await wrong.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors").TryGetProperty(field, out _));
        }

        async Task<List<Guid>> PagesAsync(string address, string id)
        {
            var listed = new List<Guid>();
            for (string? after = null; ;)
            {
                var page = await merchant.GetFromJsonAsync<JsonElement>($"{address}?limit=2&after={after}");
                listed.AddRange(page.GetProperty("items").EnumerateArray().Select(item => item.GetProperty(id).GetGuid()));
                if ((after = page.GetProperty("next").GetString()) is null)
                    return listed;
            }
        }
    }
}
