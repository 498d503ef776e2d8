using System.Diagnostics;
using System.Net;
using OrderMall.Mall.Tests.Opening;

namespace OrderMall.Mall.Tests;

/// <summary>What one customer sets off can be followed through the whole mall.</summary>
public sealed class TraceTests
{
    private static readonly string[] Services = ["gateway", "ordering", "catalog", "payment", "payment-provider", "store", "delivery", "notification", "mypage"];

    [FactNeeding(Need.Own)]
    public async Task One_order_is_one_trace_across_every_service()
    {
        using var data = new DataFolder();
        await using var collector = await TraceCollector.StartAsync();
        await using var mall = await MallProcess.OpenAsync(
            data.Path, ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Address.ToString()), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"));
        var shop = new Shop(await Person.SignInAsync(mall.Address, "bookshop@mall.test", "Mall-demo-1"));
        var customer = await Customer.RegisterAsync(mall.Address);
        var offer = await shop.SellBookAsync();

        var trace = ActivityTraceId.CreateRandom();
        var placed = await customer.OrderAsync(offer, 1, "card_ok", ("traceparent", $"00-{trace}-{ActivitySpanId.CreateRandom()}-01"));

        var order = placed.Is(HttpStatusCode.Created).Json.GetProperty("id").GetGuid();
        await customer.OnPageAsync(order, "Preparing");
        await Eventually.Is(3, async () => (await customer.MessagesAsync(order)).Count);
        Assert.Equal(0, (await mall.CloseAsync()).ExitCode); // which sends what is not sent yet

        // Dispatch hears of it too, and has nothing to do: it is not waited for.
        Assert.Equal(Services.Order(), collector.ServicesOf(trace).Except(["dispatch"]).Order());
    }
}
