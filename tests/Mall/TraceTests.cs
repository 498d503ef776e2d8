using System.Diagnostics;
using System.Net;
using OrderMall.Mall.Tests.Opening;

namespace OrderMall.Mall.Tests;

/// <summary>What one customer sets off can be followed through the whole mall.</summary>
[Collection(AloneCollection.Name)]
public sealed class TraceTests
{
    private static readonly string[] Services = ["gateway", "ordering", "catalog", "payment", "payment-provider", "store", "delivery", "notification", "mypage"];

    [FactNeeding(Need.Own)]
    public async Task One_order_is_one_trace_across_every_service()
    {
        using var data = new MallFolder();
        await using var collector = await TraceCollector.StartAsync();
        await using var mall = await MallProcess.OpenAsync(data.Path, ExportingTo(collector));
        var shop = new Shop(await Person.SignInAsync(mall.Address, "bookshop@mall.test", "Mall-demo-1"));
        var customer = await Customer.RegisterAsync(mall.Address);
        var offer = await shop.SellBookAsync();

        var trace = ActivityTraceId.CreateRandom();
        var placed = await customer.OrderAsync(offer, 1, "card_ok", In(trace));

        var order = placed.Is(HttpStatusCode.Created).Json.GetProperty("id").GetGuid();
        await customer.OnPageAsync(order, "Preparing");
        await Eventually.Is(3, async () => (await customer.MessagesAsync(order)).Count);
        await TookPartAsync(Services, trace, collector);
        Assert.Equal(0, (await mall.CloseAsync()).ExitCode);
    }

    [FactNeeding(Need.Own)]
    public async Task Why_an_order_was_not_charged_is_seen_in_its_trace_and_so_is_its_later_charge()
    {
        using var data = new MallFolder();
        await using var collector = await TraceCollector.StartAsync();
        await using var mall = await MallProcess.OpenAsync(data.Path, ExportingTo(collector));
        var op = new Operator(await Person.SignInAsync(mall.Address, "operator@mall.test", "Mall-demo-1"));
        var shop = new Shop(await Person.SignInAsync(mall.Address, "bookshop@mall.test", "Mall-demo-1"));
        var customer = await Customer.RegisterAsync(mall.Address);
        var offer = await shop.SellBookAsync();
        var (waiting, refused) = (ActivityTraceId.CreateRandom(), ActivityTraceId.CreateRandom());
        Guid order;
        await using (await op.StopAsync("payment"))
        {
            order = (await customer.OrderAsync(offer, 1, "card_ok", In(waiting), ("Prefer", "respond-async"))).Is(HttpStatusCode.Accepted).Json.GetProperty("id").GetGuid();
            // The order that waits goes on asking: that alone opens the circuit.
            await Eventually.Is(true, async () => (await op.CircuitsAsync("payment")).Contains("open"));
            (await customer.OrderAsync(offer, 1, "card_ok", In(refused))).IsProblem(HttpStatusCode.ServiceUnavailable, "unavailable");
        }

        await customer.OnPageAsync(order, "Preparing");
        await Eventually.Is(4, async () => (await customer.MessagesAsync(order)).Count);
        await Eventually.Is(true, async () => (await op.CircuitsAsync("payment")).TrueForAll(state => state == "closed"));
        Assert.Equal(0, (await mall.CloseAsync()).ExitCode);

        var asked = collector.SpansOf(waiting).Where(span => span is { Service: "ordering" } && span.Attributes.GetValueOrDefault("mall.order.id") == $"{order}").ToList();
        var placed = asked.Find(span => span.Attributes["mall.order.status"] == "AwaitingPayment" && span.Attributes.GetValueOrDefault("url.path")?.StartsWith("/api/orders", StringComparison.Ordinal) == true);
        Assert.True(placed is not null, string.Join('\n', asked));
        var unanswered = Assert.Single(placed.Events, happened => happened.Name == "mall.unavailable");
        Assert.Equal(("payment", "charges"), (unanswered.Attributes["mall.service"], unanswered.Attributes["mall.question"]));
        Assert.NotEmpty(unanswered.Attributes["mall.reason"]);

        // Asked again in the same trace, against the open circuit and in the end with success; what follows is in it too.
        var resumed = collector.SpansOf(waiting).Where(span => span is { Service: "ordering", Name: "resume order" }).ToList();
        Assert.Contains(resumed, span => span.Events.Any(happened => happened.Attributes.GetValueOrDefault("mall.circuit") == "open"));
        Assert.Contains(asked, span => span.Attributes["mall.order.status"] == "Accepted");
        await TookPartAsync(Services, waiting, collector);

        // The one who does not wait was refused because of the open circuit.
        Assert.Contains(
            collector.SpansOf(refused).Where(span => span is { Service: "ordering" } && span.Attributes.ContainsKey("url.path")).SelectMany(span => span.Events),
            happened => happened.Attributes.GetValueOrDefault("mall.service") == "payment" && happened.Attributes.GetValueOrDefault("mall.circuit") == "open");
    }

    // Dispatch hears of it too, and has nothing to do: it is not waited for.
    private static Task TookPartAsync(string[] services, ActivityTraceId trace, TraceCollector collector) => Eventually.Is(
        string.Join(' ', services.Order()), () => Task.FromResult(string.Join(' ', collector.ServicesOf(trace).Except(["dispatch"]).Order())));

    private static (string, string)[] ExportingTo(TraceCollector collector) =>
        [("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Address.ToString()), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"), ("OTEL_BSP_SCHEDULE_DELAY", "200")];

    private static (string, string) In(ActivityTraceId trace) => ("traceparent", $"00-{trace}-{ActivitySpanId.CreateRandom()}-01");
}
