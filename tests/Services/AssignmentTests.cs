using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Npgsql;
using OrderMall.Contracts;
using OrderMall.Contracts.Calls;
using OrderMall.Contracts.Events;
using OrderMall.Dispatch;

namespace OrderMall.Services.Tests;

/// <summary>Who is sent to whom, and that nobody is sent to what is over.</summary>
[Collection(ServiceCollection.Name)]
public sealed class AssignmentTests(RunningService<DispatchService> dispatch) : DispatchTestBase(dispatch), IClassFixture<RunningService<DispatchService>>
{
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
        Assert.Empty(await _dispatch.PublishedAsync(order.OrderId));

        var worker = await HireAsync("Kim");
        Assert.Equal(HttpStatusCode.OK, await CompleteAsync(order));
        Assert.Equal(HttpStatusCode.OK, await CompleteAsync(order));
        Assert.Equal(StopOutcome.TooLate, await StopAsync(order));
        await _dispatch.DeliverAsync(OrderEvent.Cancelled, order.Next(OrderStatus.Cancelled));
        Assert.Equal(("Completed", worker), await SentAsync(order));

        var published = await _dispatch.PublishedAsync(order.OrderId);
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
        Assert.Equal([AssignmentEvent.WorkerAssigned, AssignmentEvent.Stopped], (await _dispatch.PublishedAsync(stopped.OrderId)).Select(e => e.Type));
        Assert.Equal(JsonValueKind.Null, Assert.Single(await _dispatch.PublishedAsync(stoppedWaiting.OrderId)).Data.GetProperty("workerId").ValueKind);

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
        Assert.Empty(await _dispatch.PublishedAsync(order.OrderId));
        Assert.Null(Assert.Single(await WorkersAsync()).OrderId);
        Assert.Equal(HttpStatusCode.NotFound, await CompleteAsync(order));
        Assert.Empty(await ListAsync("/api/assignments"));
    }

    [Fact]
    public async Task Only_what_takes_a_worker_is_given_one()
    {
        await HireAsync("Kim");
        var table = Orders.Table(merchant: _merchant);
        await ReceiveAsync(table);
        await _dispatch.DeliverAsync(OrderEvent.Cancelled, table.Next(OrderStatus.Cancelled));
        Assert.Null(await AuditedAsync(table));
        Assert.Null(Assert.Single(await WorkersAsync()).OrderId);
    }

    [Fact]
    public async Task The_audit_finds_who_waits_for_nothing()
    {
        // The right ones: a request here, a free worker elsewhere.
        var waiting = Visit();
        await ReceiveAsync(waiting);
        using (var elsewhere = _dispatch.As($"{_merchant}-elsewhere", Roles.Merchant))
            Assert.Equal(HttpStatusCode.Created, (await elsewhere.PostAsJsonAsync("/api/workers", new { name = "Kim" })).StatusCode);
        Assert.Equal("Waiting", await AuditedAsync(waiting));
        Assert.Empty(await IdleAsync());

        await using var database = NpgsqlDataSource.Create(_dispatch.ConnectionString);
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
}
