using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using OrderMall.Contracts;
using OrderMall.Contracts.Events;
using OrderMall.Delivery;

namespace OrderMall.Services.Tests;

/// <summary>A database connection that fails for good is not used for good.</summary>
[Collection(DoorCollection.Name)]
public sealed class SpoiledConnectionTests(ServiceFixture fixture) : IAsyncLifetime
{
    private readonly RunningService<DeliveryService> _delivery = new(fixture);

    public Task InitializeAsync() => _delivery.InitializeAsync();

    public Task DisposeAsync() => _delivery.DisposeAsync();

    [Fact]
    public async Task What_the_driver_has_forgotten_to_have_prepared_is_said_to_be_away_and_forgotten()
    {
        using var courier = _delivery.As("courier", Roles.Courier);
        await SpoilAsync(connections: 4);

        var answers = new List<HttpStatusCode>();
        await Eventually.BecomesAsync(true, async () =>
        {
            using var answer = await courier.GetAsync("/api/deliveries");
            answers.Add(answer.StatusCode);
            return answers.TakeLast(10).Count(status => status == HttpStatusCode.OK) == 10;
        });

        Assert.DoesNotContain(HttpStatusCode.InternalServerError, answers);
    }

    [Fact]
    public async Task Those_of_a_server_that_went_away_fail_one_request_together_and_not_one_each()
    {
        using var courier = _delivery.As("courier", Roles.Courier);
        await WithConnectionsAsync(6, _ => Task.CompletedTask);
        await using (var operators = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(_delivery.ConnectionString) { Pooling = false }))
        {
            await using var end = operators.CreateCommand("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
            Assert.InRange((long)(await end.ExecuteScalarAsync())!, 6, long.MaxValue);
        }

        var answers = new List<HttpStatusCode>();
        for (var asked = 0; asked < 12; asked++)
        {
            using var answer = await courier.GetAsync("/api/deliveries");
            answers.Add(answer.StatusCode);
        }

        Assert.InRange(answers.Count(status => status != HttpStatusCode.OK), 0, 1);
    }

    [Fact]
    public async Task They_fail_one_event_together_and_not_one_each()
    {
        await SpoilAsync(connections: 6);

        var statuses = new List<string>();
        for (var delivered = 0; delivered < 40; delivered++)
        {
            // Without an effect: what is published would meet them too.
            var order = Orders.Table();
            statuses.Add(await _delivery.TryDeliverAsync(StoreEvent.OrderReceived, new StoreEvent(
                order.OrderId, 1, order.At, order.MerchantId, order.CustomerId, order.Title, order.Quantity, order.Fulfilment, order.Destination, order.Date, Reason: null)));
        }

        Assert.Equal(1, statuses.Count(status => status != "SUCCESS"));
    }

    // The names that Npgsql is going to give are there already.
    private Task SpoilAsync(int connections) => WithConnectionsAsync(connections, async connection =>
    {
        for (var number = 0; number < 40; number++)
        {
            await using var prepare = new NpgsqlCommand(
                $"DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_prepared_statements WHERE name = '_auto{number}') THEN EXECUTE 'PREPARE _auto{number} AS SELECT 1'; END IF; END $$", connection);
            await prepare.ExecuteNonQueryAsync();
        }
    });

    // So many of the service's own at once, which its pool has from then on.
    private async Task WithConnectionsAsync(int connections, Func<NpgsqlConnection, Task> act)
    {
        var database = _delivery.Services.GetRequiredService<NpgsqlDataSource>();
        var open = await Task.WhenAll(Enumerable.Range(0, connections).Select(_ => database.OpenConnectionAsync().AsTask()));
        foreach (var connection in open)
        {
            await act(connection);
            await connection.DisposeAsync();
        }
    }
}
