using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Npgsql;
using OrderMall.Contracts;
using OrderMall.Contracts.Events;
using OrderMall.Notification;
using OrderMall.ServiceDefaults;

namespace OrderMall.Services.Tests;

/// <summary>Messages to phones and browsers, by a provider over HTTP.</summary>
[Collection(ServiceCollection.Name)]
public sealed class PushTests(ServiceFixture fixture) : IAsyncLifetime
{
    private const string Key = "push-key-of-the-mall";
    private readonly ConcurrentQueue<(string Path, string Authorization, string Idempotency, JsonElement Body)> _asked = [];
    private Func<HttpContext, Task> _answer = context => Task.CompletedTask;
    private WebApplication _provider = null!;
    private RunningService<NotificationService> _notification = null!;

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder(["--urls", "http://127.0.0.1:0"]);
        builder.Logging.ClearProviders();
        _provider = builder.Build();
        _provider.Run(async context =>
        {
            _asked.Enqueue((context.Request.Path, context.Request.Headers.Authorization.ToString(), context.Request.Headers["Idempotency-Key"].ToString(), await JsonSerializer.DeserializeAsync<JsonElement>(context.Request.Body)));
            await _answer(context);
        });
        await _provider.StartAsync();
        _notification = new(fixture) { Settings = [$"Push:Address={_provider.Urls.First()}/v1/messages", $"Push:Key={Key}", "Push:RetryAfter=00:00:00.1", "Push:TimeLimit=00:00:03", "Logging:LogLevel:Default=Trace"] };
        await _notification.InitializeAsync();
    }

    public async Task DisposeAsync()
    {
        await _notification.DisposeAsync();
        await _provider.DisposeAsync();
    }

    [Fact]
    public async Task Who_has_chosen_it_is_pushed_each_message_once_in_their_language()
    {
        await _notification.StartReplicaAsync();
        using var alice = await WantsAsync("alice", true);
        using var language = await alice.PutAsJsonAsync("/api/notifications/language", new { language = "ko" });
        var (order, eventId) = (Orders.Book(customer: "alice"), Guid.CreateVersion7().ToString());
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => _notification.DeliverAsync(OrderEvent.Shipped, order, eventId)));
        await _notification.DeliverAsync(OrderEvent.Shipped, Orders.Book(customer: "bob"));
        await ComesToRestAsync("Sent");
        await _notification.DeliverAsync(OrderEvent.Shipped, order, eventId);

        var (path, authorization, idempotency, body) = Assert.Single(_asked);
        Assert.Equal(("/v1/messages", $"Bearer {Key}", body.GetProperty("id").GetString()), (path, authorization, idempotency));
        Assert.Equal(
            ("alice", order.OrderId, "배송 시작: The Long Way", "ko", order.At),
            (body.GetProperty("personId").GetString(), body.GetProperty("orderId").GetGuid(), body.GetProperty("subject").GetString(), body.GetProperty("language").GetString(), body.GetProperty("at").GetDateTimeOffset()));
        Assert.StartsWith("주문하신 상품이 출발했습니다", body.GetProperty("text").GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain(_notification.Logs.GetSnapshot(), entry => $"{entry.Message}{entry.Exception}".Contains(Key, StringComparison.Ordinal));

        using var without = await WantsAsync("alice", false);
        await _notification.DeliverAsync(OrderEvent.Delivered, order);
        await ComesToRestAsync("Sent");
        Assert.Single(_asked);
    }

    [Theory]
    [InlineData(500)]
    [InlineData(401)]
    [InlineData(429)]
    [InlineData(302)]
    [InlineData(0)]
    public async Task What_the_provider_could_not_take_is_tried_again_under_the_same_id(int status)
    {
        _answer = async context =>
        {
            if (_asked.Count > 2)
                return;
            if (status == 0)
                await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            context.Response.StatusCode = status == 0 ? 500 : status;
            context.Response.Headers.Location = "/elsewhere";
        };
        using var alice = await WantsAsync("alice", true);
        await _notification.DeliverAsync(OrderEvent.Shipped, Orders.Book(customer: "alice"));
        await ComesToRestAsync("Sent");
        Assert.Equal(3, _asked.Count);
        Assert.Single(_asked.Select(call => call.Idempotency).Distinct());
        Assert.All(_asked, call => Assert.Equal("/v1/messages", call.Path));
    }

    [Fact]
    public async Task What_the_provider_refuses_for_good_and_what_it_never_takes_come_to_an_end()
    {
        _answer = context =>
        {
            context.Response.StatusCode = StatusCodes.Status422UnprocessableEntity;
            return Task.CompletedTask;
        };
        using var alice = await WantsAsync("alice", true);
        await _notification.DeliverAsync(OrderEvent.Shipped, Orders.Book(customer: "alice"));
        await ComesToRestAsync("Failed");
        Assert.Single(_asked);

        _answer = context =>
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return Task.CompletedTask;
        };
        await ExecuteAsync("UPDATE push SET status = 'Queued', attempts = 11, due_at = now()");
        await ComesToRestAsync("Failed");
        Assert.Equal(2, _asked.Count);
        Assert.Equal(1L, await ExecuteAsync("SELECT count(*) FROM message"));
    }

    [Fact]
    public async Task Without_a_provider_it_cannot_be_chosen()
    {
        var notification = new RunningService<NotificationService>(fixture);
        await notification.InitializeAsync();
        try
        {
            using var alice = notification.As("alice", Roles.Customer);
            using var refused = await alice.PutAsJsonAsync("/api/notifications/channels", new { push = true });
            Assert.Equal((HttpStatusCode.Conflict, "urn:ordermall:problem:no-push"), (refused.StatusCode, (await refused.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("type").GetString()));
            Assert.False((await alice.GetFromJsonAsync<JsonElement>("/api/notifications/channels")).GetProperty("offersPush").GetBoolean());
            using var without = await alice.PutAsJsonAsync("/api/notifications/channels", new { push = false });
            Assert.Equal(HttpStatusCode.OK, without.StatusCode);
            using var nothing = await alice.PutAsJsonAsync("/api/notifications/channels", new { });
            Assert.Equal(HttpStatusCode.BadRequest, nothing.StatusCode);
        }
        finally
        {
            await notification.DisposeAsync();
        }
    }

    [Theory]
    [InlineData("Push:Address", "Push:Key=secret-1")]
    [InlineData("Push:Address", "Push:Key=secret-1", "Push:Address=http://push.example.com")]
    [InlineData("Push:Key", "Push:Address=https://push.example.com")]
    [InlineData("Push:TimeLimit", "Push:Address=https://push.example.com", "Push:Key=secret-1", "Push:TimeLimit=00:10:00")]
    [InlineData("Push:RetryAfter", "Push:Address=https://push.example.com", "Push:Key=secret-1", "Push:RetryAfter=0")]
    [InlineData("Adress", "Push:Adress=https://push.example.com")]
    public void A_mistake_in_the_configuration_is_named_at_the_start(string key, params string[] settings)
    {
        var mistake = Assert.Throws<InvalidOperationException>(() => ServiceHost.Create<NotificationService>(["DAPR_GRPC_PORT=50001", "APP_API_TOKEN=token", .. settings]));
        Assert.Contains(key, mistake.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-1", mistake.Message, StringComparison.Ordinal);
    }

    private async Task<HttpClient> WantsAsync(string personId, bool push)
    {
        var person = _notification.As(personId, Roles.Customer);
        using var chosen = await person.PutAsJsonAsync("/api/notifications/channels", new { push });
        Assert.Equal(HttpStatusCode.OK, chosen.StatusCode);
        var channels = await person.GetFromJsonAsync<JsonElement>("/api/notifications/channels");
        Assert.Equal((push, true), (channels.GetProperty("push").GetBoolean(), channels.GetProperty("offersPush").GetBoolean()));
        return person;
    }

    private Task ComesToRestAsync(string statuses) =>
        Eventually.BecomesAsync<object?>(statuses, () => ExecuteAsync("SELECT coalesce(string_agg(status, ',' ORDER BY status), '') FROM push"));

    private async Task<object?> ExecuteAsync(string sql)
    {
        await using var database = NpgsqlDataSource.Create(_notification.ConnectionString);
        await using var command = database.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }
}
