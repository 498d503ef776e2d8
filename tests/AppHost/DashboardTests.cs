using System.Net;
using System.Text.Json;

namespace OrderMall.AppHost.Tests;

/// <summary>What one sees in the dashboard, read from its own telemetry API.</summary>
[Collection(AppHostCollection.Name)]
public sealed class DashboardTests(OpenAppHost mall)
{
    private const string Caller = "00f067aa0ba902b7";
    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(20) };

    [PythonFact]
    public async Task One_order_is_one_trace_whose_spans_are_named_and_nest_by_caller()
    {
        var (customer, shop) = (await mall.NewCustomerAsync(), await mall.BookshopAsync());
        var traceId = Convert.ToHexStringLower(Guid.NewGuid().ToByteArray());
        var placed = await customer.PostAsync(
            "/api/orders",
            new { offerId = await shop.SellBookAsync(), quantity = 1, destination = Customer.Destination, paymentMethod = "card_ok" },
            ("traceparent", $"00-{traceId}-{Caller}-01"));
        var order = placed.Is(HttpStatusCode.Created).Json.GetProperty("id").GetGuid();
        await customer.OnPageAsync(order, "Preparing");

        // By their app ids: a replica is shown as ordering-2.
        string[] expected = ["gateway", "ordering", "catalog", "payment", "payment-provider", "store", "delivery", "notification", "mypage", "marketing"];
        // Each process exports by itself, within some seconds.
        var spans = await Eventually.Satisfies(
            () => SpansAsync(traceId),
            spans => expected.All(service => spans.Exists(span => span.Service == service)) && Orphans(spans).Count == 0,
            $"export the spans of {string.Join(", ", expected)}, and all their parents",
            TimeSpan.FromSeconds(30));
        Assert.Contains(spans, span => span is { Service: "gateway", Name: "POST /api/orders" });
        Assert.DoesNotContain(spans, span => span.Name.Contains("HttpRequestIn", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Nothing_that_a_mall_does_by_itself_makes_a_trace()
    {
        // Somebody's trace is there, so that the list is not empty for another reason.
        await (await mall.NewCustomerAsync()).GetAsync("/api/mypage/orders");
        var roots = await Eventually.Satisfies(async () => await RootsAsync(), roots => roots.Count > 0, "list a trace");
        // Who has the payment provider misbehave goes past the gateway, by a command of the dashboard.
        Assert.All(roots.Where(root => root != "payment-provider PUT /mode"), root => Assert.StartsWith("gateway ", root, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_demo_order_is_placed_by_a_command()
    {
        var placed = await mall.App.ResourceCommands.ExecuteCommandAsync("gateway", "demo-order");
        Assert.True(placed.Success, placed.Message);
    }

    [Fact]
    public async Task The_payment_provider_declines_and_heals_by_commands()
    {
        var (customer, shop) = (await mall.NewCustomerAsync(), await mall.BookshopAsync());
        var book = await shop.SellBookAsync();
        Assert.True((await mall.App.ResourceCommands.ExecuteCommandAsync("payment-provider", "provider-decline")).Success);
        (await customer.OrderAsync(book)).IsProblem(HttpStatusCode.PaymentRequired, "payment-declined");
        Assert.True((await mall.App.ResourceCommands.ExecuteCommandAsync("payment-provider", "provider-normal")).Success);
        (await customer.OrderAsync(book)).Is(HttpStatusCode.Created);
    }

    // Spans whose parent nobody exported.
    private static List<Span> Orphans(List<Span> spans) =>
        spans.FindAll(span => span.Parent != Caller && !spans.Exists(other => other.Id == span.Parent));

    private async Task<List<Span>> SpansAsync(string traceId) => await ReadAsync($"/api/telemetry/spans?traceId={traceId}&limit=1000");

    // Service and name of every span that has no parent.
    private async Task<List<string>> RootsAsync() =>
        [.. (await ReadAsync("/api/telemetry/spans?limit=5000")).Where(span => span.Parent == "").Select(span => $"{span.Service} {span.Name}").Distinct()];

    private async Task<List<Span>> ReadAsync(string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(mall.Dashboard.Address, path));
        request.Headers.Add("x-api-key", mall.Dashboard.Key);
        using var response = await Http.SendAsync(request);
        response.EnsureSuccessStatusCode();
        using var answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        return
        [
            .. from resource in answer.RootElement.GetProperty("data").GetProperty("resourceSpans").EnumerateArray()
               let service = resource.GetProperty("resource").GetProperty("attributes").EnumerateArray()
                   .First(attribute => attribute.GetProperty("key").GetString() == "service.name").GetProperty("value").GetProperty("stringValue").GetString()!.TrimEnd('-', '1', '2')
               from scope in resource.GetProperty("scopeSpans").EnumerateArray()
               from span in scope.GetProperty("spans").EnumerateArray()
               select new Span(
                   service,
                   span.GetProperty("name").GetString()!,
                   span.GetProperty("spanId").GetString()!,
                   span.TryGetProperty("parentSpanId", out var parent) ? parent.GetString() ?? "" : ""),
        ];
    }

    private sealed record Span(string Service, string Name, string Id, string Parent);
}
