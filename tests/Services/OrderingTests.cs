using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Npgsql;
using OrderMall.Contracts;
using OrderMall.Ordering;
using OrderMall.ServiceDefaults.Api;

namespace OrderMall.Services.Tests;

[Collection(ServiceCollection.Name)]
public sealed class OrderingTests(RunningService<OrderingService> ordering) : IClassFixture<RunningService<OrderingService>>, IAsyncLifetime
{
    private static readonly Guid Offer = Guid.NewGuid();
    private static readonly HeldOffer Sold = new("bookshop", "made-up", "Something", 12_000, null, "KRW", Prepayment.Full, Fulfilment.Delivery, null, null);
    private HeldOffer _offer = Sold;
    private readonly ConcurrentDictionary<Guid, int> _stops = new();
    private volatile StopRequest? _lastStop;
    private int _charges;
    private Func<HoldOutcome> _hold = () => HoldOutcome.Held;
    private Func<HoldRequest, int>? _left;
    private Func<ChargeOutcome?> _charge = () => ChargeOutcome.Approved;
    private readonly Func<RefundOutcome?> _refund = () => RefundOutcome.Refunded;
    private Func<StopOutcome?> _stop = () => StopOutcome.Stopped;

    public Task InitializeAsync()
    {
        var called = ordering.Sidecar.Called;
        called["catalog/holds"] = async context =>
        {
            var asked = await context.Request.ReadFromJsonAsync<HoldRequest>();
            var isExpected = (asked!.ExpectedAmount ?? _offer.Amount(asked.Quantity)) == _offer.Amount(asked.Quantity)
                && (asked.ExpectedPrepaid ?? _offer.Prepaid(asked.Quantity)) == _offer.Prepaid(asked.Quantity);
            var outcome = isExpected ? _hold() : HoldOutcome.PriceChanged;
            await context.Response.WriteAsJsonAsync(new HoldAnswer(
                outcome, outcome is HoldOutcome.Held or HoldOutcome.PriceChanged ? _offer with { Left = _left?.Invoke(asked) } : null, outcome == HoldOutcome.CustomerLimit ? 2 : null));
        };
        called["catalog/holds/look"] = context => context.Response.WriteAsJsonAsync(new HoldAnswer(_hold(), null));
        called["payment/charges"] = context => AnswerAsync(context, _charge() is { } outcome ? new ChargeAnswer(outcome) : null);
        called["payment/refunds"] = context => AnswerAsync(context, _refund() is { } outcome ? new RefundAnswer(outcome) : null);
        called["delivery/stops"] = called["store/stops"] = async context =>
        {
            var request = await context.Request.ReadFromJsonAsync<StopRequest>();
            _stops.AddOrUpdate(request!.OrderId, 1, (_, count) => count + 1);
            _lastStop = request;
            await AnswerAsync(context, _stop() is { } outcome ? new StopAnswer(outcome) : null);
        };
        return Task.CompletedTask;
    }

    public Task DisposeAsync()
    {
        ordering.Time.Set(DateTimeOffset.UtcNow);
        return Task.CompletedTask;
    }

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
    public async Task Who_the_customer_is_and_how_to_reach_them_is_told_to_who_does_the_work_until_it_is_over()
    {
        using var alice = ordering.As("alice", Roles.Customer);
        alice.DefaultRequestHeaders.Add(GatewayIdentity.NameHeader, Uri.EscapeDataString("앨리스 Kim"));
        using var answer = await PlaceAsync(alice, fields: new { phone = "+82 10 1234 5678" });
        Assert.DoesNotContain("1234", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        var order = await IdAsync(answer);
        foreach (var type in new[] { ParcelEvent.PreparationStarted, ParcelEvent.Shipped })
            Assert.Equal("SUCCESS", await ordering.DeliverAsync(Topics.Deliveries, type, new ParcelEvent(order, 1, DateTimeOffset.UtcNow)));
        Assert.Equal("+82 10 1234 5678", await PhoneAsync());
        Assert.Equal("SUCCESS", await ordering.DeliverAsync(Topics.Deliveries, ParcelEvent.Delivered, new ParcelEvent(order, 2, DateTimeOffset.UtcNow)));
        Assert.Equal(DBNull.Value, await PhoneAsync());

        var told = (await ordering.PublishedAsync(order)).Select(e => (e.Type, e.Data.GetProperty("customerName").GetString(), e.Data.GetProperty("phone").GetString())).ToList();
        Assert.Equal((OrderEvent.Accepted, "앨리스 Kim", "+82 10 1234 5678"), told[0]);
        Assert.All(told.Skip(1), e => Assert.Equal((null, null), (e.Item2, e.Item3)));
        Assert.Equal(OrderEvent.Delivered, told[^1].Type);

        async Task<object?> PhoneAsync() => await CountAsync($"SELECT phone FROM orders WHERE id = '{order}'");
    }

    [Theory]
    [InlineData("call me")]
    [InlineData("12345")]
    [InlineData("010-1234-5678; rm")]
    [InlineData("0101234567801012345678010123456780")]
    public async Task What_is_no_phone_number_is_refused(string phone)
    {
        using var alice = ordering.As("alice", Roles.Customer);
        using var answer = await PlaceAsync(alice, fields: new { phone });
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.True((await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors").TryGetProperty("phone", out _));
    }

    [Fact]
    public async Task Where_somebody_comes_a_phone_number_is_asked_for()
    {
        using var alice = ordering.As("alice", Roles.Customer);
        _hold = () => HoldOutcome.PhoneRequired;
        using var answer = await PlaceAsync(alice);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.True((await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors").TryGetProperty("phone", out _));
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
        // Said once if somebody was told 202, and then one of them asks for the stop once more, which is the same stop.
        var said = (await ordering.PublishedAsync(order)).Select(e => e.Type).ToList();
        Assert.Equal([OrderEvent.Accepted, .. answers.Any(answer => answer.StatusCode == HttpStatusCode.Accepted) ? new[] { OrderEvent.CancellationRequested } : [], OrderEvent.Cancelled], said);
        Assert.InRange(_stops[order], 1, 2);
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

    [Fact]
    public async Task A_price_that_has_changed_is_said_and_nothing_is_ordered_or_charged()
    {
        using var alice = ordering.As("alice", Roles.Customer);
        _charge = () =>
        {
            Interlocked.Increment(ref _charges);
            return ChargeOutcome.Approved;
        };
        _offer = Sold with { Price = 900_000_000 };
        using var refused = await PlaceAsync(alice, key: "price", fields: new { expectedAmount = 12_000 });
        Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
        var problem = await refused.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(
            ("urn:ordermall:problem:price-changed", 900_000_000m, 900_000_000m, "KRW"),
            (problem.GetProperty("type").GetString(), problem.GetProperty("amount").GetDecimal(), problem.GetProperty("prepaid").GetDecimal(), problem.GetProperty("currency").GetString()));
        Assert.Contains("900000000 KRW", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        // The price is as it was, but more of it is paid first.
        _offer = Sold with { Prepayment = Prepayment.Deposit, Deposit = 6_000 };
        using var raised = await PlaceAsync(alice, key: "price", fields: new { expectedAmount = 12_000, expectedPrepaid = 5_000 });
        problem = await raised.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(
            (HttpStatusCode.Conflict, "urn:ordermall:problem:price-changed", 12_000m, 6_000m),
            (raised.StatusCode, problem.GetProperty("type").GetString(), problem.GetProperty("amount").GetDecimal(), problem.GetProperty("prepaid").GetDecimal()));
        Assert.Equal(0, _charges);
        Assert.Equal(0L, await CountAsync("SELECT count(*) FROM orders WHERE idempotency_key = 'price'"));

        // What was not ordered keeps no key.
        _offer = Sold;
        using var accepted = await PlaceAsync(alice, key: "price", fields: new { expectedAmount = 12_000.0m });
        using var again = await PlaceAsync(alice, key: "price", fields: new { expectedAmount = 12_000 });
        Assert.Equal((HttpStatusCode.Created, await IdAsync(accepted)), (again.StatusCode, await IdAsync(again)));
        foreach (var other in new object[] { new { expectedAmount = 12_001 }, new { } })
        {
            using var reused = await PlaceAsync(alice, key: "price", fields: other);
            Assert.Equal(HttpStatusCode.UnprocessableEntity, reused.StatusCode);
        }

        Assert.Equal(1, _charges);
    }

    [Fact]
    public async Task Who_found_nothing_left_may_ask_again_with_the_same_key()
    {
        using var alice = ordering.As("alice", Roles.Customer);
        _hold = () => HoldOutcome.SoldOut;
        using var soldOut = await PlaceAsync(alice, key: "sold-out");
        Assert.Equal(HttpStatusCode.Conflict, soldOut.StatusCode);
        _hold = () => HoldOutcome.Held;
        using var accepted = await PlaceAsync(alice, key: "sold-out");
        Assert.Equal(HttpStatusCode.Created, accepted.StatusCode);
    }

    [Fact]
    public async Task While_nothing_is_left_nothing_is_written_for_who_asks_for_it()
    {
        using var alice = ordering.As("alice", Roles.Customer);
        _hold = () => HoldOutcome.SoldOut;
        using var found = await PlaceAsync(alice);
        var before = await CountAsync("SELECT count(*) FROM orders");
        foreach (var answer in await Task.WhenAll(Enumerable.Range(0, 10).Select(i => PlaceAsync(alice, key: $"nothing-left-{i}"))))
        {
            using var refused = answer;
            Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
            Assert.Equal("urn:ordermall:problem:sold-out", (await refused.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("type").GetString());
        }

        Assert.Equal(before, await CountAsync("SELECT count(*) FROM orders"));
        // And whatever somebody gives back is there at once.
        _hold = () => HoldOutcome.Held;
        using var accepted = await PlaceAsync(alice, key: "nothing-left-0");
        Assert.Equal(HttpStatusCode.Created, accepted.StatusCode);
    }

    [Fact]
    public async Task What_came_to_nothing_is_deleted_after_a_week_and_nothing_else()
    {
        using var alice = ordering.As("alice", Roles.Customer);
        using var accepted = await PlaceAsync(alice);
        var order = await IdAsync(accepted);
        _charge = () => null;
        using var willing = ordering.As("alice", Roles.Customer);
        willing.DefaultRequestHeaders.Add("Prefer", "respond-async");
        using var waiting = await PlaceAsync(willing);
        _charge = () => ChargeOutcome.Declined;
        using var declined = await PlaceAsync(alice, key: "of-last-week");
        var rejected = await IdAsync(waiting);
        await Eventually.BecomesAsync("Rejected", () => StatusAsync(alice, rejected));
        await using var database = NpgsqlDataSource.Create(ordering.ConnectionString);
        await using (var command = database.CreateCommand("UPDATE orders SET updated_at = now() - interval '8 days' WHERE status <> 'Pending'"))
            await command.ExecuteNonQueryAsync();
        using var fresh = await PlaceAsync(alice, key: "of-today");
        Assert.Equal((HttpStatusCode.PaymentRequired, HttpStatusCode.PaymentRequired), (declined.StatusCode, fresh.StatusCode));

        var replica = await ordering.StartReplicaAsync();
        await Eventually.BecomesAsync<object?>(0L, () => CountAsync("SELECT count(*) FROM orders WHERE idempotency_key = 'of-last-week'"));
        await ordering.StopReplicaAsync(replica);
        Assert.Equal(1L, await CountAsync("SELECT count(*) FROM orders WHERE idempotency_key = 'of-today'"));
        Assert.Equal(("Accepted", "Rejected"), (await StatusAsync(alice, order), await StatusAsync(alice, rejected)));
    }

    [Theory]
    [InlineData(HoldOutcome.Over, "over", null)]
    [InlineData(HoldOutcome.CustomerLimit, "customer-limit", 2)]
    [InlineData(HoldOutcome.NoAmount, "no-amount", null)]
    public async Task What_cannot_be_had_is_409_with_its_own_type_and_nothing_is_left(HoldOutcome outcome, string type, int? left)
    {
        using var alice = ordering.As("alice", Roles.Customer);
        _hold = () => outcome;
        using var refused = await PlaceAsync(alice, key: type);
        Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
        var problem = await refused.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal($"urn:ordermall:problem:{type}", problem.GetProperty("type").GetString());
        Assert.Equal(left, problem.TryGetProperty("left", out var more) ? more.GetInt32() : null);
        Assert.Equal(0L, await CountAsync($"SELECT count(*) FROM orders WHERE idempotency_key = '{type}'"));
    }

    [Theory]
    [InlineData("destination", "Seoul\u001b[2J")]
    [InlineData("destination", "Seoul\nBusan")]
    [InlineData("destination", "Seoul\u202Enasub")]
    [InlineData("note", "By the window\u2066")]
    [InlineData("note", "\u0008")]
    [InlineData("note", "one\rtwo")]
    [InlineData("expectedPrepaid", -1)]
    [InlineData("expectedAmount", -1)]
    [InlineData("expectedAmount", 1.23456)]
    public async Task A_wrong_field_is_named(string field, object value)
    {
        using var alice = ordering.As("alice", Roles.Customer);
        using var refused = await PlaceAsync(alice, fields: new Dictionary<string, object> { [field] = value });
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        var errors = (await refused.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors").EnumerateObject().Select(error => error.Name);
        Assert.Equal([field], errors);
    }

    [Fact]
    public async Task A_note_may_have_lines_and_texts_are_composed_without_blanks_around_them()
    {
        using var alice = ordering.As("alice", Roles.Customer);
        using var placed = await PlaceAsync(alice, key: "texts", fields: new { destination = " \u1109\u1165\u110B\u116E\u11AF ", note = "one\ntwo\r\nthree" });
        var view = await placed.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal("서울", view.GetProperty("destination").GetString());
        var e = Assert.Single(await ordering.PublishedAsync(view.GetProperty("id").GetGuid()));
        Assert.Equal("one\ntwo\r\nthree", e.Data.GetProperty("note").GetString());
        // The same text, however it is typed, is the same order.
        using var again = await PlaceAsync(alice, key: "texts", fields: new { destination = "서울", note = "one\ntwo\r\nthree" });
        Assert.Equal(HttpStatusCode.Created, again.StatusCode);
    }

    // What was left as each was held differs by who came first: here from all of it down to one.
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(2, 1, 1)]
    [InlineData(10, 1, 5)]
    public async Task Unpaid_orders_hold_a_share_of_what_is_left_at_most_but_one_however_many_come_at_once(int capacity, int fewest, int most)
    {
        using var alice = ordering.As("alice", Roles.Customer);
        using var elsewhere = ordering.As("alice", Roles.Customer, await ordering.StartReplicaAsync());
        foreach (var client in new[] { alice, elsewhere })
            client.DefaultRequestHeaders.Add("Prefer", "respond-async");
        var (offerId, left) = (Guid.NewGuid(), capacity + 1);
        (_left, _charge) = (_ => Math.Max(1, Interlocked.Decrement(ref left)), () => null);
        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => PlaceAsync(i % 2 == 0 ? alice : elsewhere, key: $"unpaid-{capacity}-{i}", fields: new { offerId })));
        Assert.InRange(answers.Count(answer => answer.StatusCode == HttpStatusCode.Accepted), fewest, most);
        var refused = answers.Where(answer => answer.StatusCode != HttpStatusCode.Accepted).ToList();
        foreach (var answer in refused)
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
            Assert.NotNull(answer.Headers.RetryAfter);
            Assert.Equal("urn:ordermall:problem:too-many-unpaid", (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("type").GetString());
        }

        // When payment is back all of them may: with the same key as well.
        _charge = () => ChargeOutcome.Approved;
        foreach (var answer in answers.Where(answer => answer.StatusCode == HttpStatusCode.Accepted))
        {
            var order = await IdAsync(answer);
            await Eventually.BecomesAsync("Accepted", () => StatusAsync(alice, order));
        }

        using var again = await PlaceAsync(alice, key: $"unpaid-{capacity}-{Array.FindIndex(answers, answer => answer.StatusCode != HttpStatusCode.Accepted)}", fields: new { offerId });
        Assert.Equal(HttpStatusCode.Created, again.StatusCode);
    }

    [Fact]
    public async Task Whoever_is_told_that_their_cancellation_is_taken_hears_that_it_was_too_late()
    {
        using var alice = ordering.As("alice", Roles.Customer);
        using var placed = await PlaceAsync(alice);
        var order = await IdAsync(placed);
        var (asked, mayAnswer) = (new TaskCompletionSource(), new TaskCompletionSource());
        ordering.Sidecar.Called["delivery/stops"] = async context =>
        {
            asked.TrySetResult();
            await mayAnswer.Task;
            await context.Response.WriteAsJsonAsync(new StopAnswer(StopOutcome.TooLate));
        };
        var first = alice.PostAsync($"/api/orders/{order}/cancellation", null);
        await asked.Task.WaitAsync(TimeSpan.FromSeconds(10));
        using var second = await alice.PostAsync($"/api/orders/{order}/cancellation", null);
        Assert.Equal(HttpStatusCode.Accepted, second.StatusCode);
        mayAnswer.SetResult();
        using var refused = await first;
        Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);

        Assert.Equal(
            [OrderEvent.Accepted, OrderEvent.CancellationRequested, OrderEvent.CancellationRefused],
            (await ordering.PublishedAsync(order)).Select(e => e.Type));
        var history = (await alice.GetFromJsonAsync<JsonElement>($"/api/orders/{order}")).GetProperty("history").EnumerateArray().ToList();
        Assert.Equal(["Accepted", "Cancelling", "Accepted"], history.Select(entry => entry.GetProperty("status").GetString()));
        Assert.Equal(OrderReasons.TooLateToCancel, history[^1].GetProperty("reason").GetString());
        Assert.False(history[0].TryGetProperty("reason", out _));
    }

    [Fact]
    public async Task Cancellations_that_race_a_departure_all_hear_how_it_ended()
    {
        using var alice = ordering.As("alice", Roles.Customer);
        for (var round = 0; round < 20; round++)
        {
            using var placed = await PlaceAsync(alice);
            var order = await IdAsync(placed);
            var departure = new TaskCompletionSource();
            ordering.Sidecar.Called["delivery/stops"] = async context =>
            {
                await departure.Task;
                await context.Response.WriteAsJsonAsync(new StopAnswer(StopOutcome.TooLate));
            };
            var cancelling = Enumerable.Range(0, 2).Select(_ => alice.PostAsync($"/api/orders/{order}/cancellation", null)).ToList();
            var shipping = ordering.DeliverAsync(Topics.Deliveries, ParcelEvent.Shipped, new ParcelEvent(order, 2, DateTimeOffset.UtcNow));
            departure.SetResult();
            Assert.Equal("SUCCESS", await shipping);
            var answers = await Task.WhenAll(cancelling);
            Assert.Equal("Shipped", await StatusAsync(alice, order));
            var said = (await ordering.PublishedAsync(order)).Select(e => e.Type).ToList();
            Assert.Equal(answers.Any(answer => answer.StatusCode == HttpStatusCode.Accepted), said.Contains(OrderEvent.CancellationRefused));
            Assert.Equal(said.Contains(OrderEvent.CancellationRequested), said.Contains(OrderEvent.CancellationRefused));
        }
    }

    [Theory]
    [InlineData(null, "Rejected")]
    [InlineData(StoreEvent.OrderReceived, "Rejected")]
    [InlineData(StoreEvent.OrderConfirmed, "Confirmed")]
    public async Task A_booking_that_nobody_confirmed_is_given_up_when_its_day_is_over(string? heard, string expected)
    {
        var day = DateOnly.FromDateTime(DateTime.UtcNow).AddDays(3);
        _offer = Sold with { Price = 60_000, Deposit = 10_000, Prepayment = Prepayment.Deposit, Fulfilment = Fulfilment.Confirmation, Date = day };
        using var alice = ordering.As("alice", Roles.Customer);
        using var placed = await PlaceAsync(alice);
        var order = await IdAsync(placed);
        if (heard is not null)
            Assert.Equal("SUCCESS", await ordering.DeliverAsync(Topics.Store, heard, new StoreEvent(order, 1, DateTimeOffset.UtcNow, "bookshop", "alice", "Something", 1, Fulfilment.Confirmation, null, day, null)));

        var end = new DateTimeOffset(day.AddDays(1), new TimeOnly(12, 0), TimeSpan.Zero);
        ordering.Time.Set(end.AddSeconds(-20));
        using var other = await PlaceAsync(alice);
        await Task.Delay(TimeSpan.FromSeconds(2.5));
        Assert.NotEqual("Rejected", await StatusAsync(alice, order));
        ordering.Time.Set(end);
        var sentinel = await IdAsync(other);
        await Eventually.BecomesAsync("Rejected", () => StatusAsync(alice, sentinel));
        await Eventually.BecomesAsync(expected, () => StatusAsync(alice, order));
        if (expected != "Rejected")
            return;
        var view = await alice.GetFromJsonAsync<JsonElement>($"/api/orders/{order}");
        Assert.Equal(OrderReasons.Expired, view.GetProperty("reason").GetString());
        Assert.Equal(new StopRequest(_lastStop!.OrderId, UnlessConfirmed: true), _lastStop);
        Assert.Equal((OrderEvent.Rejected, 10_000m), (await ordering.PublishedAsync(order)).Select(e => (e.Type, e.Data.GetProperty("prepaid").GetDecimal())).Last());
    }

    [Fact]
    public async Task A_booking_that_was_confirmed_unheard_is_not_given_up_and_not_asked_for_again_and_again()
    {
        var day = DateOnly.FromDateTime(DateTime.UtcNow).AddDays(3);
        _offer = Sold with { Prepayment = Prepayment.None, Fulfilment = Fulfilment.Confirmation, Date = day };
        _stop = () => StopOutcome.TooLate;
        using var alice = ordering.As("alice", Roles.Customer);
        using var placed = await PlaceAsync(alice);
        var order = await IdAsync(placed);
        ordering.Time.Set(new DateTimeOffset(day.AddDays(1), new TimeOnly(12, 0), TimeSpan.Zero));
        await Eventually.BecomesAsync(true, () => Task.FromResult(_stops.ContainsKey(order)));
        await Task.Delay(TimeSpan.FromSeconds(2.5));
        Assert.Equal(("Accepted", 1), (await StatusAsync(alice, order), _stops[order]));
        Assert.Equal([OrderEvent.Accepted], (await ordering.PublishedAsync(order)).Select(e => e.Type));
    }

    [Fact]
    public async Task Whoever_waits_for_payment_does_not_wait_beyond_the_day()
    {
        using var alice = ordering.As("alice", Roles.Customer);
        alice.DefaultRequestHeaders.Add("Prefer", "respond-async");
        var day = DateOnly.FromDateTime(DateTime.UtcNow).AddDays(3);
        (_offer, _charge) = (Sold with { Fulfilment = Fulfilment.Confirmation, Date = day }, () => null);
        var end = new DateTimeOffset(day.AddDays(1), new TimeOnly(12, 0), TimeSpan.Zero);
        ordering.Time.Set(end.AddSeconds(-30));
        using var placed = await PlaceAsync(alice);
        Assert.Equal(HttpStatusCode.Accepted, placed.StatusCode);
        ordering.Time.Set(end);
        var order = await IdAsync(placed);
        await Eventually.BecomesAsync("Rejected", () => StatusAsync(alice, order));
    }

    // The usual order, with some of its fields otherwise.
    private static async Task<HttpResponseMessage> PlaceAsync(HttpClient customer, string? key = null, int quantity = 1, object? fields = null)
    {
        var body = JsonSerializer.SerializeToNode(new { offerId = Offer, quantity, destination = "Seoul", paymentMethod = "card_ok" })!;
        foreach (var (name, value) in JsonSerializer.SerializeToNode(fields)?.AsObject().ToList() ?? [])
            body[name] = value?.DeepClone();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/orders") { Content = JsonContent.Create(body) };
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

    private async Task<object?> CountAsync(string sql)
    {
        await using var database = NpgsqlDataSource.Create(ordering.ConnectionString);
        await using var command = database.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }

    private async Task ExecuteAsync(string sql, Guid id)
    {
        await using var database = NpgsqlDataSource.Create(ordering.ConnectionString);
        await using var command = database.CreateCommand(sql);
        command.Parameters.Add(new() { Value = id });
        Assert.Equal(1, await command.ExecuteNonQueryAsync());
    }
}
