using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Npgsql;
using OrderMall.Contracts;
using OrderMall.Contracts.Calls;
using OrderMall.Ordering;

namespace OrderMall.Services.Tests;

/// <summary>What the tests of orders share: services that answer ordering as a test wants.</summary>
public abstract class OrderingTestBase(RunningService<OrderingService> ordering) : IAsyncLifetime
{
    private static readonly Guid Offer = Guid.NewGuid();
    private protected static readonly HeldOffer Sold = new("bookshop", "made-up", "Something", 12_000, null, "KRW", Prepayment.Full, Fulfilment.Delivery, null, null);
    private protected readonly RunningService<OrderingService> _ordering = ordering;
    private protected HeldOffer _offer = Sold;
    private protected readonly ConcurrentDictionary<Guid, int> _stops = new();
    private protected volatile StopRequest? _lastStop;
    private protected int _charges;
    private protected Func<HoldOutcome> _hold = () => HoldOutcome.Held;
    private protected Func<HoldRequest, int>? _left;
    private protected Func<ChargeOutcome?> _charge = () => ChargeOutcome.Approved;
    private readonly Func<RefundOutcome?> _refund = () => RefundOutcome.Refunded;
    private protected Func<StopOutcome?> _stop = () => StopOutcome.Stopped;

    public Task InitializeAsync()
    {
        var called = _ordering.Sidecar.Called;
        called["catalog/holds"] = async context =>
        {
            var asked = await context.Request.ReadFromJsonAsync<HoldRequest>();
            var isExpected = (asked!.ExpectedAmount ?? _offer.Amount(asked.Quantity)) == _offer.Amount(asked.Quantity)
                && (asked.ExpectedPrepaid ?? _offer.Prepaid(asked.Quantity)) == _offer.Prepaid(asked.Quantity);
            var outcome = isExpected ? _hold() : HoldOutcome.PriceChanged;
            await context.Response.WriteAsJsonAsync(new HoldAnswer(
                outcome, outcome is HoldOutcome.Held or HoldOutcome.PriceChanged ? _offer with { Left = _left?.Invoke(asked) } : null, outcome == HoldOutcome.CustomerLimit ? 2 : null));
        };
        called["catalog/holds/look"] = context => context.Response.WriteAsJsonAsync(new HoldAnswer(_hold(), null));
        called["payment/charges"] = context => AnswerAsync(context, _charge() is { } outcome ? new ChargeAnswer(outcome) : null);
        called["payment/refunds"] = context => AnswerAsync(context, _refund() is { } outcome ? new RefundAnswer(outcome) : null);
        called["delivery/stops"] = called["store/stops"] = async context =>
        {
            var request = await context.Request.ReadFromJsonAsync<StopRequest>();
            _stops.AddOrUpdate(request!.OrderId, 1, (_, count) => count + 1);
            _lastStop = request;
            await AnswerAsync(context, _stop() is { } outcome ? new StopAnswer(outcome) : null);
        };
        return Task.CompletedTask;
    }

    public Task DisposeAsync()
    {
        _ordering.Time.Set(DateTimeOffset.UtcNow);
        return Task.CompletedTask;
    }

    // The usual order, with some of its fields otherwise.
    private protected static async Task<HttpResponseMessage> PlaceAsync(HttpClient customer, string? key = null, int quantity = 1, object? fields = null)
    {
        var body = JsonSerializer.SerializeToNode(new { offerId = Offer, quantity, destination = "Seoul", paymentMethod = "card_ok" })!;
        foreach (var (name, value) in JsonSerializer.SerializeToNode(fields)?.AsObject().ToList() ?? [])
            body[name] = value?.DeepClone();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/orders") { Content = JsonContent.Create(body) };
        if (key is not null)
            request.Headers.Add("Idempotency-Key", key);
        return await customer.SendAsync(request);
    }

    private protected static async Task<Guid> IdAsync(HttpResponseMessage answer) =>
        (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();

    private protected static async Task<string> StatusAsync(HttpClient customer, Guid order) =>
        (await customer.GetFromJsonAsync<JsonElement>($"/api/orders/{order}")).GetProperty("status").GetString()!;

    private static Task AnswerAsync<T>(HttpContext context, T? answer)
        where T : class
    {
        if (answer is not null)
            return context.Response.WriteAsJsonAsync(answer);
        context.Response.StatusCode = 500;
        return Task.CompletedTask;
    }

    private protected async Task<object?> CountAsync(string sql)
    {
        await using var database = NpgsqlDataSource.Create(_ordering.ConnectionString);
        await using var command = database.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }
}
