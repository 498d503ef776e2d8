using System.Diagnostics;
using System.Net;

namespace OrderMall.AppHost.Tests;

/// <summary>What one customer sets off can be followed through the whole mall: one of its own, since what others broke in it is healed by who meets it first, which is seen.</summary>
public sealed class TraceTests(ObservedAppHost mall) : IClassFixture<ObservedAppHost>
{
    private const ulong Warning = 13;
    private static readonly string[] Services = ["gateway", "ordering", "catalog", "payment", "payment-provider", "store", "delivery", "notification", "mypage", "marketing"];
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(4);

    [PythonFact]
    public async Task A_mall_that_nobody_uses_makes_no_traces_and_an_order_makes_one_whose_spans_are_named_and_nest_by_caller()
    {
        var collector = mall.Collector;
        await IsMeasuredWithoutTracesAsync(collector);
        var (shop, customer) = (await mall.BookshopAsync(), await mall.NewCustomerAsync());
        var offer = await shop.SellBookAsync();

        var (trace, caller) = (ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom());
        var placed = await customer.OrderAsync(offer, 1, "card_ok", In(trace, caller));

        var order = placed.Is(HttpStatusCode.Created).Json.GetProperty("id").GetGuid();
        await customer.OnPageAsync(order, "Preparing");
        await Eventually.Is(3, async () => (await customer.MessagesAsync(order)).Count);
        await TookPartAsync(Services, trace, collector);
        (await customer.SendAsync(HttpMethod.Get, $"/api/orders/{order}", body: null, In(trace, caller))).Is(HttpStatusCode.OK);
        var spans = await Eventually.Satisfies(
            () => Task.FromResult(collector.SpansOf(trace)),
            spans => spans.All(span => span.Parent == caller.ToHexString() || spans.Any(other => other.Id == span.Parent)) && spans.Count(span => span.Parent == caller.ToHexString()) == 2,
            "have the parent of every span");
        Assert.All(spans, span => Assert.False(span.Failed, $"{span}\n{WarnedOf(trace)}"));
        Assert.Equal(
            ["gateway: GET /api/orders/{id}", "gateway: POST /api/orders"],
            spans.Where(span => span.Parent == caller.ToHexString()).Select(Said).Order());

        // What was called synchronously, through the sidecar.
        string[] ordered = ["gateway: POST /api/orders", "gateway: POST ordering/api/orders", "gateway-dapr: CallLocal/ordering/api/orders", "ordering: POST /api/orders"];
        string[] charged = [.. ordered, "ordering: POST payment/charges", "ordering-dapr: CallLocal/payment/charges", "payment: POST /charges"];
        HasPath([.. ordered, "ordering: POST catalog/holds", "ordering-dapr: CallLocal/catalog/holds", "catalog: POST /holds"]);
        HasPath([.. charged, "payment: POST payment-provider/provider/charges", "payment-dapr: CallLocal/payment-provider/provider/charges", "payment-provider: POST /provider/charges"]);

        // What happened by events, through the outbox: each subscriber is told by its own sidecar.
        string[] accepted = [.. ordered, "ordering: publish orders/OrderAccepted"];
        foreach (var subscriber in new[] { "store", "mypage", "notification", "marketing" })
            HasPath([.. accepted, $"{subscriber}-dapr: pubsub/orders", $"{subscriber}: POST /events/orders"]);

        HasPath([.. accepted, "mypage-dapr: pubsub/orders", "mypage: POST /events/orders", "mypage: Dapr/SaveState", "mypage-dapr: /dapr.proto.runtime.v1.Dapr/SaveState"]);

        var (asked, told) = (spans.Single(span => Said(span) == "ordering: POST /api/orders"), spans.First(span => Said(span) == "marketing: POST /events/orders"));
        Assert.Equal(("POST", "/api/orders", "201"), (asked.Attributes["http.request.method"], asked.Attributes["http.route"], asked.Attributes["http.response.status_code"]));
        Assert.Equal(("POST", "/events/orders", "200"), (told.Attributes["http.request.method"], told.Attributes["http.route"], told.Attributes["http.response.status_code"]));

        // What went well has nothing to say that would need attention.
        Assert.Empty(WarnedOf(trace));

        string WarnedOf(ActivityTraceId of) => string.Join('\n', collector.Logs.Where(log => log.Severity >= Warning && log.Trace == of.ToHexString()));

        void HasPath(string[] path)
        {
            var paths = spans.Select(PathTo).ToList();
            Assert.True(paths.Exists(path.SequenceEqual), $"{string.Join(" > ", path)} is not among:\n{string.Join('\n', paths.Select(other => string.Join(" > ", other)).Order())}");
        }

        string[] PathTo(TraceCollector.Span span) => spans.FirstOrDefault(other => other.Id == span.Parent) is { } parent ? [.. PathTo(parent), Said(span)] : [Said(span)];

        static string Said(TraceCollector.Span span) => $"{span.Service}: {span.Name}";
    }

    [PythonFact]
    public async Task Why_an_order_was_not_charged_is_seen_in_its_trace_and_so_is_its_later_charge()
    {
        var collector = mall.Collector;
        var (op, shop, customer) = (await mall.OperatorAsync(), await mall.BookshopAsync(), await mall.NewCustomerAsync());
        var offer = await shop.SellBookAsync();
        var (waiting, refused) = (ActivityTraceId.CreateRandom(), ActivityTraceId.CreateRandom());
        Guid order;
        await using (await op.StopAsync("payment"))
        {
            order = (await customer.OrderAsync(offer, 1, "card_ok", In(waiting), ("Prefer", "respond-async"))).Is(HttpStatusCode.Accepted).Json.GetProperty("id").GetGuid();
            // The order that waits goes on asking: that alone opens the circuit.
            await Eventually.Is(true, async () => (await op.CircuitsAsync("payment")).Contains("open"));
            (await customer.OrderAsync(offer, 1, "card_ok", In(refused))).IsProblem(HttpStatusCode.ServiceUnavailable, "unavailable");
            (await customer.SendAsync(HttpMethod.Get, $"/api/payments/{order}", body: null, In(refused))).IsProblem(HttpStatusCode.ServiceUnavailable, "unavailable");
        }

        await customer.OnPageAsync(order, "Preparing");
        await Eventually.Is(4, async () => (await customer.MessagesAsync(order)).Count);
        await Eventually.Is(true, async () => (await op.CircuitsAsync("payment")).TrueForAll(state => state == "closed"));
        await TookPartAsync(Services, waiting, collector);

        var placed = await SeenAsync(() => Asked().FirstOrDefault(
            span => span.Attributes["mall.order.status"] == "AwaitingPayment" && span.Attributes.GetValueOrDefault("url.path")?.StartsWith("/api/orders", StringComparison.Ordinal) == true));
        var unanswered = Assert.Single(placed.Events, happened => happened.Name == "mall.unavailable");
        Assert.Equal(("payment", "charges"), (unanswered.Attributes["mall.service"], unanswered.Attributes["mall.question"]));
        Assert.NotEmpty(unanswered.Attributes["mall.reason"]);

        // Asked again in the same trace, against the open circuit and in the end with success; what follows is in it too.
        await SeenAsync(() => OfOrdering(waiting).FirstOrDefault(
            span => span.Name == "resume order" && span.Events.Any(happened => happened.Attributes.GetValueOrDefault("mall.circuit") == "open")));
        await SeenAsync(() => Asked().FirstOrDefault(span => span.Attributes["mall.order.status"] == "Accepted"));

        // What was logged about it is found by the trace.
        await SeenAsync(() => collector.Logs.FirstOrDefault(log => log is { Service: "gateway", Severity: Warning } && log.Trace == refused.ToHexString()));

        // The one who does not wait was refused because of the open circuit.
        await SeenAsync(() => OfOrdering(refused).Where(span => span.Attributes.ContainsKey("url.path")).SelectMany(span => span.Events).FirstOrDefault(
            happened => happened.Attributes.GetValueOrDefault("mall.service") == "payment" && happened.Attributes.GetValueOrDefault("mall.circuit") == "open"));

        IEnumerable<TraceCollector.Span> OfOrdering(ActivityTraceId trace) => collector.SpansOf(trace).Where(span => span.Service == "ordering");

        IEnumerable<TraceCollector.Span> Asked() => OfOrdering(waiting).Where(span => span.Attributes.GetValueOrDefault("mall.order.id") == $"{order}");

        // It is sent some time after it happened.
        async Task<T> SeenAsync<T>(Func<T?> find)
            where T : class => (await Eventually.Satisfies(() => Task.FromResult(find()), found => found is not null, $"send the {typeof(T).Name}"))!;
    }

    /// <summary>Looks at a mall that nobody uses at the moment.</summary>
    private static async Task IsMeasuredWithoutTracesAsync(TraceCollector collector)
    {
        foreach (var metric in new[] { "ordermall.outbox.age", "ordermall.dead_letter.count", "ordermall.ready" })
            await Eventually.Is(true, () => Task.FromResult(collector.HasMetric(metric)));

        // What was asked until it was open may still come.
        var before = await Eventually.Satisfies(
            async () =>
            {
                var seen = collector.Spans.Count;
                await Task.Delay(Settled);
                return (Seen: seen, Now: collector.Spans.Count);
            },
            counted => counted.Seen == counted.Now,
            "come to rest");
        var exports = collector.Taken.Count;
        await Task.Delay(Quiet);
        Assert.True(collector.Taken.Count > exports, "Nothing was exported at all.");
        Assert.Equal(before.Now, collector.Spans.Count);
    }

    // Dispatch subscribes too, and has nothing to do: it is not waited for.
    private static Task TookPartAsync(string[] services, ActivityTraceId trace, TraceCollector collector) => Eventually.Is(
        string.Join(' ', services.Order()), () => Task.FromResult(string.Join(' ', collector.ServicesOf(trace).Where(service => !service.EndsWith("-dapr", StringComparison.Ordinal)).Except(["dispatch"]).Order())));

    private static (string, string) In(ActivityTraceId trace) => In(trace, ActivitySpanId.CreateRandom());

    private static (string, string) In(ActivityTraceId trace, ActivitySpanId caller) => ("traceparent", $"00-{trace}-{caller}-01");
}
