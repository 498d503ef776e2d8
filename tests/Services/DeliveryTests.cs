using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using OrderMall.Contracts;
using OrderMall.Contracts.Calls;
using OrderMall.Contracts.Events;
using OrderMall.Delivery;

namespace OrderMall.Services.Tests;

[Collection(ServiceCollection.Name)]
public sealed class DeliveryTests(RunningService<DeliveryService> delivery) : IClassFixture<RunningService<DeliveryService>>
{
    [Fact]
    public async Task A_parcel_is_prepared_once_for_what_is_delivered_only()
    {
        var order = Orders.Book();
        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => ReceiveAsync(order)));
        Assert.Equal(ParcelEvent.PreparationStarted, Assert.Single(await delivery.PublishedAsync(order.OrderId)).Type);
        Assert.Equal("Preparing", await StatusAsync(order));

        var table = Orders.Table();
        await ReceiveAsync(table);
        Assert.Null(await StatusAsync(table));
    }

    [Fact]
    public async Task A_parcel_departs_and_arrives()
    {
        var order = Orders.Book();
        await ReceiveAsync(order);
        Assert.Equal(HttpStatusCode.Conflict, await MoveAsync(order, "arrival"));
        Assert.Equal(HttpStatusCode.OK, await MoveAsync(order, "departure"));
        Assert.Equal(HttpStatusCode.OK, await MoveAsync(order, "departure"));
        Assert.Equal(StopOutcome.TooLate, await StopAsync(order));
        Assert.Equal(HttpStatusCode.OK, await MoveAsync(order, "arrival"));
        Assert.Equal(HttpStatusCode.OK, await MoveAsync(order, "arrival"));
        Assert.Equal(HttpStatusCode.Conflict, await MoveAsync(order, "departure"));
        Assert.Equal(StopOutcome.TooLate, await StopAsync(order));

        var published = await delivery.PublishedAsync(order.OrderId);
        Assert.Equal([ParcelEvent.PreparationStarted, ParcelEvent.Shipped, ParcelEvent.Delivered], published.Select(e => e.Type));
        Assert.Equal([1L, 2L, 3L], published.Select(e => e.Data.GetProperty("version").GetInt64()));
        Assert.Equal(HttpStatusCode.NotFound, await MoveAsync(Orders.Book(), "departure"));
    }

    [Fact]
    public async Task A_stopped_parcel_does_not_depart()
    {
        var order = Orders.Book();
        await ReceiveAsync(order);
        Assert.Equal(StopOutcome.Stopped, await StopAsync(order));
        Assert.Equal(StopOutcome.Stopped, await StopAsync(order));
        Assert.Equal(HttpStatusCode.Conflict, await MoveAsync(order, "departure"));
        Assert.Equal([ParcelEvent.PreparationStarted, ParcelEvent.Stopped], (await delivery.PublishedAsync(order.OrderId)).Select(e => e.Type));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_is_over_before_its_parcel_was_begun_is_not_begun(bool byStop)
    {
        var order = Orders.Book();
        if (byStop)
            Assert.Equal(StopOutcome.Stopped, await StopAsync(order));
        else
            await delivery.DeliverAsync(OrderEvent.Cancelled, order.Next(OrderStatus.Cancelled));
        await ReceiveAsync(order);

        Assert.Equal("Stopped", await StatusAsync(order));
        Assert.Empty(await delivery.PublishedAsync(order.OrderId));
        Assert.Equal(HttpStatusCode.Conflict, await MoveAsync(order, "departure"));
        using var courier = delivery.As("courier", Roles.Courier);
        var stopped = await courier.GetFromJsonAsync<JsonElement>("/api/deliveries?status=Stopped&limit=100");
        Assert.DoesNotContain(stopped.GetProperty("items").EnumerateArray(), item => item.GetProperty("orderId").GetGuid() == order.OrderId);
    }

    [Fact]
    public async Task A_rejected_order_stops_a_parcel_that_is_here_and_leaves_one_that_left()
    {
        var (here, left) = (Orders.Book(), Orders.Book());
        await ReceiveAsync(here);
        await ReceiveAsync(left);
        Assert.Equal(HttpStatusCode.OK, await MoveAsync(left, "departure"));
        await delivery.DeliverAsync(OrderEvent.Rejected, here.Next(OrderStatus.Rejected));
        await delivery.DeliverAsync(OrderEvent.Rejected, left.Next(OrderStatus.Rejected));
        Assert.Equal("Stopped", await StatusAsync(here));
        Assert.Equal("Shipped", await StatusAsync(left));
    }

    [Fact]
    public async Task Departure_and_stop_at_the_same_time_never_both_win()
    {
        var orders = Enumerable.Range(0, 50).Select(_ => Orders.Book()).ToList();
        await Task.WhenAll(orders.Select(ReceiveAsync));
        var races = await Task.WhenAll(orders.Select(async (order, i) =>
        {
            // Whoever is asked first has an advantage: take turns.
            var stop = i % 2 == 0 ? StopAsync(order) : null;
            var departure = MoveAsync(order, "departure");
            return (order, stop: await (stop ?? StopAsync(order)), departure: await departure);
        }));
        foreach (var (order, stop, departure) in races)
        {
            Assert.Equal(stop == StopOutcome.Stopped ? HttpStatusCode.Conflict : HttpStatusCode.OK, departure);
            Assert.Equal(stop == StopOutcome.Stopped ? "Stopped" : "Shipped", await StatusAsync(order));
            Assert.Equal(2, (await delivery.PublishedAsync(order.OrderId)).Count);
        }
    }

    [Fact]
    public async Task Couriers_list_parcels_by_status()
    {
        var order = Orders.Book();
        await ReceiveAsync(order);
        using var courier = delivery.As("courier", Roles.Courier);
        var page = await courier.GetFromJsonAsync<JsonElement>("/api/deliveries?status=Preparing&limit=1");
        var parcel = Assert.Single(page.GetProperty("items").EnumerateArray());
        Assert.Equal(order.OrderId, parcel.GetProperty("orderId").GetGuid());
        Assert.Equal(order.Destination, parcel.GetProperty("destination").GetString());
        Assert.Equal(parcel.GetRawText(), await courier.GetStringAsync($"/api/deliveries/{order.OrderId}"));
        Assert.Equal(HttpStatusCode.NotFound, (await courier.GetAsync($"/api/deliveries/{Guid.NewGuid()}")).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await courier.GetAsync("/api/deliveries?status=preparing")).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await courier.GetAsync("/api/deliveries?limit=0")).StatusCode);
        using var merchant = delivery.As("bookshop", Roles.Merchant);
        Assert.Equal(HttpStatusCode.Forbidden, (await merchant.GetAsync("/api/deliveries")).StatusCode);
    }

    private async Task ReceiveAsync(OrderEvent order) =>
        Assert.Equal("SUCCESS", await delivery.TryDeliverAsync(StoreEvent.OrderReceived, new StoreEvent(
            order.OrderId, 1, order.At, order.MerchantId, order.CustomerId, order.Title, order.Quantity, order.Fulfilment, order.Destination, order.Date, Reason: null)));

    private async Task<string?> StatusAsync(OrderEvent order) =>
        (await delivery.AskAsync<List<AuditedView>>("/audit/orders", new AuditOrders([order.OrderId]))).SingleOrDefault()?.Status;

    private async Task<StopOutcome> StopAsync(OrderEvent order) =>
        (await delivery.AskAsync<StopAnswer>("/stops", new StopRequest(order.OrderId))).Outcome;

    private async Task<HttpStatusCode> MoveAsync(OrderEvent order, string move)
    {
        using var courier = delivery.As("courier", Roles.Courier);
        return (await courier.PostAsync($"/api/deliveries/{order.OrderId}/{move}", content: null)).StatusCode;
    }
}
