using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Npgsql;
using OrderMall.Contracts.Calls;
using OrderMall.Contracts.Events;
using OrderMall.MyPage;
using OrderMall.ServiceDefaults;
using OrderMall.ServiceDefaults.Messaging;
using OrderMall.Store;

namespace OrderMall.Services.Tests;

/// <summary>What becomes of events that cannot be handled, in a service with a database and in one without.</summary>
[Collection(ServiceCollection.Name)]
public sealed class DeadLetterTests(ServiceFixture fixture)
{
    [Fact]
    public Task An_event_is_parked_with_its_reason_and_handled_once_the_cause_is_mended() => InStoreAsync(async store =>
    {
        var order = Orders.Book();
        await ExecuteAsync(store, "ALTER TABLE store_order ADD CONSTRAINT no_books_today CHECK (title = '')");
        Assert.Equal("RETRY", await store.TryDeliverAsync(OrderEvent.Accepted, order, "unlucky"));
        Assert.Equal(HttpStatusCode.OK, await ParkAsync(store, Envelope("unlucky", order)));
        Assert.Equal(HttpStatusCode.OK, await ParkAsync(store, Envelope("unlucky", order)));

        var parked = Assert.Single(await ListAsync(store));
        Assert.Equal(("unlucky", Topics.Orders, OrderEvent.Accepted, ""), (parked.EventId, parked.Topic, parked.Type, parked.Envelope));
        Assert.Contains("no_books_today", parked.Reason, StringComparison.Ordinal);
        Assert.Contains(order.OrderId.ToString(), Assert.Single(await ListAsync(store, "?eventId=unlucky")).Envelope, StringComparison.Ordinal);
        Assert.Equal(1, (await store.AskAsync<AuditedMessaging>("/audit/messaging", new { })).DeadLetters);

        var failed = await AskAsync(store, "replay", "unlucky");
        Assert.Equal((0, 1, 1L), (failed.Done, failed.Failed, failed.Left));
        Assert.Contains("no_books_today", failed.Reason, StringComparison.Ordinal);

        await ExecuteAsync(store, "ALTER TABLE store_order DROP CONSTRAINT no_books_today");
        Assert.Equal(new DeadLetterAnswer(1, 0, 0, null), await AskAsync(store, "replay", "unlucky"));
        Assert.Empty(await ListAsync(store));
        Assert.Equal(new DeadLetterAnswer(0, 0, 0, null), await AskAsync(store, "replay", "unlucky"));
        await store.DeliverAsync(OrderEvent.Accepted, order, "unlucky");
        Assert.Equal(StoreEvent.OrderReceived, Assert.Single(await store.PublishedAsync(order.OrderId)).Type);
    });

    [Fact]
    public Task What_was_only_out_of_luck_is_handled_instead_of_parked() => InStoreAsync(async store =>
    {
        var order = Orders.Book();
        Assert.Equal(HttpStatusCode.OK, await ParkAsync(store, Envelope("lucky", order)));
        Assert.Empty(await ListAsync(store));
        Assert.Single(await store.PublishedAsync(order.OrderId));
    });

    public static readonly TheoryData<string> Malformed =
    [
        "", "{", "[]", "7", "null", "\0", "\"\\u0000\"", """{"id":"a/b?c","topic":"orders","type":"OrderAccepted","data":7}""", """{"id":"x\u0000y","topic":"or\u0000ders","type":"\u0000"}""",
        """{"id":7,"topic":{},"type":[]}""", """{"id":"\ud800","topic":"orders","type":"OrderAccepted"}""", """{"id":"strange","topic":"nobody-subscribes","type":"X","data":{}}""",
        """{"id":"half","topic":"orders","type":"OrderAccepted","data":{"orderId":"not an id"}}""", new('[', 10_000),
    ];

    [Theory]
    [MemberData(nameof(Malformed))]
    public Task Whatever_comes_is_kept_once_and_can_be_discarded(string envelope) => InBothAsync(async service =>
    {
        Assert.Equal(HttpStatusCode.OK, await service.ParkAsync(envelope));
        Assert.Equal(HttpStatusCode.OK, await service.ParkAsync(envelope));
        var parked = Assert.Single(await service.ListAsync());
        Assert.NotEqual("", parked.Reason);
        var failed = await service.AskAsync("replay", parked.EventId);
        Assert.Equal((0, 1, 1L), (failed.Done, failed.Failed, failed.Left));
        Assert.Equal(new DeadLetterAnswer(1, 0, 0, null), await service.AskAsync("discard", parked.EventId));
        Assert.Equal(new DeadLetterAnswer(0, 0, 0, null), await service.AskAsync("discard", parked.EventId));
        Assert.Empty(await service.ListAsync());
    });

    [Fact]
    public Task All_of_a_service_are_replayed_at_once_however_many_and_what_fails_stays() => InStoreAsync(async store =>
    {
        var orders = Enumerable.Range(0, 230).Select(_ => Orders.Book()).ToList();
        foreach (var order in orders)
            await ParkDirectlyAsync(store, order.OrderId.ToString(), Envelope(order.OrderId.ToString(), order));
        await ParkAsync(store, "{");
        Assert.Equal(200, (await ListAsync(store)).Count);

        var answer = await AskAsync(store, "replay", eventId: null);
        Assert.Equal((230, 1, 1L), (answer.Done, answer.Failed, answer.Left));
        Assert.Single(await ListAsync(store));
        Assert.Equal(230, (await store.AskAsync<List<AuditedView>>("/audit/orders", new AuditOrders([.. orders.Select(order => order.OrderId)]))).Count);
    });

    [Fact]
    public Task Without_a_database_events_are_parked_in_the_state_store() => InMyPageAsync(async mypage =>
    {
        var order = Orders.Book(customer: "unlucky");
        mypage.Sidecar.FailsToWrite = key => key.StartsWith("order.", StringComparison.Ordinal);
        Assert.Equal("RETRY", await mypage.TryDeliverAsync(OrderEvent.Accepted, order, "unlucky"));
        Assert.Equal(HttpStatusCode.OK, await ParkAsync(mypage, Envelope("unlucky", order)));
        var parked = Assert.Single(await ListAsync(mypage));
        Assert.Equal(("unlucky", Topics.Orders, OrderEvent.Accepted), (parked.EventId, parked.Topic, parked.Type));
        Assert.Contains("SidecarException", parked.Reason, StringComparison.Ordinal);
        Assert.Equal(1, (await mypage.AskAsync<AuditedMessaging>("/audit/messaging", new { })).DeadLetters);
        Assert.Equal(1, (await AskAsync(mypage, "replay", eventId: null)).Failed);

        mypage.Sidecar.FailsToWrite = _ => false;
        Assert.Equal(new DeadLetterAnswer(1, 0, 0, null), await AskAsync(mypage, "replay", eventId: null));
        Assert.Empty(await ListAsync(mypage));
        Assert.Equal("Accepted", Assert.Single(await mypage.AskAsync<List<AuditedView>>("/audit/orders", new AuditPages([new AuditPageOf("unlucky", order.OrderId)]))).Status);
    });

    [Fact]
    public Task What_there_is_no_room_for_goes_back_to_its_topic() => InMyPageAsync(async mypage =>
    {
        for (var number = 0; number < 200; number++)
            Assert.Equal(HttpStatusCode.OK, await ParkAsync(mypage, $"{{{number}"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await ParkAsync(mypage, "{one more"));
        await AskAsync(mypage, "discard", (await ListAsync(mypage))[0].EventId);
        Assert.Equal(HttpStatusCode.OK, await ParkAsync(mypage, "{one more"));
        await AskAsync(mypage, "discard", (await ListAsync(mypage))[0].EventId);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await ParkAsync(mypage, $"{{\"id\":\"large\",{new string(' ', 1024 * 1024)}"));
    });

    [Fact]
    public Task Many_that_are_parked_at_once_by_two_replicas_are_all_kept() => InMyPageAsync(async mypage =>
    {
        var replica = await mypage.StartReplicaAsync();
        Assert.All(
            await Task.WhenAll(Enumerable.Range(0, 40).Select(number => ParkAsync(mypage, $"{{{number}", number % 2 == 0 ? replica : null))),
            status => Assert.True(status is HttpStatusCode.OK or HttpStatusCode.ServiceUnavailable));
        // What lost too many races comes again from its topic.
        for (var number = 0; number < 40; number++)
            Assert.Equal(HttpStatusCode.OK, await ParkAsync(mypage, $"{{{number}"));
        Assert.Equal(40, (await ListAsync(mypage)).Count);
    });

    private static string Envelope(string id, OrderEvent order) => JsonSerializer.Serialize(
        new { id, source = "ordering", type = OrderEvent.Accepted, specversion = "1.0", topic = Topics.Orders, data = order }, RunningService<StoreService>.Json);

    private Task InStoreAsync(Func<RunningService<StoreService>, Task> test) => InAsync(test);

    private Task InMyPageAsync(Func<RunningService<MyPageService>, Task> test) => InAsync(test);

    private async Task InBothAsync(Func<Parking, Task> test)
    {
        await InStoreAsync(store => test(Parking.Of(store)));
        await InMyPageAsync(mypage => test(Parking.Of(mypage)));
    }

    private async Task InAsync<TService>(Func<RunningService<TService>, Task> test)
        where TService : IMallService
    {
        var service = new RunningService<TService>(fixture);
        await service.InitializeAsync();
        try
        {
            await test(service);
        }
        finally
        {
            await service.DisposeAsync();
        }
    }

    private static async Task<HttpStatusCode> ParkAsync<TService>(RunningService<TService> service, string envelope, Uri? replica = null)
        where TService : IMallService
    {
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(envelope)) { Headers = { ContentType = new("application/cloudevents+json") } };
        using var answer = await service.Internal.PostAsync(new Uri(replica ?? service.Internal.BaseAddress!, "/events/dead-letters"), content);
        return answer.StatusCode;
    }

    private static async Task<List<DeadLetter>> ListAsync<TService>(RunningService<TService> service, string query = "")
        where TService : IMallService =>
        (await service.Internal.GetFromJsonAsync<List<DeadLetter>>($"/dead-letters{query}", RunningService<TService>.Json))!;

    private static Task<DeadLetterAnswer> AskAsync<TService>(RunningService<TService> service, string what, string? eventId)
        where TService : IMallService =>
        service.AskAsync<DeadLetterAnswer>($"/dead-letters/{what}", new DeadLetterRequest(eventId));

    private static Task ParkDirectlyAsync(RunningService<StoreService> store, string id, string envelope) => ExecuteAsync(
        store,
        "INSERT INTO dead_letter (event_id, topic, type, envelope, parked_at, reason) VALUES ($1, 'orders', 'OrderAccepted', $2, '2026-01-01', 'a test')",
        id, envelope);

    private static async Task ExecuteAsync(RunningService<StoreService> store, string sql, params object[] values)
    {
        await using var database = NpgsqlDataSource.Create(store.ConnectionString);
        await using var command = database.CreateCommand(sql);
        foreach (var value in values)
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        await command.ExecuteNonQueryAsync();
    }

    // One of the two services.
    private sealed record Parking(Func<string, Task<HttpStatusCode>> ParkAsync, Func<Task<List<DeadLetter>>> ListAsync, Func<string, string?, Task<DeadLetterAnswer>> AskAsync)
    {
        public static Parking Of<TService>(RunningService<TService> service)
            where TService : IMallService =>
            new(envelope => DeadLetterTests.ParkAsync(service, envelope), () => DeadLetterTests.ListAsync(service), (what, eventId) => DeadLetterTests.AskAsync(service, what, eventId));
    }
}
