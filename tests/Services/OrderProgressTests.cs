using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using OrderMall.Contracts;
using OrderMall.Contracts.Calls;
using OrderMall.Contracts.Events;
using OrderMall.Ordering;

namespace OrderMall.Services.Tests;

/// <summary>How an order goes on once it is placed: with a payment that comes later, by what is heard of it, and until its day is over.</summary>
[Collection(ServiceCollection.Name)]
public sealed class OrderProgressTests(RunningService<OrderingService> ordering) : OrderingTestBase(ordering), IClassFixture<RunningService<OrderingService>>
{
    [Fact]
    public async Task Who_is_willing_to_wait_is_charged_when_payment_is_back()
    {
        using var alice = _ordering.As("alice", Roles.Customer);
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
    public async Task Fulfilment_heard_of_twice_and_out_of_order_gives_one_history()
    {
        using var alice = _ordering.As("alice", Roles.Customer);
        using var placed = await PlaceAsync(alice);
        var order = await IdAsync(placed);
        var now = DateTimeOffset.UtcNow;
        var parcel = new ParcelEvent(order, 1, now);
        var store = new StoreEvent(order, 1, now, "bookshop", "alice", "Something", 1, Fulfilment.Delivery, "Seoul", null, null);
        await Task.WhenAll(Enumerable.Range(0, 5).SelectMany(i => new[]
        {
            _ordering.TryDeliverAsync(ParcelEvent.PreparationStarted, parcel, id: $"{order}-p{i % 2}"),
            _ordering.TryDeliverAsync(StoreEvent.OrderReceived, store, id: $"{order}-s{i % 2}"),
        }));
        Assert.Equal(
            [OrderEvent.Accepted, OrderEvent.Received, OrderEvent.PreparationStarted],
            (await _ordering.PublishedAsync(order)).Select(e => e.Type));
    }

    // What was left as each was held differs by who came first: here from all of it down to one.
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(2, 1, 1)]
    [InlineData(10, 1, 5)]
    public async Task Unpaid_orders_hold_a_share_of_what_is_left_at_most_but_one_however_many_come_at_once(int capacity, int fewest, int most)
    {
        using var alice = _ordering.As("alice", Roles.Customer);
        using var elsewhere = _ordering.As("alice", Roles.Customer, await _ordering.StartReplicaAsync());
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

    [Theory]
    [InlineData(null, "Rejected")]
    [InlineData(StoreEvent.OrderReceived, "Rejected")]
    [InlineData(StoreEvent.OrderConfirmed, "Confirmed")]
    public async Task A_booking_that_nobody_confirmed_is_given_up_when_its_day_is_over(string? heard, string expected)
    {
        var day = DateOnly.FromDateTime(DateTime.UtcNow).AddDays(3);
        _offer = Sold with { Price = 60_000, Deposit = 10_000, Prepayment = Prepayment.Deposit, Fulfilment = Fulfilment.Confirmation, Date = day };
        using var alice = _ordering.As("alice", Roles.Customer);
        using var placed = await PlaceAsync(alice);
        var order = await IdAsync(placed);
        if (heard is not null)
            Assert.Equal("SUCCESS", await _ordering.TryDeliverAsync(heard, new StoreEvent(order, 1, DateTimeOffset.UtcNow, "bookshop", "alice", "Something", 1, Fulfilment.Confirmation, null, day, null)));

        var end = new DateTimeOffset(day.AddDays(1), new TimeOnly(12, 0), TimeSpan.Zero);
        _ordering.Time.Set(end.AddSeconds(-20));
        using var other = await PlaceAsync(alice);
        await Task.Delay(TimeSpan.FromSeconds(2.5));
        Assert.NotEqual("Rejected", await StatusAsync(alice, order));
        _ordering.Time.Set(end);
        var sentinel = await IdAsync(other);
        await Eventually.BecomesAsync("Rejected", () => StatusAsync(alice, sentinel));
        await Eventually.BecomesAsync(expected, () => StatusAsync(alice, order));
        if (expected != "Rejected")
            return;
        var view = await alice.GetFromJsonAsync<JsonElement>($"/api/orders/{order}");
        Assert.Equal(OrderReasons.Expired, view.GetProperty("reason").GetString());
        Assert.Equal(new StopRequest(_lastStop!.OrderId, UnlessConfirmed: true), _lastStop);
        Assert.Equal((OrderEvent.Rejected, 10_000m), (await _ordering.PublishedAsync(order)).Select(e => (e.Type, e.Data.GetProperty("prepaid").GetDecimal())).Last());
    }

    [Fact]
    public async Task A_booking_that_was_confirmed_unheard_is_not_given_up_and_not_asked_for_again_and_again()
    {
        var day = DateOnly.FromDateTime(DateTime.UtcNow).AddDays(3);
        _offer = Sold with { Prepayment = Prepayment.None, Fulfilment = Fulfilment.Confirmation, Date = day };
        _stop = () => StopOutcome.TooLate;
        using var alice = _ordering.As("alice", Roles.Customer);
        using var placed = await PlaceAsync(alice);
        var order = await IdAsync(placed);
        _ordering.Time.Set(new DateTimeOffset(day.AddDays(1), new TimeOnly(12, 0), TimeSpan.Zero));
        await Eventually.BecomesAsync(true, () => Task.FromResult(_stops.ContainsKey(order)));
        await Task.Delay(TimeSpan.FromSeconds(2.5));
        Assert.Equal(("Accepted", 1), (await StatusAsync(alice, order), _stops[order]));
        Assert.Equal([OrderEvent.Accepted], (await _ordering.PublishedAsync(order)).Select(e => e.Type));
    }

    [Fact]
    public async Task Whoever_waits_for_payment_does_not_wait_beyond_the_day()
    {
        using var alice = _ordering.As("alice", Roles.Customer);
        alice.DefaultRequestHeaders.Add("Prefer", "respond-async");
        var day = DateOnly.FromDateTime(DateTime.UtcNow).AddDays(3);
        (_offer, _charge) = (Sold with { Fulfilment = Fulfilment.Confirmation, Date = day }, () => null);
        var end = new DateTimeOffset(day.AddDays(1), new TimeOnly(12, 0), TimeSpan.Zero);
        _ordering.Time.Set(end.AddSeconds(-30));
        using var placed = await PlaceAsync(alice);
        Assert.Equal(HttpStatusCode.Accepted, placed.StatusCode);
        _ordering.Time.Set(end);
        var order = await IdAsync(placed);
        await Eventually.BecomesAsync("Rejected", () => StatusAsync(alice, order));
    }
}
