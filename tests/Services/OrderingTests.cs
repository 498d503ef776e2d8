using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Npgsql;
using OrderMall.Contracts;
using OrderMall.Ordering;

namespace OrderMall.Services.Tests;

[Collection(ServiceCollectionDefinition.Name)]
public sealed class OrderingTests(RunningService<OrderingService> ordering) : IClassFixture<RunningService<OrderingService>>, IAsyncLifetime
{
    private static readonly Guid Offer = Guid.NewGuid();
    private readonly ConcurrentDictionary<Guid, int> _stops = new();
    private int _charges;
    private Func<HoldOutcome> _hold = () => HoldOutcome.Held;
    private Func<ChargeOutcome?> _charge = () => ChargeOutcome.Approved;
    private readonly Func<RefundOutcome?> _refund = () => RefundOutcome.Refunded;
    private Func<StopOutcome?> _stop = () => StopOutcome.Stopped;

    public Task InitializeAsync()
    {
        var called = ordering.Sidecar.Called;
        called["catalog/holds"] = context => context.Response.WriteAsJsonAsync(new HoldAnswer(_hold(), _hold() == HoldOutcome.Held
            ? new HeldOffer("bookshop", "made-up", "Something", 12_000, null, "KRW", Prepayment.Full, Fulfilment.Delivery, null, null)
            : null));
        called["payment/charges"] = context => AnswerAsync(context, _charge() is { } outcome ? new ChargeAnswer(outcome) : null);
        called["payment/refunds"] = context => AnswerAsync(context, _refund() is { } outcome ? new RefundAnswer(outcome) : null);
        called["delivery/stops"] = async context =>
        {
            var request = await context.Request.ReadFromJsonAsync<StopRequest>();
            _stops.AddOrUpdate(request!.OrderId, 1, (_, count) => count + 1);
            await AnswerAsync(context, _stop() is { } outcome ? new StopAnswer(outcome) : null);
        };
        return Task.CompletedTask;
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task An_order_is_accepted_and_said_once()
    {
        using var alice = ordering.As("alice", Roles.Customer);
        using var answer = await PlaceAsync(alice);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        var order = await IdAsync(answer);
        Assert.Equal($"/api/orders/{order}", answer.Headers.Location!.ToString());
        Assert.Equal([OrderEvent.Accepted], (await ordering.PublishedAsync(order)).Select(e => e.Type));
    }

    [Fact]
    public async Task One_key_sent_many_times_at_once_is_one_order_with_one_answer()
    {
        using var alice = ordering.As("alice", Roles.Customer);
        var replica = await ordering.StartReplicaAsync();
        using var aliceElsewhere = ordering.As("alice", Roles.Customer, replica);
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
        using var bob = ordering.As("bob", Roles.Customer);
        using var bobs = await PlaceAsync(bob, key: "twenty");
        Assert.NotEqual(await IdAsync(answers[0]), await IdAsync(bobs));
    }

    [Fact]
    public async Task Without_an_answer_from_payment_it_is_503_and_everything_is_undone_and_the_key_is_free()
    {
        using var alice = ordering.As("alice", Roles.Customer);
        _charge = () => null;
        using var refused = await PlaceAsync(alice, key: "again");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.NotNull(refused.Headers.RetryAfter);
        await Eventually.BecomesAsync(true, () => Task.FromResult(ordering.Sidecar.Published.Any(e => e.Type == OrderEvent.Voided)));

        _charge = () => ChargeOutcome.Approved;
        using var accepted = await PlaceAsync(alice, key: "again");
        Assert.Equal(HttpStatusCode.Created, accepted.StatusCode);
    }

    [Fact]
    public async Task A_refusal_stays_the_answer_to_its_key()
    {
        using var alice = ordering.As("alice", Roles.Customer);
        _hold = () => HoldOutcome.SoldOut;
        using var soldOut = await PlaceAsync(alice, key: "sold-out");
        _hold = () => HoldOutcome.Held;
        using var soldOutAgain = await PlaceAsync(alice, key: "sold-out");
        Assert.Equal(HttpStatusCode.Conflict, soldOut.StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, soldOutAgain.StatusCode);

        _charge = () => ChargeOutcome.Declined;
        using var declined = await PlaceAsync(alice, key: "declined");
        _charge = () => ChargeOutcome.Approved;
        using var declinedAgain = await PlaceAsync(alice, key: "declined");
        Assert.Equal(HttpStatusCode.PaymentRequired, declined.StatusCode);
        Assert.Equal(HttpStatusCode.PaymentRequired, declinedAgain.StatusCode);
    }

    [Fact]
    public async Task Who_is_willing_to_wait_is_charged_when_payment_is_back()
    {
        using var alice = ordering.As("alice", Roles.Customer);
        alice.DefaultRequestHeaders.Add("Prefer", "respond-async, wait=10");
        _charge = () => null;
        using var answer = await PlaceAsync(alice);
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        Assert.Equal("respond-async", answer.Headers.GetValues("Preference-Applied").Single());
        var order = await IdAsync(answer);
        Assert.Equal("AwaitingPayment", await StatusAsync(alice, order));
        _charge = () => ChargeOutcome.Approved;
        await Eventually.BecomesAsync("Accepted", () => StatusAsync(alice, order));
    }

    [Fact]
    public async Task An_attempt_that_a_crash_left_is_undone_by_one_replica_and_never_seen()
    {
        await ordering.StartReplicaAsync();
        using var alice = ordering.As("alice", Roles.Customer);
        using var answer = await PlaceAsync(alice);
        var order = await IdAsync(answer);
        await ExecuteAsync("UPDATE orders SET status = 'Pending', history = '[]', idempotency_key = NULL, due_at = now() - interval '1 minute' WHERE id = $1", order);

        await Eventually.BecomesAsync(true, () => Task.FromResult(ordering.Sidecar.Published.Any(e => e.Key == order.ToString() && e.Type == OrderEvent.Voided)));
        Assert.Equal([OrderEvent.Accepted, OrderEvent.Voided], (await ordering.PublishedAsync(order)).Select(e => e.Type));
        using var seen = await alice.GetAsync($"/api/orders/{order}");
        Assert.Equal(HttpStatusCode.NotFound, seen.StatusCode);
    }

    [Theory]
    [InlineData(ChargeOutcome.Approved, HttpStatusCode.Created)]
    [InlineData(ChargeOutcome.Declined, HttpStatusCode.PaymentRequired)]
    public async Task Who_asks_again_for_an_order_whose_instance_died_has_its_outcome_within_seconds(ChargeOutcome charge, HttpStatusCode expected)
    {
        using var alice = ordering.As("alice", Roles.Customer);
        var key = $"died-{charge}";
        using var placed = await PlaceAsync(alice, key);
        var order = await IdAsync(placed);
        // As a crash leaves it right after the lease was renewed.
        await ExecuteAsync("UPDATE orders SET status = 'Pending', history = '[]', due_at = now() + interval '30 seconds' WHERE id = $1", order);
        _charge = () => charge;
        var since = Stopwatch.StartNew();
        var again = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => PlaceAsync(alice, key)));
        Assert.InRange(since.Elapsed, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5));
        Assert.All(again, answer => Assert.Equal(expected, answer.StatusCode));
        if (expected == HttpStatusCode.Created)
        {
            foreach (var answer in again)
                Assert.Equal(order, await IdAsync(answer));
        }

        // Once for all of them: accepted before the crash, and what came of it then.
        Assert.Equal(
            [OrderEvent.Accepted, expected == HttpStatusCode.Created ? OrderEvent.Accepted : OrderEvent.Voided],
            (await ordering.PublishedAsync(order)).Select(e => e.Type));
    }

    [Fact]
    public async Task An_instance_that_is_slow_keeps_its_order_however_long_others_wait_for_it()
    {
        using var alice = ordering.As("alice", Roles.Customer);
        using var aliceElsewhere = ordering.As("alice", Roles.Customer, await ordering.StartReplicaAsync());
        var (charging, mayCharge, charges) = (new TaskCompletionSource(), new TaskCompletionSource(), 0);
        ordering.Sidecar.Called["payment/charges"] = async context =>
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
        using var alice = ordering.As("alice", Roles.Customer);
        using var aliceElsewhere = ordering.As("alice", Roles.Customer, await ordering.StartReplicaAsync());
        var (charging, mayCharge, charges) = (new TaskCompletionSource<Guid>(), new TaskCompletionSource(), 0);
        ordering.Sidecar.Called["payment/charges"] = async context =>
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
        Assert.Equal([OrderEvent.Accepted], (await ordering.PublishedAsync(order)).Select(e => e.Type));
    }

    [Fact]
    public async Task A_cancellation_is_taken_while_delivery_is_away_and_finished_when_it_is_back()
    {
        using var alice = ordering.As("alice", Roles.Customer);
        using var placed = await PlaceAsync(alice);
        var order = await IdAsync(placed);
        _stop = () => null;
        using var taken = await alice.PostAsync($"/api/orders/{order}/cancellation", null);
        Assert.Equal(HttpStatusCode.Accepted, taken.StatusCode);
        _stop = () => StopOutcome.Stopped;
        await Eventually.BecomesAsync("Cancelled", () => StatusAsync(alice, order));
        using var again = await alice.PostAsync($"/api/orders/{order}/cancellation", null);
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
        Assert.Equal(
            [OrderEvent.Accepted, OrderEvent.CancellationRequested, OrderEvent.Cancelled],
            (await ordering.PublishedAsync(order)).Select(e => e.Type));
    }

    [Fact]
    public async Task Too_late_is_409_and_the_order_stays()
    {
        using var alice = ordering.As("alice", Roles.Customer);
        using var placed = await PlaceAsync(alice);
        var order = await IdAsync(placed);
        _stop = () => StopOutcome.TooLate;
        using var refused = await alice.PostAsync($"/api/orders/{order}/cancellation", null);
        Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
        Assert.Equal("Accepted", await StatusAsync(alice, order));
        Assert.Equal("SUCCESS", await ordering.DeliverAsync(Topics.Deliveries, ParcelEvent.Shipped, new ParcelEvent(order, 2, DateTimeOffset.UtcNow)));
        Assert.Equal("Shipped", await StatusAsync(alice, order));
    }

    [Fact]
    public async Task Many_cancellations_at_once_are_one()
    {
        using var alice = ordering.As("alice", Roles.Customer);
        using var placed = await PlaceAsync(alice);
        var order = await IdAsync(placed);
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => alice.PostAsync($"/api/orders/{order}/cancellation", null)));
        Assert.All(answers, answer => Assert.True(answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.Accepted));
        await Eventually.BecomesAsync("Cancelled", () => StatusAsync(alice, order));
        Assert.Equal(1, _stops[order]);
    }

    [Fact]
    public async Task Fulfilment_heard_of_twice_and_out_of_order_gives_one_history()
    {
        using var alice = ordering.As("alice", Roles.Customer);
        using var placed = await PlaceAsync(alice);
        var order = await IdAsync(placed);
        var now = DateTimeOffset.UtcNow;
        var parcel = new ParcelEvent(order, 1, now);
        var store = new StoreEvent(order, 1, now, "bookshop", "alice", "Something", 1, Fulfilment.Delivery, "Seoul", null, null);
        await Task.WhenAll(Enumerable.Range(0, 5).SelectMany(i => new[]
        {
            ordering.DeliverAsync(Topics.Deliveries, ParcelEvent.PreparationStarted, parcel, id: $"{order}-p{i % 2}"),
            ordering.DeliverAsync(Topics.Store, StoreEvent.OrderReceived, store, id: $"{order}-s{i % 2}"),
        }));
        Assert.Equal(
            [OrderEvent.Accepted, OrderEvent.Received, OrderEvent.PreparationStarted],
            (await ordering.PublishedAsync(order)).Select(e => e.Type));
    }

    private static async Task<HttpResponseMessage> PlaceAsync(HttpClient customer, string? key = null, int quantity = 1)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/orders")
        {
            Content = JsonContent.Create(new { offerId = Offer, quantity, destination = "Seoul", paymentMethod = "card_ok" }),
        };
        if (key is not null)
            request.Headers.Add("Idempotency-Key", key);
        return await customer.SendAsync(request);
    }

    private static async Task<Guid> IdAsync(HttpResponseMessage answer) =>
        (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();

    private static async Task<string> StatusAsync(HttpClient customer, Guid order) =>
        (await customer.GetFromJsonAsync<JsonElement>($"/api/orders/{order}")).GetProperty("status").GetString()!;

    private static Task AnswerAsync<T>(HttpContext context, T? answer)
        where T : class
    {
        if (answer is not null)
            return context.Response.WriteAsJsonAsync(answer);
        context.Response.StatusCode = 500;
        return Task.CompletedTask;
    }

    private async Task ExecuteAsync(string sql, Guid id)
    {
        await using var database = NpgsqlDataSource.Create(ordering.ConnectionString);
        await using var command = database.CreateCommand(sql);
        command.Parameters.Add(new() { Value = id });
        Assert.Equal(1, await command.ExecuteNonQueryAsync());
    }
}
