using System.Net;
using System.Net.Http.Json;
using Npgsql;
using OrderMall.Contracts;
using OrderMall.Contracts.Calls;
using OrderMall.Contracts.Events;
using OrderMall.Dispatch;

namespace OrderMall.Services.Tests;

/// <summary>Whatever comes at once or many times, each visit is served once and no worker is at two places.</summary>
[Collection(ServiceCollection.Name)]
public sealed class AssignmentRaceTests(RunningService<DispatchService> dispatch) : DispatchTestBase(dispatch), IClassFixture<RunningService<DispatchService>>
{
    [Fact]
    public async Task A_request_that_comes_many_times_is_served_once()
    {
        var (a, b) = (await HireAsync("A"), await HireAsync("B"));
        var replica = await _dispatch.StartReplicaAsync();
        var order = Visit();
        var eventId = Guid.CreateVersion7().ToString();
        await Task.WhenAll(Enumerable.Range(0, 12).Select(i => ReceiveAsync(order, eventId: i % 3 == 0 ? null : eventId, replica: i % 2 == 0 ? null : replica)));

        Assert.Equal(a, (await SentAsync(order)).Worker);
        Assert.Equal([(a, order.OrderId), (b, null)], (await WorkersAsync()).Select(worker => (worker.Id, worker.OrderId)));
        Assert.Single(await _dispatch.PublishedAsync(order.OrderId));
        await _dispatch.StopReplicaAsync(replica);
    }

    [Fact]
    public async Task A_stop_and_its_request_at_the_same_time_leave_nobody_on_the_way()
    {
        var replica = await _dispatch.StartReplicaAsync();
        var worker = await HireAsync("Kim");
        var orders = Enumerable.Range(0, 50).Select(_ => Visit()).ToList();
        await Parallel.ForEachAsync(orders, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (order, _) =>
            await Task.WhenAll(ReceiveAsync(order, replica: replica), StopAsync(order)));

        foreach (var order in orders)
            Assert.Equal("Stopped", await AuditedAsync(order));
        Assert.Equal((worker, null), Assert.Single((await WorkersAsync()).Select(free => (free.Id, free.OrderId))));
        await _dispatch.StopReplicaAsync(replica);
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
            Assert.Equal(2, (await _dispatch.PublishedAsync(order.OrderId)).Count);
            Assert.All(await WorkersAsync(), worker => Assert.Null(worker.OrderId));
        }
    }

    /// <summary>Two replicas at once, and database sessions that end in the middle of what they do.</summary>
    [Fact]
    public async Task Nobody_waits_while_somebody_is_free_and_nobody_is_at_two_places_whatever_happens_at_once()
    {
        var replicas = new[] { _dispatch.Internal.BaseAddress!, await _dispatch.StartReplicaAsync() };
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
        var fresh = await _dispatch.StartReplicaAsync();
        Assert.Empty(await IdleAsync(fresh));
        Assert.All(await WorkersAsync(fresh), worker => Assert.Null(worker.OrderId));
        foreach (var order in orders)
        {
            var status = await AuditedAsync(order, fresh);
            var published = (await _dispatch.PublishedAsync(order.OrderId, fresh)).DistinctBy(e => e.Id).ToList();
            Assert.True(
                (status, string.Join(' ', published.Select(e => e.Type))) is
                    ("Completed", $"{AssignmentEvent.WorkerAssigned} {AssignmentEvent.Completed}")
                    or ("Stopped", $"{AssignmentEvent.WorkerAssigned} {AssignmentEvent.Stopped}" or AssignmentEvent.Stopped or ""),
                $"{order.OrderId} is {status} after {string.Join(' ', published.Select(e => e.Type))}.");
            var versions = published.Select(e => e.Data.GetProperty("version").GetInt64()).ToList();
            Assert.Equal(versions.Distinct().Order(), versions);
        }

        await _dispatch.StopReplicaAsync(replicas[1]);
        await _dispatch.StopReplicaAsync(fresh);

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
                1 => Eventually.BecomesAsync("SUCCESS", () => _dispatch.TryDeliverAsync(OrderEvent.Cancelled, order.Next(OrderStatus.Cancelled), replica: other)),
                _ => Eventually.BecomesAsync(HttpStatusCode.OK, () => TryCompleteAsync(order.OrderId, other)),
            });

            Task RequestAsync(Uri at) => Eventually.BecomesAsync("SUCCESS", () => TryReceiveAsync(order, replica: at));
        }
    }

    /// <summary>Looks at the database all the time, and ends a session in the middle of what it does.</summary>
    /// <returns>How often it looked.</returns>
    private async Task<int> WatchAsync(CancellationToken over)
    {
        await using var database = NpgsqlDataSource.Create(_dispatch.ConnectionString);
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

    private async Task<HttpStatusCode> TryStopAsync(OrderEvent order, Uri replica)
    {
        using var answer = await _dispatch.Internal.PostAsJsonAsync(new Uri(replica, "/stops"), new StopRequest(order.OrderId));
        return answer.StatusCode;
    }

    private async Task<HttpStatusCode> TryHireAsync(string name, Uri replica)
    {
        using var merchant = _dispatch.As(_merchant, Roles.Merchant, replica);
        using var answer = await merchant.PostAsJsonAsync("/api/workers", new { name });
        return answer.StatusCode;
    }
}
