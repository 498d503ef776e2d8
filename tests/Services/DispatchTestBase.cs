using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using OrderMall.Contracts;
using OrderMall.Contracts.Calls;
using OrderMall.Contracts.Events;
using OrderMall.Dispatch;

namespace OrderMall.Services.Tests;

/// <summary>What the tests of workers and their visits share.</summary>
public abstract class DispatchTestBase(RunningService<DispatchService> dispatch)
{
    // Days to come, whenever it runs.
    private protected static readonly DateOnly Today = DateOnly.FromDateTime(DateTime.UtcNow);

    private protected readonly RunningService<DispatchService> _dispatch = dispatch;

    // Each test has workers of its own.
    private protected readonly string _merchant = $"sparkle-{Guid.NewGuid():N}";

    private protected OrderEvent Visit(int day) => Visit() with { Date = Today.AddDays(day) };

    private protected OrderEvent Visit() => Orders.Table(merchant: _merchant) with
    {
        Kind = "cleaning",
        Title = "A clean flat",
        Prepaid = 0,
        Fulfilment = Fulfilment.Assignment,
        Destination = "1 Main Street",
    };

    private protected async Task ReceiveAsync(OrderEvent order, int waitedFor = 0, string? eventId = null, Uri? replica = null) =>
        Assert.Equal("SUCCESS", await TryReceiveAsync(order, waitedFor, eventId, replica));

    private protected Task<string> TryReceiveAsync(OrderEvent order, int waitedFor = 0, string? eventId = null, Uri? replica = null) =>
        _dispatch.TryDeliverAsync(StoreEvent.OrderReceived,
            new StoreEvent(
                order.OrderId, 1, order.At.AddMinutes(-waitedFor), order.MerchantId, order.CustomerId, order.Title, order.Quantity, order.Fulfilment, order.Destination, order.Date, Reason: null,
                order.Place, order.CustomerName, order.Phone),
            eventId,
            replica);

    private protected async Task EndAsync(OrderEvent order, bool byStop)
    {
        if (byStop)
            Assert.Equal(StopOutcome.Stopped, await StopAsync(order));
        else
            await _dispatch.DeliverAsync(OrderEvent.Cancelled, order.Next(OrderStatus.Cancelled));
    }

    private protected async Task<StopOutcome> StopAsync(OrderEvent order) =>
        (await _dispatch.AskAsync<StopAnswer>("/stops", new StopRequest(order.OrderId))).Outcome;

    private protected Task<HttpStatusCode> CompleteAsync(OrderEvent order) => TryCompleteAsync(order.OrderId, replica: null);

    private protected async Task<HttpStatusCode> TryCompleteAsync(Guid orderId, Uri? replica)
    {
        using var merchant = _dispatch.As(_merchant, Roles.Merchant, replica);
        using var answer = await merchant.PostAsync($"/api/assignments/{orderId}/completion", content: null);
        return answer.StatusCode;
    }

    private protected async Task<Guid> HireAsync(string name)
    {
        using var merchant = _dispatch.As(_merchant, Roles.Merchant);
        using var answer = await merchant.PostAsJsonAsync("/api/workers", new { name });
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
    }

    private protected async Task<List<(string Status, Guid? Worker)>> SentAsync(IEnumerable<OrderEvent> orders)
    {
        var sent = new List<(string, Guid?)>();
        foreach (var order in orders)
            sent.Add(await SentAsync(order));
        return sent;
    }

    private protected async Task<(string Status, Guid? Worker)> SentAsync(OrderEvent order)
    {
        using var merchant = _dispatch.As(_merchant, Roles.Merchant);
        var assignment = await merchant.GetFromJsonAsync<JsonElement>($"/api/assignments/{order.OrderId}");
        return (assignment.GetProperty("status").GetString()!, assignment.GetProperty("workerId").Deserialize<Guid?>());
    }

    private protected async Task<List<(Guid Id, Guid? OrderId)>> WorkersAsync(Uri? replica = null) =>
        (await ListAsync("/api/workers?limit=100", replica)).ConvertAll(worker => (worker.GetProperty("id").GetGuid(), worker.GetProperty("orderId").Deserialize<Guid?>()));

    private protected async Task<List<JsonElement>> ListAsync(string address, Uri? replica = null)
    {
        using var merchant = _dispatch.As(_merchant, Roles.Merchant, replica);
        return [.. (await merchant.GetFromJsonAsync<JsonElement>(address)).GetProperty("items").EnumerateArray()];
    }

    private protected async Task<string?> AuditedAsync(OrderEvent order, Uri? replica = null) =>
        (await _dispatch.AskAsync<List<AuditedView>>("/audit/orders", new AuditOrders([order.OrderId]), replica)).SingleOrDefault()?.Status;

    private protected Task<List<AuditedIdle>> IdleAsync(Uri? replica = null) => _dispatch.AskAsync<List<AuditedIdle>>("/audit/idle", new { }, replica);
}
