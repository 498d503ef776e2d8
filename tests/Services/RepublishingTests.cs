using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using OrderMall.Contracts;
using OrderMall.Contracts.Calls;
using OrderMall.Contracts.Events;
using OrderMall.Ordering;
using OrderMall.Publishing;
using OrderMall.ServiceDefaults.Messaging;
using OrderMall.Store;

namespace OrderMall.Services.Tests;

/// <summary>What services publish again of an order or a title, for whoever missed it.</summary>
[Collection(ServiceCollection.Name)]
public sealed class RepublishingTests(RunningService<StoreService> store, RunningService<PublishingService> publishing)
    : IClassFixture<RunningService<StoreService>>, IClassFixture<RunningService<PublishingService>>
{
    private static readonly DateTimeOffset Now = new(2026, 5, 4, 3, 2, 1, TimeSpan.Zero);

    [Fact]
    public void An_order_tells_again_exactly_what_it_told()
    {
        var (order, told) = (Begun(), new List<(string, OrderEvent)>());
        order.Held(new HeldOffer("bookshop", "book", "The Long Way", 15_000, null, "KRW", Prepayment.Full, Fulfilment.Delivery, null, null));
        Action<DateTimeOffset>[] life =
        [
            order.Accept,
            at => order.Advance(OrderStatus.Preparing, at),
            // Taken up and given up without anybody hearing of it: versions without an event.
            at => order.BeginCancelling(OrderStatus.Cancelled, null, at),
            order.RefuseCancelling,
            at => order.BeginCancelling(OrderStatus.Rejected, "refused by merchant: full", at),
            order.PostponeCancelling,
            order.PostponeCancelling,
            at => order.Advance(OrderStatus.Shipped, at),
            order.RefuseCancelling,
            at => order.Advance(OrderStatus.Delivered, at),
        ];
        for (var step = 0; step < life.Length; step++)
        {
            life[step](Now.AddSeconds(step));
            told.AddRange(order.TakeEvents());
        }

        Assert.Equal(
            [OrderEvent.Accepted, OrderEvent.Received, OrderEvent.PreparationStarted, OrderEvent.CancellationRequested, OrderEvent.CancellationRefused, OrderEvent.Shipped, OrderEvent.Delivered],
            told.Select(e => e.Item1));
        Assert.Equal(told, order.EventsAgain());
        Assert.Empty(order.TakeEvents());
    }

    [Fact]
    public void An_attempt_that_came_to_nothing_tells_so_again_and_one_under_way_tells_nothing()
    {
        var order = Begun();
        Assert.Empty(order.EventsAgain());
        order.Void(OrderReasons.Unavailable, Now, undo: true);
        Assert.Equal(order.TakeEvents(), order.EventsAgain());
        Assert.Equal(OrderEvent.Voided, Assert.Single(order.EventsAgain()).Type);
    }

    [Fact]
    public async Task A_title_is_told_again_under_the_id_it_had()
    {
        publishing.Sidecar.Called["store/review-requests"] = context => context.Response.WriteAsJsonAsync(new ReviewRequestAnswer(ReviewRequestOutcome.Taken));
        using var penguin = publishing.As("penguin", Roles.Publisher);
        using var answer = await penguin.PostAsJsonAsync("/api/titles", new { title = "A Long Way", author = "Kim", price = 12_000, copies = 3 });
        var id = (await answer.Content.ReadFromJsonAsync<Registered>())!.Id;
        Assert.Equal(TitleEvent.Registered, Assert.Single(await publishing.PublishedAsync(id)).Type);
        Assert.Equal(["TitleRegistered"], (await publishing.AskAsync<RepublishAnswer>("/republications", new RepublishRequest(id))).Events);
        var published = await publishing.PublishedAsync(id);
        Assert.Equal(2, published.Count);
        Assert.Equal((published[0].Id, published[0].Type), (published[1].Id, published[1].Type));
        Assert.Equal(published[0].Data.Deserialize<TitleEvent>(RunningService<StoreService>.Json), published[1].Data.Deserialize<TitleEvent>(RunningService<StoreService>.Json));
        Assert.False((await publishing.AskAsync<RepublishAnswer>("/republications", new RepublishRequest(Guid.NewGuid()))).IsKnown);
    }

    [Fact]
    public async Task The_store_tells_again_where_an_order_is_in_the_book_until_it_ended_elsewhere()
    {
        var order = Orders.Table();
        await store.DeliverAsync(OrderEvent.Accepted, order);
        Assert.Equal([StoreEvent.OrderReceived], (await store.AskAsync<RepublishAnswer>("/republications", new RepublishRequest(order.OrderId))).Events);

        using var merchant = store.As(order.MerchantId, Roles.Merchant);
        using var rejected = await merchant.PostAsJsonAsync($"/api/store/orders/{order.OrderId}/rejection", new { reason = "Full after all." });
        Assert.Equal(HttpStatusCode.OK, rejected.StatusCode);
        Assert.Equal([StoreEvent.OrderRejected], (await store.AskAsync<RepublishAnswer>("/republications", new RepublishRequest(order.OrderId))).Events);
        var published = await store.PublishedAsync(order.OrderId);
        Assert.Equal([StoreEvent.OrderReceived, StoreEvent.OrderReceived, StoreEvent.OrderRejected, StoreEvent.OrderRejected], published.Select(e => e.Type));
        Assert.Equal([null, null, "Full after all.", "Full after all."], published.Select(e => e.Data.GetProperty("reason").GetString()));

        await store.DeliverAsync(OrderEvent.Rejected, order.Next(OrderStatus.Rejected, "refused by merchant: Full after all."));
        var last = await store.AskAsync<RepublishAnswer>("/republications", new RepublishRequest(order.OrderId));
        Assert.True(last.IsKnown);
        Assert.Empty(last.Events);
        Assert.False((await store.AskAsync<RepublishAnswer>("/republications", new RepublishRequest(Guid.NewGuid()))).IsKnown);
    }

    private static Order Begun() => Order.Begin("alice", "Alice", new PlaceOrder(Guid.NewGuid(), 2, "1 Main Street", null, null, "card_ok"), null, "", Now);

    private sealed record Registered(Guid Id);
}
