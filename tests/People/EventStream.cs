using System.Collections.Concurrent;
using System.Net;
using System.Net.ServerSentEvents;
using System.Text.Json;

namespace OrderMall.People;

/// <summary>A customer's page that stays open: what it shows, as it comes.</summary>
public sealed class EventStream : IAsyncDisposable
{
    private readonly HttpResponseMessage _response;
    private readonly CancellationTokenSource _closing = new();
    private readonly ConcurrentQueue<(Guid OrderId, string Status)> _shown = new();
    private readonly Task _reading;

    private EventStream(HttpResponseMessage response) => (_response, _reading) = (response, ReadAsync(response));

    /// <summary>Opens the page.</summary>
    public static async Task<EventStream> OpenAsync(Customer customer)
    {
        var response = await customer.OpenAsync("/api/mypage/events");
        Assert.Equal((HttpStatusCode.OK, "text/event-stream"), (response.StatusCode, response.Content.Headers.ContentType?.MediaType));
        return new EventStream(response);
    }

    /// <summary>The statuses of an order that were shown, in the order they came.</summary>
    public List<string> Of(Guid orderId) => [.. _shown.Where(change => change.OrderId == orderId).Select(change => change.Status)];

    /// <summary>Waits until the order is shown so.</summary>
    public Task ShowsAsync(Guid orderId, string status) => Eventually.Satisfies(
        () => _reading.IsFaulted ? throw _reading.Exception : Task.FromResult(Of(orderId)),
        shown => shown.Contains(status),
        $"be {status} on the open page");

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await _reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _response.Dispose();
        _closing.Dispose();
    }

    private async Task ReadAsync(HttpResponseMessage response)
    {
        await using var body = await response.Content.ReadAsStreamAsync(_closing.Token);
        await foreach (var item in SseParser.Create(body).EnumerateAsync(_closing.Token))
        {
            if (item.EventType != "order")
                continue;
            using var order = JsonDocument.Parse(item.Data);
            _shown.Enqueue((order.RootElement.GetProperty("orderId").GetGuid(), order.RootElement.GetProperty("status").GetString()!));
        }
    }
}
