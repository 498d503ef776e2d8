using System.Net.Http.Json;
using Npgsql;
using OrderMall.Contracts.Events;
using OrderMall.Store;

namespace OrderMall.Services.Tests;

/// <summary>What several events in one delivery do to each other: nothing.</summary>
[Collection(ServiceCollection.Name)]
public sealed class BulkDeliveryTests(RunningService<StoreService> store) : IClassFixture<RunningService<StoreService>>
{
    [Fact]
    public async Task Events_of_one_delivery_have_their_effects_once_and_in_their_order()
    {
        var (first, second) = (Orders.Book(), Orders.Book());
        object[] events =
        [
            Envelope("1", OrderEvent.Accepted, first), Envelope("2", OrderEvent.Accepted, second), Envelope("1", OrderEvent.Accepted, first),
            Envelope("3", OrderEvent.Cancelled, first), Envelope("4", OrderEvent.PreparationStarted, second),
        ];
        for (var delivered = 0; delivered < 2; delivered++)
            Assert.All(await store.DeliverAllAsync<OrderEvent>(OrderEvent.Accepted, events), status => Assert.Equal("SUCCESS", status));

        Assert.Equal([StoreEvent.OrderReceived], (await store.PublishedAsync(first.OrderId)).Select(e => e.Type));
        Assert.Equal([StoreEvent.OrderReceived], (await store.PublishedAsync(second.OrderId)).Select(e => e.Type));
        Assert.Equal("Cancelled,Received", await AskAsync($"SELECT string_agg(status, ',' ORDER BY status) FROM store_order WHERE order_id IN ('{first.OrderId}', '{second.OrderId}')"));
    }

    [Fact]
    public async Task A_bad_event_does_not_hold_its_neighbours()
    {
        var orders = Enumerable.Range(0, 3).Select(_ => Orders.Book()).ToList();
        await AskAsync($"ALTER TABLE store_order ADD CONSTRAINT not_this_one CHECK (order_id <> '{orders[1].OrderId}')");
        object[] events = [.. orders.Select((order, i) => Envelope($"good-{i}", OrderEvent.Accepted, order)), new { id = "unreadable", type = OrderEvent.Accepted, data = new { orderId = "none" } }];

        Assert.Equal(["SUCCESS", "RETRY", "SUCCESS", "DROP"], await store.DeliverAllAsync<OrderEvent>(OrderEvent.Accepted, events));

        Assert.Single(await store.PublishedAsync(orders[0].OrderId));
        Assert.Single(await store.PublishedAsync(orders[2].OrderId));
        Assert.Empty(await store.PublishedAsync(orders[1].OrderId));
    }

    [Fact]
    public async Task One_by_one_they_come_too()
    {
        var order = Orders.Book();
        using (var one = JsonContent.Create(Envelope("alone", OrderEvent.Accepted, order), new("application/cloudevents+json"), RunningService<StoreService>.Json))
        using (var answer = await store.Internal.PostAsync("/events/orders", one))
            Assert.Equal("""{"status":"SUCCESS"}""", await answer.Content.ReadAsStringAsync());
        Assert.Single(await store.PublishedAsync(order.OrderId));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("""{"entries":[{}]}""")]
    [InlineData("""{"entries":7}""")]
    [InlineData("""{"type":"OrderAccepted","data":7}""")]
    public async Task What_is_no_event_is_dropped(string body)
    {
        using var content = new StringContent(body);
        using var answer = await store.Internal.PostAsync("/events/orders", content);
        Assert.Equal("""{"status":"DROP"}""", await answer.Content.ReadAsStringAsync());
    }

    private static object Envelope(string id, string type, OrderEvent order) => RunningService<StoreService>.Envelope(type, order, id);

    private async Task<object?> AskAsync(string sql)
    {
        await using var database = NpgsqlDataSource.Create(store.ConnectionString);
#pragma warning disable CA2100 // The tests' own.
        await using var command = database.CreateCommand(sql);
#pragma warning restore CA2100
        return await command.ExecuteScalarAsync();
    }
}
