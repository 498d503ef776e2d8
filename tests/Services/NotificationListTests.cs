using System.Net;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text.Json;
using OrderMall.Contracts;
using OrderMall.Contracts.Events;
using OrderMall.Notification;
using OrderMall.ServiceDefaults.Api;

namespace OrderMall.Services.Tests;

/// <summary>People and businesses read their own messages, newest first and in every tab.</summary>
[Collection(ServiceCollection.Name)]
public sealed class NotificationListTests(RunningService<NotificationService> notification) : NotificationTestBase(notification), IClassFixture<RunningService<NotificationService>>
{
    [Fact]
    public async Task What_a_business_is_told_all_who_belong_to_it_read_and_nothing_else_of_its_founder()
    {
        var order = Orders.Table(customer: "the-guest", merchant: "the-founder");
        await _notification.DeliverAsync(OrderEvent.Received, order);
        await _notification.DeliverAsync(OrderEvent.Accepted, Orders.Table(customer: "the-founder", merchant: "elsewhere"));
        using var clerk = _notification.As("the-clerk", Roles.Merchant);
        Assert.Empty(await ReadAsync());
        clerk.DefaultRequestHeaders.Add(GatewayIdentity.BusinessHeader, "the-founder");
        Assert.Equal(order.OrderId, Assert.Single(await ReadAsync()).GetProperty("orderId").GetGuid());

        async Task<List<JsonElement>> ReadAsync() => [.. (await clerk.GetFromJsonAsync<JsonElement>("/api/notifications")).GetProperty("items").EnumerateArray()];
    }

    [Fact]
    public async Task Messages_come_over_the_event_stream_of_every_tab_and_are_unread_until_one_of_them_says_otherwise()
    {
        var other = await _notification.StartReplicaAsync();
        using var reader = _notification.As("two-tabs", Roles.Customer);
        using var elsewhere = _notification.As("two-tabs", Roles.Customer, other);
        await _notification.DeliverAsync(OrderEvent.Accepted, Orders.Book(customer: "two-tabs"));
        Assert.Equal(1, await UnreadAsync(reader));
        await using var here = await Tab.OpenAsync(reader);
        await using var there = await Tab.OpenAsync(elsewhere);

        var order = Orders.Book(customer: "two-tabs");
        await _notification.DeliverAsync(OrderEvent.Shipped, order);
        foreach (var tab in new[] { here, there })
        {
            var message = await tab.NextAsync();
            Assert.Equal((order.OrderId, "app", false, 2), (message.GetProperty("orderId").GetGuid(), message.GetProperty("channel").GetString(), message.GetProperty("isRead").GetBoolean(), message.GetProperty("unread").GetInt32()));
        }

        // Read here, and known there. What nobody was sent yet cannot have been read.
        using var read = await reader.PutAsJsonAsync("/api/notifications/read", new { until = "ffffffff-ffff-7fff-bfff-ffffffffffff" });
        Assert.Equal(0, (await read.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("unread").GetInt32());
        foreach (var tab in new[] { here, there })
        {
            for (var i = 0; i < 2; i++)
            {
                var message = await tab.NextAsync();
                Assert.Equal((true, 0), (message.GetProperty("isRead").GetBoolean(), message.GetProperty("unread").GetInt32()));
            }
        }

        await _notification.DeliverAsync(OrderEvent.Delivered, order with { At = order.At.AddSeconds(5) });
        Assert.Equal((1, 1), (await UnreadAsync(reader), (await here.NextAsync()).GetProperty("unread").GetInt32()));
        Assert.Equal([false, true, true], (await ListAsync("two-tabs")).GetProperty("items").EnumerateArray().Select(message => message.GetProperty("isRead").GetBoolean()));
        // An older one that is read again unreads nothing.
        var oldest = (await ListAsync("two-tabs")).GetProperty("items").EnumerateArray().Last().GetProperty("id").GetGuid();
        using var again = await reader.PutAsJsonAsync("/api/notifications/read", new { until = oldest });
        Assert.Equal(1, await UnreadAsync(elsewhere));
        using var nobody = _notification.As("nobody-wrote-to", Roles.Customer);
        using var nothing = await nobody.PutAsJsonAsync("/api/notifications/read", new { });
        Assert.Equal((HttpStatusCode.OK, 0), (nothing.StatusCode, await UnreadAsync(nobody)));
        await _notification.StopReplicaAsync(other);
    }

    [Fact]
    public async Task What_a_business_is_told_each_of_its_people_reads_for_themselves()
    {
        await _notification.DeliverAsync(OrderEvent.Received, Orders.Table(customer: "guest-of-shop", merchant: "the-shop"));
        using var owner = _notification.As("the-shop", Roles.Merchant);
        using var clerk = _notification.As("the-clerk", Roles.Merchant);
        clerk.DefaultRequestHeaders.Add(GatewayIdentity.BusinessHeader, "the-shop");
        using var read = await clerk.PutAsJsonAsync("/api/notifications/read", new { });
        Assert.Equal((1, 0), (await UnreadAsync(owner), await UnreadAsync(clerk)));
        Assert.True(Assert.Single((await clerk.GetFromJsonAsync<JsonElement>("/api/notifications")).GetProperty("items").EnumerateArray()).GetProperty("isRead").GetBoolean());
    }

    [Fact]
    public async Task Messages_are_listed_newest_first_in_pages_however_late_they_come()
    {
        var order = Orders.Book(customer: "pager");
        // The last two happened in the same millisecond.
        var orders = Enumerable.Range(0, 5).Select(i => order with { Version = i, Quantity = i, At = order.At.AddMinutes(Math.Min(i, 3)) }).ToList();
        foreach (var later in orders.AsEnumerable().Reverse())
            await _notification.DeliverAsync(OrderEvent.Received, later);
        var texts = new List<string>();
        for (string? after = null; ;)
        {
            var page = await ListAsync("pager", $"?limit=2&after={after}");
            texts.AddRange(page.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("text").GetString()!));
            if ((after = page.GetProperty("next").GetString()) is null)
                break;
        }

        Assert.Equal(["4 ×", "3 ×", "2 ×", "1 ×", "0 ×"], texts.Select(text => text[(text.IndexOf('×') - 2)..][..3]));
    }

    [Fact]
    public async Task Nobody_reads_messages_without_signing_in() =>
        Assert.Equal(HttpStatusCode.Unauthorized, (await _notification.Internal.GetAsync("/api/notifications")).StatusCode);

    private static async Task<int> UnreadAsync(HttpClient reader) => (await reader.GetFromJsonAsync<JsonElement>("/api/notifications/unread")).GetProperty("unread").GetInt32();

    /// <summary>A page that is open, and shows messages as they come.</summary>
    private sealed class Tab(HttpResponseMessage response, IAsyncEnumerator<SseItem<string>> items) : IAsyncDisposable
    {
        private static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

        public static async Task<Tab> OpenAsync(HttpClient reader)
        {
            var response = await reader.GetAsync("/api/notifications/events", HttpCompletionOption.ResponseHeadersRead);
            Assert.Equal((HttpStatusCode.OK, "text/event-stream"), (response.StatusCode, response.Content.Headers.ContentType?.MediaType));
            var items = SseParser.Create(await response.Content.ReadAsStreamAsync()).EnumerateAsync().GetAsyncEnumerator();
            Assert.True(await items.MoveNextAsync());
            Assert.Equal("heartbeat", items.Current.EventType);
            return new Tab(response, items);
        }

        /// <summary>The next message that it is told of.</summary>
        public async Task<JsonElement> NextAsync()
        {
            do
                Assert.True(await items.MoveNextAsync().AsTask().WaitAsync(Limit));
            while (items.Current.EventType == "heartbeat");
            Assert.Equal("message", items.Current.EventType);
            return JsonDocument.Parse(items.Current.Data).RootElement;
        }

        public ValueTask DisposeAsync()
        {
            response.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
