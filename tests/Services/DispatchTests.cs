using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Npgsql;
using OrderMall.Contracts;
using OrderMall.Dispatch;

namespace OrderMall.Services.Tests;

[Collection(ServiceCollection.Name)]
public sealed class DispatchTests(RunningService<DispatchService> dispatch) : IClassFixture<RunningService<DispatchService>>
{
    // Each test has workers of its own.
    private readonly string _merchant = $"sparkle-{Guid.NewGuid():N}";

    [Fact]
    public async Task Who_has_waited_longest_is_served_first_however_late_it_is_heard_of()
    {
        // The two in the middle came at the same moment: then, and only then, the order's id decides.
        var (fourth, second, third, first) = (Visit(), Visit(), Visit(), Visit());
        await ReceiveAsync(fourth, waitedFor: 1);
        await ReceiveAsync(third, waitedFor: 2);
        await ReceiveAsync(first, waitedFor: 3);
        await ReceiveAsync(second, waitedFor: 2);

        var worker = await HireAsync("Kim");
        foreach (var order in new[] { first, second, third, fourth })
        {
            Assert.Equal(("Assigned", worker), await SentAsync(order));
            Assert.Equal(order.OrderId, Assert.Single(await WorkersAsync()).OrderId);
            Assert.Equal(HttpStatusCode.OK, await CompleteAsync(order));
        }

        Assert.Null(Assert.Single(await WorkersAsync()).OrderId);
    }

    [Fact]
    public async Task Who_has_been_free_longest_is_sent_first()
    {
        var (a, b, c) = (await HireAsync("A"), await HireAsync("B"), await HireAsync("C"));
        var (first, second) = (Visit(), Visit());
        Assert.Equal(a, await ServedByAsync(first));
        Assert.Equal(b, await ServedByAsync(second));
        Assert.Equal(HttpStatusCode.OK, await CompleteAsync(second));
        Assert.Equal(StopOutcome.Stopped, await StopAsync(first));
        Assert.Equal(c, await ServedByAsync(Visit()));
        Assert.Equal(b, await ServedByAsync(Visit()));
        Assert.Equal(a, await ServedByAsync(Visit()));

        async Task<Guid?> ServedByAsync(OrderEvent order)
        {
            await ReceiveAsync(order);
            return (await SentAsync(order)).Worker;
        }
    }

    [Fact]
    public async Task Everybody_is_told_who_comes_and_that_it_took_place()
    {
        var order = Visit();
        await ReceiveAsync(order);
        Assert.Equal(("Waiting", null), await SentAsync(order));
        Assert.Equal(HttpStatusCode.Conflict, await CompleteAsync(order));
        Assert.Empty(await dispatch.PublishedAsync(order.OrderId));

        var worker = await HireAsync("Kim");
        Assert.Equal(HttpStatusCode.OK, await CompleteAsync(order));
        Assert.Equal(HttpStatusCode.OK, await CompleteAsync(order));
        Assert.Equal(StopOutcome.TooLate, await StopAsync(order));
        await dispatch.DeliverAsync(OrderEvent.Cancelled, order.Next(OrderStatus.Cancelled));
        Assert.Equal(("Completed", worker), await SentAsync(order));

        var published = await dispatch.PublishedAsync(order.OrderId);
        Assert.All(published, e => Assert.Equal(Topics.Assignments, e.Topic));
        Assert.Equal([AssignmentEvent.WorkerAssigned, AssignmentEvent.Completed], published.Select(e => e.Type));
        var events = published.Select(e => e.Data.Deserialize<AssignmentEvent>(RunningService<DispatchService>.Json)!).ToList();
        Assert.Equal([2L, 3L], events.Select(e => e.Version));
        Assert.All(events, e => Assert.Equal((order.OrderId, worker, "Kim"), (e.OrderId, e.WorkerId, e.WorkerName)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_stop_frees_the_worker_for_who_waits(bool byStop)
    {
        var worker = await HireAsync("Kim");
        var (stopped, stoppedWaiting, next) = (Visit(), Visit(), Visit());
        await ReceiveAsync(stopped);
        await ReceiveAsync(stoppedWaiting);
        await ReceiveAsync(next);
        await EndAsync(stoppedWaiting, byStop);
        await EndAsync(stopped, byStop);

        Assert.Equal(("Assigned", worker), await SentAsync(next));
        Assert.Equal("Stopped", (await SentAsync(stopped)).Status);
        Assert.Equal(("Stopped", null), await SentAsync(stoppedWaiting));
        Assert.Equal(HttpStatusCode.Conflict, await CompleteAsync(stopped));
        Assert.Equal([AssignmentEvent.WorkerAssigned, AssignmentEvent.Stopped], (await dispatch.PublishedAsync(stopped.OrderId)).Select(e => e.Type));
        Assert.Equal(JsonValueKind.Null, Assert.Single(await dispatch.PublishedAsync(stoppedWaiting.OrderId)).Data.GetProperty("workerId").ValueKind);

        // Again, and late: the worker stays where they are now.
        await EndAsync(stopped, byStop);
        await ReceiveAsync(stopped);
        Assert.Equal(("Assigned", worker), await SentAsync(next));
        Assert.Equal(next.OrderId, Assert.Single(await WorkersAsync()).OrderId);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_is_over_before_it_was_requested_is_not_begun(bool byStop)
    {
        await HireAsync("Kim");
        var order = Visit();
        await EndAsync(order, byStop);
        await EndAsync(order, byStop);
        await ReceiveAsync(order);

        Assert.Equal("Stopped", await AuditedAsync(order));
        Assert.Empty(await dispatch.PublishedAsync(order.OrderId));
        Assert.Null(Assert.Single(await WorkersAsync()).OrderId);
        Assert.Equal(HttpStatusCode.NotFound, await CompleteAsync(order));
        Assert.Empty(await ListAsync("/api/assignments"));
    }

    [Fact]
    public async Task A_worker_has_one_visit_a_day_and_is_free_on_other_days()
    {
        var (monday, tuesday, again, sometime) = (Visit(day: 1), Visit(day: 2), Visit(day: 1), Visit() with { Date = null });
        var kim = await HireAsync("Kim");
        await ReceiveAsync(tuesday);
        Assert.Equal((kim, tuesday.OrderId), Assert.Single(await WorkersAsync()));
        foreach (var order in new[] { monday, again, sometime })
            await ReceiveAsync(order);

        Assert.Equal([("Assigned", kim), ("Assigned", kim), ("Waiting", (Guid?)null), ("Assigned", kim)], await SentAsync([monday, tuesday, again, sometime]));
        // What is for no day may be today.
        Assert.Equal((kim, sometime.OrderId), Assert.Single(await WorkersAsync()));
        Assert.Equal(HttpStatusCode.OK, await CompleteAsync(sometime));
        Assert.Equal((kim, monday.OrderId), Assert.Single(await WorkersAsync()));
        Assert.Equal("Waiting", (await SentAsync(again)).Status);
        Assert.Empty(await IdleAsync());

        // On another day nobody else comes any sooner.
        Assert.Equal(StopOutcome.Stopped, await StopAsync(tuesday));
        Assert.Equal("Waiting", (await SentAsync(again)).Status);
        Assert.Equal(StopOutcome.Stopped, await StopAsync(monday));
        Assert.Equal(("Assigned", kim), await SentAsync(again));
        Assert.Equal((kim, again.OrderId), Assert.Single(await WorkersAsync()));
        Assert.Equal([again.OrderId, monday.OrderId], (await ListAsync($"/api/assignments?date={monday.Date:yyyy-MM-dd}")).Select(visit => visit.GetProperty("orderId").GetGuid()));
    }

    [Fact]
    public async Task A_new_worker_is_sent_to_who_has_waited_longest_for_each_day()
    {
        var (second, first, otherDay) = (Visit(day: 1), Visit(day: 1), Visit(day: 3));
        await ReceiveAsync(second, waitedFor: 1);
        await ReceiveAsync(first, waitedFor: 2);
        await ReceiveAsync(otherDay);
        var kim = await HireAsync("Kim");
        Assert.Equal([("Assigned", kim), ("Waiting", (Guid?)null), ("Assigned", kim)], await SentAsync([first, second, otherDay]));
        var lee = await HireAsync("Lee");
        Assert.Equal(("Assigned", lee), await SentAsync(second));
        Assert.Equal([(kim, first.OrderId), (lee, second.OrderId)], await WorkersAsync());
    }

    [Fact]
    public async Task On_a_day_off_a_worker_is_sent_nowhere()
    {
        var (kim, lee) = (await HireAsync("Kim"), await HireAsync("Lee"));
        using var merchant = dispatch.As(_merchant, Roles.Merchant);
        var (first, second, other) = (Visit(day: 1), Visit(day: 1), Visit(day: 2));
        var day = $"{first.Date:yyyy-MM-dd}";
        for (var i = 0; i < 2; i++)
        {
            using var off = await merchant.PutAsync($"/api/workers/{kim}/days-off/{day}", content: null);
            Assert.Equal([day], (await off.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("daysOff").EnumerateArray().Select(date => date.GetString()));
        }

        Assert.Equal((1, 2, 0), (await CountAsync(first.Date!.Value), await CountAsync(other.Date!.Value), await CountAsync(first.Date.Value, $"{_merchant}-else")));
        foreach (var order in new[] { first, second, other })
            await ReceiveAsync(order);
        Assert.Equal([("Assigned", lee), ("Waiting", (Guid?)null), ("Assigned", kim)], await SentAsync([first, second, other]));
        Assert.Empty(await IdleAsync());

        // Whose visit was promised has no day off.
        using var refused = await merchant.PutAsync($"/api/workers/{lee}/days-off/{day}", content: null);
        var problem = await refused.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(
            (HttpStatusCode.Conflict, "urn:ordermall:problem:worker-sent", first.OrderId),
            (refused.StatusCode, problem.GetProperty("type").GetString(), problem.GetProperty("orderId").GetGuid()));
        foreach (var wrong in new[] { "2020-01-01", "2999-01-01", "tomorrow" })
        {
            using var answer = await merchant.PutAsync($"/api/workers/{kim}/days-off/{wrong}", content: null);
            Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
            Assert.True((await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors").TryGetProperty("date", out _));
        }

        using (var stranger = dispatch.As("another", Roles.Merchant))
            Assert.Equal(HttpStatusCode.NotFound, (await stranger.DeleteAsync($"/api/workers/{kim}/days-off/{day}")).StatusCode);
        for (var i = 0; i < 2; i++)
        {
            using var back = await merchant.DeleteAsync($"/api/workers/{kim}/days-off/{day}");
            Assert.Equal(0, (await back.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("daysOff").GetArrayLength());
        }

        Assert.Equal(("Assigned", kim), await SentAsync(second));

        async Task<int> CountAsync(DateOnly date, string? of = null) => (await dispatch.AskAsync<WorkerCountAnswer>("/worker-counts", new WorkerCountRequest(of ?? _merchant, date))).Workers;
    }

    [Fact]
    public async Task A_visit_says_all_that_the_work_needs_and_the_phone_no_longer_than_that()
    {
        var order = Visit(day: 1) with { Place = "Seoul", CustomerName = "Alice Kim", Phone = "010-1234-5678" };
        await HireAsync("Kim");
        await ReceiveAsync(order);
        using var merchant = dispatch.As(_merchant, Roles.Merchant);
        var visit = await merchant.GetFromJsonAsync<JsonElement>($"/api/assignments/{order.OrderId}");
        Assert.Equal(
            ["orderId", "workerId", "workerName", "status", "title", "date", "place", "destination", "phone", "customerName"],
            visit.EnumerateObject().Select(field => field.Name));
        Assert.Equal(
            ("A clean flat", $"{order.Date:yyyy-MM-dd}", "Seoul", "1 Main Street", "010-1234-5678", "Alice Kim"),
            (Text("title"), Text("date"), Text("place"), Text("destination"), Text("phone"), Text("customerName")));
        Assert.DoesNotContain("010-1234", string.Join(' ', (await dispatch.PublishedAsync(order.OrderId)).Select(e => e.Data.GetRawText())), StringComparison.Ordinal);

        Assert.Equal(HttpStatusCode.OK, await CompleteAsync(order));
        visit = await merchant.GetFromJsonAsync<JsonElement>($"/api/assignments/{order.OrderId}");
        Assert.Equal((null, "Alice Kim"), (Text("phone"), Text("customerName")));

        string? Text(string field) => visit.GetProperty(field).GetString();
    }

    [Fact]
    public async Task A_request_that_comes_many_times_is_served_once()
    {
        var (a, b) = (await HireAsync("A"), await HireAsync("B"));
        var replica = await dispatch.StartReplicaAsync();
        var order = Visit();
        var eventId = Guid.CreateVersion7().ToString();
        await Task.WhenAll(Enumerable.Range(0, 12).Select(i => ReceiveAsync(order, eventId: i % 3 == 0 ? null : eventId, replica: i % 2 == 0 ? null : replica)));

        Assert.Equal(a, (await SentAsync(order)).Worker);
        Assert.Equal([(a, order.OrderId), (b, null)], (await WorkersAsync()).Select(worker => (worker.Id, worker.OrderId)));
        Assert.Single(await dispatch.PublishedAsync(order.OrderId));
        await dispatch.StopReplicaAsync(replica);
    }

    [Fact]
    public async Task Only_what_takes_a_worker_is_given_one()
    {
        await HireAsync("Kim");
        var table = Orders.Table(merchant: _merchant);
        await ReceiveAsync(table);
        await dispatch.DeliverAsync(OrderEvent.Cancelled, table.Next(OrderStatus.Cancelled));
        Assert.Null(await AuditedAsync(table));
        Assert.Null(Assert.Single(await WorkersAsync()).OrderId);
    }

    [Fact]
    public async Task A_stop_and_its_request_at_the_same_time_leave_nobody_on_the_way()
    {
        var replica = await dispatch.StartReplicaAsync();
        var worker = await HireAsync("Kim");
        var orders = Enumerable.Range(0, 50).Select(_ => Visit()).ToList();
        await Parallel.ForEachAsync(orders, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (order, _) =>
            await Task.WhenAll(ReceiveAsync(order, replica: replica), StopAsync(order)));

        foreach (var order in orders)
            Assert.Equal("Stopped", await AuditedAsync(order));
        Assert.Equal((worker, null), Assert.Single((await WorkersAsync()).Select(free => (free.Id, free.OrderId))));
        await dispatch.StopReplicaAsync(replica);
    }

    [Fact]
    public async Task Completion_and_stop_at_the_same_time_never_both_win()
    {
        await HireAsync("A");
        await HireAsync("B");
        for (var i = 0; i < 25; i++)
        {
            var order = Visit();
            await ReceiveAsync(order);
            // Whoever is asked first has an advantage: take turns.
            var early = i % 2 == 0 ? StopAsync(order) : null;
            var completion = CompleteAsync(order);
            var stop = await (early ?? StopAsync(order));
            Assert.Equal(stop == StopOutcome.Stopped ? HttpStatusCode.Conflict : HttpStatusCode.OK, await completion);
            Assert.Equal(stop == StopOutcome.Stopped ? "Stopped" : "Completed", await AuditedAsync(order));
            Assert.Equal(2, (await dispatch.PublishedAsync(order.OrderId)).Count);
            Assert.All(await WorkersAsync(), worker => Assert.Null(worker.OrderId));
        }
    }

    /// <summary>Two replicas at once, and database sessions that end in the middle of what they do.</summary>
    [Fact]
    public async Task Nobody_waits_while_somebody_is_free_and_nobody_is_at_two_places_whatever_happens_at_once()
    {
        var replicas = new[] { dispatch.Internal.BaseAddress!, await dispatch.StartReplicaAsync() };
        var orders = Enumerable.Range(0, 200).Select(_ => Visit()).ToList();
        using var over = new CancellationTokenSource();
        var watch = WatchAsync(over.Token);

        // About as many orders at once as there are workers: now somebody waits, now somebody is free.
        await Parallel.ForEachAsync(orders.Index(), new ParallelOptions { MaxDegreeOfParallelism = 12 }, async (item, _) =>
            await LiveAsync(item.Item, item.Index, replicas[item.Index % 2], replicas[(item.Index + 1) % 2]));
        await over.CancelAsync();
        Assert.InRange(await watch, 100, int.MaxValue);

        // Sessions that were ended while they were idle are found by whoever needs them next: not by the other tests. The pool
        // hands out the one that rested longest, so as many calls as it has sessions find them all.
        await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => Eventually.BecomesAsync(HttpStatusCode.OK, () => TryStopAsync(Visit(), replicas[0]))));
        // One whose sessions nobody has ended.
        var fresh = await dispatch.StartReplicaAsync();
        Assert.Empty(await IdleAsync(fresh));
        Assert.All(await WorkersAsync(fresh), worker => Assert.Null(worker.OrderId));
        foreach (var order in orders)
        {
            var status = await AuditedAsync(order, fresh);
            var published = (await dispatch.PublishedAsync(order.OrderId, fresh)).DistinctBy(e => e.Id).ToList();
            Assert.True(
                (status, string.Join(' ', published.Select(e => e.Type))) is
                    ("Completed", $"{AssignmentEvent.WorkerAssigned} {AssignmentEvent.Completed}")
                    or ("Stopped", $"{AssignmentEvent.WorkerAssigned} {AssignmentEvent.Stopped}" or AssignmentEvent.Stopped or ""),
                $"{order.OrderId} is {status} after {string.Join(' ', published.Select(e => e.Type))}.");
            var versions = published.Select(e => e.Data.GetProperty("version").GetInt64()).ToList();
            Assert.Equal(versions.Distinct().Order(), versions);
        }

        await dispatch.StopReplicaAsync(replicas[1]);
        await dispatch.StopReplicaAsync(fresh);

        async Task LiveAsync(OrderEvent order, int number, Uri replica, Uri other)
        {
            if (number % 20 == 0)
                await Eventually.BecomesAsync(HttpStatusCode.Created, () => TryHireAsync("Kim", replica));
            if (number % 10 == 0)
                await Eventually.BecomesAsync(HttpStatusCode.OK, () => TryStopAsync(order, replica));
            var again = number % 4 == 0 ? RequestAsync(other) : Task.CompletedTask;
            await RequestAsync(replica);
            await again;
            await ((number % 5) switch
            {
                0 => Eventually.BecomesAsync(HttpStatusCode.OK, () => TryStopAsync(order, other)),
                1 => Eventually.BecomesAsync("SUCCESS", () => dispatch.DeliverAsync(Topics.Orders, OrderEvent.Cancelled, order.Next(OrderStatus.Cancelled), replica: other)),
                _ => Eventually.BecomesAsync(HttpStatusCode.OK, () => TryCompleteAsync(order.OrderId, other)),
            });

            Task RequestAsync(Uri at) => Eventually.BecomesAsync("SUCCESS", () => TryReceiveAsync(order, replica: at));
        }
    }

    [Fact]
    public async Task The_audit_finds_who_waits_for_nothing()
    {
        // The right ones: a request here, a free worker elsewhere.
        var waiting = Visit();
        await ReceiveAsync(waiting);
        using (var elsewhere = dispatch.As($"{_merchant}-elsewhere", Roles.Merchant))
            Assert.Equal(HttpStatusCode.Created, (await elsewhere.PostAsJsonAsync("/api/workers", new { name = "Kim" })).StatusCode);
        Assert.Equal("Waiting", await AuditedAsync(waiting));
        Assert.Empty(await IdleAsync());

        await using var database = NpgsqlDataSource.Create(dispatch.ConnectionString);
        await ExecuteAsync("INSERT INTO worker (id, merchant_id, name, free_since) SELECT gen_random_uuid(), $1, 'Lost', now() FROM generate_series(1, 2)");
        Assert.Equal(new AuditedIdle(_merchant, Waiting: 1, FreeWorkers: 2), Assert.Single(await IdleAsync()));
        await ExecuteAsync("DELETE FROM worker WHERE merchant_id = $1");
        Assert.Empty(await IdleAsync());

        async Task ExecuteAsync(string sql)
        {
            await using var command = database.CreateCommand(sql);
            command.Parameters.Add(new() { Value = _merchant });
            await command.ExecuteNonQueryAsync();
        }
    }

    [Fact]
    public async Task Workers_and_assignments_are_their_merchants_own()
    {
        var worker = await HireAsync("Kim");
        var order = Visit();
        await ReceiveAsync(order);

        using var other = dispatch.As("another", Roles.Merchant);
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

        using var customer = dispatch.As("alice", Roles.Customer);
        using var stranger = new HttpClient { BaseAddress = dispatch.Internal.BaseAddress };
        foreach (var address in new[] { "/api/workers", "/api/assignments", $"/api/assignments/{order.OrderId}" })
        {
            Assert.Equal(HttpStatusCode.Forbidden, (await customer.GetAsync(address)).StatusCode);
            Assert.Equal(HttpStatusCode.Unauthorized, (await dispatch.Internal.GetAsync(address)).StatusCode);
        }

        Assert.Equal(HttpStatusCode.Forbidden, (await customer.PostAsJsonAsync("/api/workers", new { name = "Kim" })).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.PostAsJsonAsync("/stops", new StopRequest(order.OrderId))).StatusCode);
    }

    [Fact]
    public async Task A_worker_has_a_name()
    {
        using var merchant = dispatch.As(_merchant, Roles.Merchant);
        foreach (var wrong in new object[] { new { }, new { name = (string?)null }, new { name = " " }, new { name = new string('x', 101) } })
        {
            using var answer = await merchant.PostAsJsonAsync("/api/workers", wrong);
            Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
            Assert.True((await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors").TryGetProperty("name", out _));
        }

        Assert.Empty(await WorkersAsync());
        using var hired = await merchant.PostAsJsonAsync("/api/workers", new { name = $" {new string('x', 100)} " });
        Assert.Equal(HttpStatusCode.Created, hired.StatusCode);
        var worker = await merchant.GetFromJsonAsync<JsonElement>(hired.Headers.Location);
        Assert.Equal(new string('x', 100), worker.GetProperty("name").GetString());
        Assert.Equal(JsonValueKind.Null, worker.GetProperty("orderId").ValueKind);
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

        using var merchant = dispatch.As(_merchant, Roles.Merchant);
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

    // Days to come, whenever it runs.
    private static readonly DateOnly Today = DateOnly.FromDateTime(DateTime.UtcNow);

    private OrderEvent Visit(int day) => Visit() with { Date = Today.AddDays(day) };

    private OrderEvent Visit() => Orders.Table(merchant: _merchant) with
    {
        Kind = "cleaning",
        Title = "A clean flat",
        Prepaid = 0,
        Fulfilment = Fulfilment.Assignment,
        Destination = "1 Main Street",
    };

    /// <summary>Looks at the database all the time, and ends a session in the middle of what it does.</summary>
    /// <returns>How often it looked.</returns>
    private async Task<int> WatchAsync(CancellationToken over)
    {
        await using var database = NpgsqlDataSource.Create(dispatch.ConnectionString);
        await using var connection = await database.OpenConnectionAsync(CancellationToken.None);
        await using var kill = new NpgsqlCommand(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle' ORDER BY random() LIMIT 1
            """, connection);
        var looks = 0;
        for (; !over.IsCancellationRequested; looks++)
        {
            await AssertSoundAsync(connection);
            if (looks % 100 == 99)
                await kill.ExecuteNonQueryAsync(CancellationToken.None);
        }

        return looks;
    }

    // What is committed, at one moment: workers at two places, workers and assignments that disagree, and who waits for nothing.
    private static async Task AssertSoundAsync(NpgsqlConnection connection)
    {
        await using var look = new NpgsqlCommand(
            """
            SELECT (SELECT count(*) FROM (SELECT FROM assignment WHERE status = 'Assigned' GROUP BY worker_id, date HAVING count(*) > 1) twice)
                || ' ' || (SELECT count(*) FROM worker w WHERE order_id IS DISTINCT FROM (
                               SELECT order_id FROM assignment a WHERE a.worker_id = w.id AND a.status = 'Assigned' ORDER BY date NULLS FIRST LIMIT 1))
                || ' ' || (SELECT count(*) FROM assignment a JOIN worker w USING (merchant_id) WHERE a.status = 'Waiting'
                               AND NOT EXISTS (SELECT 1 FROM assignment v WHERE v.worker_id = w.id AND v.status = 'Assigned' AND v.date IS NOT DISTINCT FROM a.date)
                               AND NOT EXISTS (SELECT 1 FROM day_off o WHERE o.worker_id = w.id AND o.date = a.date))
            """, connection);
        Assert.Equal("0 0 0", await look.ExecuteScalarAsync());
    }

    private async Task ReceiveAsync(OrderEvent order, int waitedFor = 0, string? eventId = null, Uri? replica = null) =>
        Assert.Equal("SUCCESS", await TryReceiveAsync(order, waitedFor, eventId, replica));

    private Task<string> TryReceiveAsync(OrderEvent order, int waitedFor = 0, string? eventId = null, Uri? replica = null) =>
        dispatch.DeliverAsync(
            Topics.Store,
            StoreEvent.OrderReceived,
            new StoreEvent(
                order.OrderId, 1, order.At.AddMinutes(-waitedFor), order.MerchantId, order.CustomerId, order.Title, order.Quantity, order.Fulfilment, order.Destination, order.Date, Reason: null,
                order.Place, order.CustomerName, order.Phone),
            eventId,
            replica);

    private async Task EndAsync(OrderEvent order, bool byStop)
    {
        if (byStop)
            Assert.Equal(StopOutcome.Stopped, await StopAsync(order));
        else
            await dispatch.DeliverAsync(OrderEvent.Cancelled, order.Next(OrderStatus.Cancelled));
    }

    private async Task<StopOutcome> StopAsync(OrderEvent order) =>
        (await dispatch.AskAsync<StopAnswer>("/stops", new StopRequest(order.OrderId))).Outcome;

    private async Task<HttpStatusCode> TryStopAsync(OrderEvent order, Uri replica)
    {
        using var answer = await dispatch.Internal.PostAsJsonAsync(new Uri(replica, "/stops"), new StopRequest(order.OrderId));
        return answer.StatusCode;
    }

    private Task<HttpStatusCode> CompleteAsync(OrderEvent order) => TryCompleteAsync(order.OrderId, replica: null);

    private async Task<HttpStatusCode> TryCompleteAsync(Guid orderId, Uri? replica)
    {
        using var merchant = dispatch.As(_merchant, Roles.Merchant, replica);
        using var answer = await merchant.PostAsync($"/api/assignments/{orderId}/completion", content: null);
        return answer.StatusCode;
    }

    private async Task<Guid> HireAsync(string name)
    {
        using var merchant = dispatch.As(_merchant, Roles.Merchant);
        using var answer = await merchant.PostAsJsonAsync("/api/workers", new { name });
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
    }

    private async Task<HttpStatusCode> TryHireAsync(string name, Uri replica)
    {
        using var merchant = dispatch.As(_merchant, Roles.Merchant, replica);
        using var answer = await merchant.PostAsJsonAsync("/api/workers", new { name });
        return answer.StatusCode;
    }

    private async Task<List<(string Status, Guid? Worker)>> SentAsync(IEnumerable<OrderEvent> orders)
    {
        var sent = new List<(string, Guid?)>();
        foreach (var order in orders)
            sent.Add(await SentAsync(order));
        return sent;
    }

    private async Task<(string Status, Guid? Worker)> SentAsync(OrderEvent order)
    {
        using var merchant = dispatch.As(_merchant, Roles.Merchant);
        var assignment = await merchant.GetFromJsonAsync<JsonElement>($"/api/assignments/{order.OrderId}");
        return (assignment.GetProperty("status").GetString()!, assignment.GetProperty("workerId").Deserialize<Guid?>());
    }

    private async Task<List<(Guid Id, Guid? OrderId)>> WorkersAsync(Uri? replica = null) =>
        (await ListAsync("/api/workers?limit=100", replica)).ConvertAll(worker => (worker.GetProperty("id").GetGuid(), worker.GetProperty("orderId").Deserialize<Guid?>()));

    private async Task<List<JsonElement>> ListAsync(string address, Uri? replica = null)
    {
        using var merchant = dispatch.As(_merchant, Roles.Merchant, replica);
        return [.. (await merchant.GetFromJsonAsync<JsonElement>(address)).GetProperty("items").EnumerateArray()];
    }

    private async Task<string?> AuditedAsync(OrderEvent order, Uri? replica = null) =>
        (await dispatch.AskAsync<List<AuditedView>>("/audit/orders", new AuditOrders([order.OrderId]), replica)).SingleOrDefault()?.Status;

    private Task<List<AuditedIdle>> IdleAsync(Uri? replica = null) => dispatch.AskAsync<List<AuditedIdle>>("/audit/idle", new { }, replica);
}
