using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using OrderMall.Contracts;
using OrderMall.Contracts.Calls;
using OrderMall.Contracts.Events;
using OrderMall.Ordering;

namespace OrderMall.Services.Tests;

/// <summary>What a cancellation comes to, and that whoever asked for it hears how it ended.</summary>
[Collection(ServiceCollection.Name)]
public sealed class OrderCancellationTests(RunningService<OrderingService> ordering) : OrderingTestBase(ordering), IClassFixture<RunningService<OrderingService>>
{
    [Fact]
    public async Task A_cancellation_is_taken_while_delivery_is_away_and_finished_when_it_is_back()
    {
        using var alice = _ordering.As("alice", Roles.Customer);
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
            (await _ordering.PublishedAsync(order)).Select(e => e.Type));
    }

    [Fact]
    public async Task Too_late_is_409_and_the_order_stays()
    {
        using var alice = _ordering.As("alice", Roles.Customer);
        using var placed = await PlaceAsync(alice);
        var order = await IdAsync(placed);
        _stop = () => StopOutcome.TooLate;
        using var refused = await alice.PostAsync($"/api/orders/{order}/cancellation", null);
        Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
        Assert.Equal("Accepted", await StatusAsync(alice, order));
        Assert.Equal("SUCCESS", await _ordering.TryDeliverAsync(ParcelEvent.Shipped, new ParcelEvent(order, 2, DateTimeOffset.UtcNow)));
        Assert.Equal("Shipped", await StatusAsync(alice, order));
    }

    [Fact]
    public async Task Many_cancellations_at_once_are_one()
    {
        using var alice = _ordering.As("alice", Roles.Customer);
        using var placed = await PlaceAsync(alice);
        var order = await IdAsync(placed);
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => alice.PostAsync($"/api/orders/{order}/cancellation", null)));
        Assert.All(answers, answer => Assert.True(answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.Accepted));
        await Eventually.BecomesAsync("Cancelled", () => StatusAsync(alice, order));
        // Said once if somebody was told 202, and then one of them asks for the stop once more, which is the same stop.
        var said = (await _ordering.PublishedAsync(order)).Select(e => e.Type).ToList();
        Assert.Equal([OrderEvent.Accepted, .. answers.Any(answer => answer.StatusCode == HttpStatusCode.Accepted) ? new[] { OrderEvent.CancellationRequested } : [], OrderEvent.Cancelled], said);
        Assert.InRange(_stops[order], 1, 2);
    }

    [Fact]
    public async Task Whoever_is_told_that_their_cancellation_is_taken_hears_that_it_was_too_late()
    {
        using var alice = _ordering.As("alice", Roles.Customer);
        using var placed = await PlaceAsync(alice);
        var order = await IdAsync(placed);
        var (asked, mayAnswer) = (new TaskCompletionSource(), new TaskCompletionSource());
        _ordering.Sidecar.Called["delivery/stops"] = async context =>
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
            (await _ordering.PublishedAsync(order)).Select(e => e.Type));
        var history = (await alice.GetFromJsonAsync<JsonElement>($"/api/orders/{order}")).GetProperty("history").EnumerateArray().ToList();
        Assert.Equal(["Accepted", "Cancelling", "Accepted"], history.Select(entry => entry.GetProperty("status").GetString()));
        Assert.Equal(OrderReasons.TooLateToCancel, history[^1].GetProperty("reason").GetString());
        Assert.False(history[0].TryGetProperty("reason", out _));
    }

    [Fact]
    public async Task Cancellations_that_race_a_departure_all_hear_how_it_ended()
    {
        using var alice = _ordering.As("alice", Roles.Customer);
        for (var round = 0; round < 20; round++)
        {
            using var placed = await PlaceAsync(alice);
            var order = await IdAsync(placed);
            var departure = new TaskCompletionSource();
            _ordering.Sidecar.Called["delivery/stops"] = async context =>
            {
                await departure.Task;
                await context.Response.WriteAsJsonAsync(new StopAnswer(StopOutcome.TooLate));
            };
            var cancelling = Enumerable.Range(0, 2).Select(_ => alice.PostAsync($"/api/orders/{order}/cancellation", null)).ToList();
            var shipping = _ordering.TryDeliverAsync(ParcelEvent.Shipped, new ParcelEvent(order, 2, DateTimeOffset.UtcNow));
            departure.SetResult();
            Assert.Equal("SUCCESS", await shipping);
            var answers = await Task.WhenAll(cancelling);
            Assert.Equal("Shipped", await StatusAsync(alice, order));
            var said = (await _ordering.PublishedAsync(order)).Select(e => e.Type).ToList();
            Assert.Equal(answers.Any(answer => answer.StatusCode == HttpStatusCode.Accepted), said.Contains(OrderEvent.CancellationRefused));
            Assert.Equal(said.Contains(OrderEvent.CancellationRequested), said.Contains(OrderEvent.CancellationRefused));
        }
    }
}
