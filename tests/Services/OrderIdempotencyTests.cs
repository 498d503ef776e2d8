using System.Net;
using Microsoft.AspNetCore.Http;
using Npgsql;
using OrderMall.Contracts;
using OrderMall.Contracts.Calls;
using OrderMall.Contracts.Events;
using OrderMall.Ordering;

namespace OrderMall.Services.Tests;

/// <summary>One key is one order with one answer, whoever asks again and whichever instance dies.</summary>
[Collection(ServiceCollection.Name)]
public sealed class OrderIdempotencyTests(RunningService<OrderingService> ordering) : OrderingTestBase(ordering), IClassFixture<RunningService<OrderingService>>
{
    [Fact]
    public async Task One_key_sent_many_times_at_once_is_one_order_with_one_answer()
    {
        using var alice = _ordering.As("alice", Roles.Customer);
        var replica = await _ordering.StartReplicaAsync();
        using var aliceElsewhere = _ordering.As("alice", Roles.Customer, replica);
        _charge = () =>
        {
            Interlocked.Increment(ref _charges);
            return ChargeOutcome.Approved;
        };
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => PlaceAsync(i % 2 == 0 ? alice : aliceElsewhere, key: "twenty")));
        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.Created, answer.StatusCode));
        Assert.Single((await Task.WhenAll(answers.Select(answer => answer.Content.ReadAsStringAsync()))).Distinct());
        Assert.Equal(1, _charges);

        using var other = await PlaceAsync(alice, key: "twenty", quantity: 2);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, other.StatusCode);
        using var bob = _ordering.As("bob", Roles.Customer);
        using var bobs = await PlaceAsync(bob, key: "twenty");
        Assert.NotEqual(await IdAsync(answers[0]), await IdAsync(bobs));
    }

    [Fact]
    public async Task Without_an_answer_from_payment_it_is_503_and_everything_is_undone_and_the_key_is_free()
    {
        using var alice = _ordering.As("alice", Roles.Customer);
        _charge = () => null;
        using var refused = await PlaceAsync(alice, key: "again");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.NotNull(refused.Headers.RetryAfter);
        await Eventually.BecomesAsync(true, () => Task.FromResult(_ordering.Sidecar.Published.Any(e => e.Type == OrderEvent.Voided)));

        _charge = () => ChargeOutcome.Approved;
        using var accepted = await PlaceAsync(alice, key: "again");
        Assert.Equal(HttpStatusCode.Created, accepted.StatusCode);
    }

    [Fact]
    public async Task A_refusal_stays_the_answer_to_its_key()
    {
        using var alice = _ordering.As("alice", Roles.Customer);
        _charge = () => ChargeOutcome.Declined;
        using var declined = await PlaceAsync(alice, key: "declined");
        _charge = () => ChargeOutcome.Approved;
        using var declinedAgain = await PlaceAsync(alice, key: "declined");
        Assert.Equal(HttpStatusCode.PaymentRequired, declined.StatusCode);
        Assert.Equal(HttpStatusCode.PaymentRequired, declinedAgain.StatusCode);
    }

    [Fact]
    public async Task An_attempt_that_a_crash_left_is_undone_by_one_replica_and_never_seen()
    {
        await _ordering.StartReplicaAsync();
        using var alice = _ordering.As("alice", Roles.Customer);
        using var answer = await PlaceAsync(alice);
        var order = await IdAsync(answer);
        await ExecuteAsync("UPDATE orders SET status = 'Pending', history = '[]', idempotency_key = NULL, due_at = now() - interval '1 minute' WHERE id = $1", order);

        await Eventually.BecomesAsync(true, () => Task.FromResult(_ordering.Sidecar.Published.Any(e => e.Key == order.ToString() && e.Type == OrderEvent.Voided)));
        Assert.Equal([OrderEvent.Accepted, OrderEvent.Voided], (await _ordering.PublishedAsync(order)).Select(e => e.Type));
        using var seen = await alice.GetAsync($"/api/orders/{order}");
        Assert.Equal(HttpStatusCode.NotFound, seen.StatusCode);
    }

    [Theory]
    [InlineData(ChargeOutcome.Approved, HttpStatusCode.Created)]
    [InlineData(ChargeOutcome.Declined, HttpStatusCode.PaymentRequired)]
    public async Task Who_asks_again_for_an_order_whose_instance_died_has_its_outcome_within_seconds(ChargeOutcome charge, HttpStatusCode expected)
    {
        using var alice = _ordering.As("alice", Roles.Customer);
        var key = $"died-{charge}";
        using var placed = await PlaceAsync(alice, key);
        var order = await IdAsync(placed);
        // As a crash leaves it right after the lease was renewed.
        await ExecuteAsync("UPDATE orders SET status = 'Pending', history = '[]', due_at = now() + interval '30 seconds' WHERE id = $1", order);
        _charge = () => charge;
        var asking = Enumerable.Range(0, 5).Select(_ => PlaceAsync(alice, key)).ToList();
        // By the service's clock: whoever renewed it a second ago may be alive, and four of the five seconds are enough to know better.
        _ordering.Time.Set(DateTimeOffset.UtcNow + TimeSpan.FromSeconds(1));
        var patience = Task.Delay(TimeSpan.FromMilliseconds(500));
        Assert.Same(patience, await Task.WhenAny([patience, .. asking]));
        _ordering.Time.Set(DateTimeOffset.UtcNow + TimeSpan.FromSeconds(4));
        var again = await Task.WhenAll(asking);
        Assert.All(again, answer => Assert.Equal(expected, answer.StatusCode));
        if (expected == HttpStatusCode.Created)
        {
            foreach (var answer in again)
                Assert.Equal(order, await IdAsync(answer));
        }

        // Once for all of them: accepted before the crash, and what came of it then.
        Assert.Equal(
            [OrderEvent.Accepted, expected == HttpStatusCode.Created ? OrderEvent.Accepted : OrderEvent.Voided],
            (await _ordering.PublishedAsync(order)).Select(e => e.Type));
    }

    [Fact]
    public async Task An_instance_that_is_slow_keeps_its_order_however_long_others_wait_for_it()
    {
        using var alice = _ordering.As("alice", Roles.Customer);
        using var aliceElsewhere = _ordering.As("alice", Roles.Customer, await _ordering.StartReplicaAsync());
        var (charging, mayCharge, charges) = (new TaskCompletionSource(), new TaskCompletionSource(), 0);
        _ordering.Sidecar.Called["payment/charges"] = async context =>
        {
            Interlocked.Increment(ref charges);
            charging.TrySetResult();
            await mayCharge.Task;
            await context.Response.WriteAsJsonAsync(new ChargeAnswer(ChargeOutcome.Approved));
        };
        var first = PlaceAsync(alice, key: "slow");
        await charging.Task.WaitAsync(TimeSpan.FromSeconds(10));
        var second = PlaceAsync(aliceElsewhere, key: "slow");
        // Twice as long as one may be silent who has died.
        Assert.NotSame(second, await Task.WhenAny(second, Task.Delay(TimeSpan.FromSeconds(7))));
        mayCharge.SetResult();
        using var one = await first;
        using var other = await second;
        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.Created), (one.StatusCode, other.StatusCode));
        Assert.Equal(await IdAsync(one), await IdAsync(other));
        Assert.Equal(1, charges);
    }

    [Fact]
    public async Task Who_was_taken_for_dead_and_is_not_saves_nothing_and_gives_the_answer_of_who_took_over()
    {
        using var alice = _ordering.As("alice", Roles.Customer);
        using var aliceElsewhere = _ordering.As("alice", Roles.Customer, await _ordering.StartReplicaAsync());
        var (charging, mayCharge, charges) = (new TaskCompletionSource<Guid>(), new TaskCompletionSource(), 0);
        _ordering.Sidecar.Called["payment/charges"] = async context =>
        {
            var request = await context.Request.ReadFromJsonAsync<ChargeRequest>();
            if (Interlocked.Increment(ref charges) > 1)
            {
                await context.Response.WriteAsJsonAsync(new ChargeAnswer(ChargeOutcome.Approved));
                return;
            }

            charging.TrySetResult(request!.OrderId);
            await mayCharge.Task;
            context.Response.StatusCode = 500;
        };
        var first = PlaceAsync(alice, key: "not-dead");
        var order = await charging.Task.WaitAsync(TimeSpan.FromSeconds(10));
        // As if it had not reached the database for long: whenever it renews its lease, that is undone.
        var asking = PlaceAsync(aliceElsewhere, key: "not-dead");
        do
            await ExecuteAsync("UPDATE orders SET due_at = CASE WHEN status = 'Pending' THEN now() + interval '10 seconds' END WHERE id = $1", order);
        while (await Task.WhenAny(asking, Task.Delay(TimeSpan.FromMilliseconds(50))) != asking);
        using var second = await asking;
        Assert.Equal(HttpStatusCode.Created, second.StatusCode);
        mayCharge.SetResult();
        using var one = await first;
        Assert.Equal(HttpStatusCode.Created, one.StatusCode);
        Assert.Equal((order, order), (await IdAsync(one), await IdAsync(second)));
        Assert.Equal([OrderEvent.Accepted], (await _ordering.PublishedAsync(order)).Select(e => e.Type));
    }

    [Fact]
    public async Task Who_found_nothing_left_may_ask_again_with_the_same_key()
    {
        using var alice = _ordering.As("alice", Roles.Customer);
        _hold = () => HoldOutcome.SoldOut;
        using var soldOut = await PlaceAsync(alice, key: "sold-out");
        Assert.Equal(HttpStatusCode.Conflict, soldOut.StatusCode);
        _hold = () => HoldOutcome.Held;
        using var accepted = await PlaceAsync(alice, key: "sold-out");
        Assert.Equal(HttpStatusCode.Created, accepted.StatusCode);
    }

    [Fact]
    public async Task What_came_to_nothing_is_deleted_after_a_week_and_nothing_else()
    {
        using var alice = _ordering.As("alice", Roles.Customer);
        using var accepted = await PlaceAsync(alice);
        var order = await IdAsync(accepted);
        _charge = () => null;
        using var willing = _ordering.As("alice", Roles.Customer);
        willing.DefaultRequestHeaders.Add("Prefer", "respond-async");
        using var waiting = await PlaceAsync(willing);
        _charge = () => ChargeOutcome.Declined;
        using var declined = await PlaceAsync(alice, key: "of-last-week");
        var rejected = await IdAsync(waiting);
        await Eventually.BecomesAsync("Rejected", () => StatusAsync(alice, rejected));
        await using var database = NpgsqlDataSource.Create(_ordering.ConnectionString);
        await using (var command = database.CreateCommand("UPDATE orders SET updated_at = now() - interval '8 days' WHERE status <> 'Pending'"))
            await command.ExecuteNonQueryAsync();
        using var fresh = await PlaceAsync(alice, key: "of-today");
        Assert.Equal((HttpStatusCode.PaymentRequired, HttpStatusCode.PaymentRequired), (declined.StatusCode, fresh.StatusCode));

        var replica = await _ordering.StartReplicaAsync();
        await Eventually.BecomesAsync<object?>(0L, () => CountAsync("SELECT count(*) FROM orders WHERE idempotency_key = 'of-last-week'"));
        await _ordering.StopReplicaAsync(replica);
        Assert.Equal(1L, await CountAsync("SELECT count(*) FROM orders WHERE idempotency_key = 'of-today'"));
        Assert.Equal(("Accepted", "Rejected"), (await StatusAsync(alice, order), await StatusAsync(alice, rejected)));
    }

    private async Task ExecuteAsync(string sql, Guid id)
    {
        await using var database = NpgsqlDataSource.Create(_ordering.ConnectionString);
        await using var command = database.CreateCommand(sql);
        command.Parameters.Add(new() { Value = id });
        Assert.Equal(1, await command.ExecuteNonQueryAsync());
    }
}
