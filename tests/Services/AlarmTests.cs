using System.Diagnostics.Metrics;
using System.Net.Http.Json;
using Microsoft.Extensions.Logging.Testing;
using Npgsql;
using OrderMall.MyPage;
using OrderMall.Ordering;
using OrderMall.Payment;
using OrderMall.Publishing;
using OrderMall.ServiceDefaults;
using OrderMall.ServiceDefaults.Alarms;
using OrderMall.ServiceDefaults.Messaging;
using OrderMall.Store;

namespace OrderMall.Services.Tests;

/// <summary>Each alarm is raised by its fault and goes away with it.</summary>
[Collection(ServiceCollection.Name)]
public sealed class AlarmTests(ServiceFixture fixture)
{
    // Where nothing can be published, since there is no such topic at the sidecar.
    private const string Stuck = "INSERT INTO outbox (event_id, topic, type, key, data, created_at, queued_at) VALUES (gen_random_uuid(), 'no/topic', 'X', 'k', '{}', now() - interval '2 days', now() - interval '1 hour')";

    private const string Order =
        """
        INSERT INTO orders (id, customer_id, request_hash, offer_id, quantity, amount, prepaid, fulfilment, status, announced, history, version, created_at, updated_at, due_at, expires_at, attempts)
        VALUES (gen_random_uuid(), 'alice', '', gen_random_uuid(), 1, 0, 0, 'None',
        """;

    private const string Payment =
        "INSERT INTO payment (order_id, customer_id, amount, currency, payment_method, status, withdrawn, version, created_at, updated_at, due_at, attempts) VALUES (gen_random_uuid(), 'alice', 1, 'KRW', 'card_ok', 'Pending', false, 1, now(), now(), now() + interval '10 seconds', ";

    [Fact]
    public Task Events_that_cannot_be_published() => RaisedByAsync<StoreService>("ordermall.outbox.age", 3600, Stuck, "DELETE FROM outbox");

    [Fact]
    public Task Events_that_cannot_be_handled() => RaisedByAsync<StoreService>(
        "ordermall.dead_letter.count", 1, "INSERT INTO dead_letter (event_id, topic, type, envelope, parked_at) VALUES ('x', '', '', '', now())", "DELETE FROM dead_letter");

    [Fact]
    public Task Orders_whose_services_have_not_answered_for_minutes() => RaisedByAsync<OrderingService>(
        "ordermall.order.overdue.count", 1, $"{Order} 'Cancelling', false, '[]', 1, now(), now(), now() + interval '20 seconds', NULL, 61)", "DELETE FROM orders");

    [Fact]
    public Task Orders_that_should_have_expired() => RaisedByAsync<OrderingService>(
        "ordermall.order.overdue.count", 1, $"{Order} 'AwaitingPayment', false, '[]', 1, now(), now(), now() + interval '20 seconds', now() - interval '2 minutes', 3)", "DELETE FROM orders");

    [Fact]
    public Task Payments_whose_provider_has_not_answered_for_minutes() => RaisedByAsync<PaymentService>("ordermall.payment.unsettled.count", 1, $"{Payment} 61)", "DELETE FROM payment");

    // Nobody can take it up: the rule makes the statement that does fail.
    [Fact]
    public Task Registrations_that_were_forgotten() => RaisedByAsync<PublishingService>(
        "ordermall.title.overdue.count",
        1,
        """
        CREATE RULE nobody AS ON UPDATE TO registration DO INSTEAD NOTHING;
        INSERT INTO registration (id, publisher_id, title, author, price, currency, copies, status, version, created_at, updated_at, due_at)
        VALUES (gen_random_uuid(), '', '', '', 1, '', 1, 'Pending', 1, now(), now(), now() - interval '2 minutes');
        """,
        "DELETE FROM registration");

    [Fact]
    public async Task What_is_parked_in_the_state_store()
    {
        await using var mypage = await Started<MyPageService>.OnAsync(fixture);
        Assert.Empty(await mypage.RaisedAsync());
        using var malformed = new StringContent("{");
        (await mypage.Service.Internal.PostAsync("/events/dead-letters", malformed)).EnsureSuccessStatusCode();
        Assert.Equal(("ordermall.dead_letter.count", 1d), Assert.Single(await mypage.RaisedAsync()));
        await mypage.Service.AskAsync<DeadLetterAnswer>("/dead-letters/discard", new DeadLetterRequest((await mypage.Service.Internal.GetFromJsonAsync<List<DeadLetterView>>("/dead-letters"))![0].EventId));
        Assert.Empty(await mypage.RaisedAsync());
    }

    [Fact]
    public async Task A_collector_gets_the_same_figures_by_the_meter()
    {
        await using var store = await Started<StoreService>.OnAsync(fixture);
        await store.ExecuteAsync(Stuck);
        await store.ExecuteAsync("INSERT INTO dead_letter (event_id, topic, type, envelope, parked_at) SELECT n::text, '', '', '', now() FROM generate_series(1, 7) n");
        var seen = new List<(string Name, string? Unit, double Value)>();
        using var listener = new MeterListener { InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter.Name == "OrderMall")
                self.EnableMeasurementEvents(instrument);
        } };
        listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => seen.Add((instrument.Name, instrument.Unit, value)));
        listener.SetMeasurementEventCallback<int>((instrument, value, _, _) => seen.Add((instrument.Name, instrument.Unit, value)));
        listener.Start();
        // It is measured in the background: the first to ask gets nothing. Those of other services in this process are among them.
        await Eventually.BecomesAsync(true, () =>
        {
            seen.Clear();
            listener.RecordObservableInstruments();
            return Task.FromResult(seen.Contains(("ordermall.dead_letter.count", "{event}", 7))
                && seen.Exists(figure => figure is { Name: "ordermall.outbox.age", Unit: "s", Value: > 3590 })
                && seen.Contains(("ordermall.ready", "1", 1)));
        });

        // Whoever asks again before that is old is given the same.
        await store.ExecuteAsync("DELETE FROM dead_letter");
        seen.Clear();
        listener.RecordObservableInstruments();
        Assert.Contains(("ordermall.dead_letter.count", "{event}", 7), seen);
    }

    [Fact]
    public async Task What_cannot_be_measured_is_raised()
    {
        await using var store = await Started<StoreService>.OnAsync(fixture);
        await store.ExecuteAsync("ALTER TABLE dead_letter RENAME TO away");
        Assert.Equal(("ordermall.dead_letter.count", null), Assert.Single(await store.RaisedAsync()));
    }

    [Fact]
    public async Task What_cannot_be_measured_twice_is_a_warning_also_where_the_others_can()
    {
        await using var store = await Started<StoreService>.OnAsync(fixture);
        await store.ExecuteAsync("ALTER TABLE dead_letter RENAME TO away");
        await store.RaisedAsync();
        Assert.Empty(Warnings());
        await store.RaisedAsync();
        Assert.Contains("ordermall.dead_letter.count", Assert.Single(Warnings()).Message, StringComparison.Ordinal);

        IEnumerable<FakeLogRecord> Warnings() => store.Service.Logs.GetSnapshot().Where(record => record.Category == typeof(AlarmMeter).FullName);
    }

    private async Task RaisedByAsync<TService>(string name, double atLeast, string fault, string cure)
        where TService : IMallService
    {
        await using var service = await Started<TService>.OnAsync(fixture);
        Assert.Empty(await service.RaisedAsync());
        await service.ExecuteAsync(fault);
        var raised = Assert.Single(await service.RaisedAsync());
        Assert.Equal(name, raised.Name);
        Assert.InRange(raised.Value!.Value, atLeast, atLeast + 60);
        await service.ExecuteAsync(cure);
        Assert.Empty(await service.RaisedAsync());
    }

    private sealed record DeadLetterView(string EventId);

    private sealed class Started<TService>(RunningService<TService> service) : IAsyncDisposable
        where TService : IMallService
    {
        public RunningService<TService> Service => service;

        public static async Task<Started<TService>> OnAsync(ServiceFixture fixture)
        {
            var service = new RunningService<TService>(fixture);
            await service.InitializeAsync();
            return new Started<TService>(service);
        }

        public async Task<List<(string Name, double? Value)>> RaisedAsync() =>
            [.. (await service.Internal.GetFromJsonAsync<List<MeasuredAlarm>>("/alarms", RunningService<TService>.Json))!.Where(alarm => alarm.IsRaised).Select(alarm => (alarm.Name, alarm.Value))];

        public async Task ExecuteAsync(string sql)
        {
            await using var database = NpgsqlDataSource.Create(service.ConnectionString);
            await using var command = database.CreateCommand(sql);
            await command.ExecuteNonQueryAsync();
        }

        public async ValueTask DisposeAsync() => await service.DisposeAsync();
    }
}
