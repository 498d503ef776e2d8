using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using OrderMall.ServiceDefaults;
using OrderMall.ServiceDefaults.Database;

namespace OrderMall.Services.Tests;

/// <summary>The SQL files make exactly the tables and columns that the EF models use.</summary>
[Collection(ServiceCollection.Name)]
public sealed class SchemaTests(ServiceFixture fixture)
{
    [Fact]
    public Task Gateway() => AgreesAsync<Gateway.GatewayService, Gateway.GatewayDb>();

    [Fact]
    public Task Ordering() => AgreesAsync<Ordering.OrderingService, Ordering.OrderingDb>();

    [Fact]
    public Task Catalog() => AgreesAsync<Catalog.CatalogService, Catalog.CatalogDb>();

    [Fact]
    public Task Payment() => AgreesAsync<Payment.PaymentService, Payment.PaymentDb>();

    [Fact]
    public Task PaymentProvider() => AgreesAsync<PaymentProvider.PaymentProviderService, PaymentProvider.Ledger>();

    [Fact]
    public Task Store() => AgreesAsync<Store.StoreService, Store.StoreDb>();

    [Fact]
    public Task Delivery() => AgreesAsync<Delivery.DeliveryService, Delivery.DeliveryDb>();

    [Fact]
    public Task Dispatch() => AgreesAsync<Dispatch.DispatchService, Dispatch.DispatchDb>();

    [Fact]
    public Task Publishing() => AgreesAsync<Publishing.PublishingService, Publishing.PublishingDb>();

    [Fact]
    public Task Notification() => AgreesAsync<Notification.NotificationService, Notification.NotificationDb>();

    [Fact]
    public async Task An_index_whose_making_was_cut_off_is_made_again()
    {
        var connectionString = await fixture.CreateDatabaseAsync("cut_off");
        await StartsAsync(connectionString);
        await using var database = NpgsqlDataSource.Create(connectionString);
        await using var cutOff = database.CreateCommand(
            """
            UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'offer_terms'::regclass;
            DELETE FROM schema_migration WHERE name = '017_terms_index.sql';
            """);
        Assert.Equal(2, await cutOff.ExecuteNonQueryAsync());
        await StartsAsync(connectionString);
        await using var valid = database.CreateCommand(
            "SELECT indisvalid FROM pg_index, schema_migration WHERE indexrelid = 'offer_terms'::regclass AND name = '017_terms_index.sql'");
        Assert.Equal(true, await valid.ExecuteScalarAsync());

        // And one that was made, but not written down, is left as it is.
        await using var unwritten = database.CreateCommand("DELETE FROM schema_migration WHERE name = '017_terms_index.sql' RETURNING (SELECT 'offer_terms'::regclass::oid)");
        var made = await unwritten.ExecuteScalarAsync();
        await StartsAsync(connectionString);
        await using var same = database.CreateCommand("SELECT 'offer_terms'::regclass::oid FROM schema_migration WHERE name = '017_terms_index.sql'");
        Assert.Equal(made, await same.ExecuteScalarAsync());
    }

    // What is made CONCURRENTLY waits for every other statement, and no replica may wait for it by one.
    [Fact]
    public async Task Replicas_that_start_together_make_each_index_once()
    {
        var connectionString = await fixture.CreateDatabaseAsync("together");
        await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => StartsAsync(connectionString)));
    }

    private static async Task StartsAsync(string connectionString)
    {
        await using var app = Create<Catalog.CatalogService>(connectionString);
        await app.StartAsync();
        await app.StopAsync();
    }

    private static WebApplication Create<TService>(string connectionString)
        where TService : IMallService =>
        ServiceHost.Create<TService>(
            ["--urls", "http://127.0.0.1:0", "--DAPR_GRPC_PORT", "50001", "--APP_API_TOKEN", "token", "--Mall:Demo", "true", $"--ConnectionStrings:{TService.AppId}", connectionString]);

    private async Task AgreesAsync<TService, TDb>()
        where TService : IMallService
        where TDb : MallDb
    {
        var connectionString = await fixture.CreateDatabaseAsync(TService.AppId.Replace('-', '_'));
        await using var app = Create<TService>(connectionString);
        await app.StartAsync();
        await using var scope = app.Services.CreateAsyncScope();
        var model = scope.ServiceProvider.GetRequiredService<TDb>().Model.GetRelationalModel().Tables
            .SelectMany(table => table.Columns.Select(column => Describe(table.Name, column.Name, column.StoreType, column.IsNullable)));
        var schema = await ColumnsAsync(connectionString);
        Assert.Equal(schema.Order(), model.Order());
        await app.StopAsync();
    }

    private static async Task<List<string>> ColumnsAsync(string connectionString)
    {
        await using var database = NpgsqlDataSource.Create(connectionString);
        await using var command = database.CreateCommand(
            """
            SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull
            FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
            WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
              AND c.relname <> 'schema_migration'
            """);
        await using var reader = await command.ExecuteReaderAsync();
        var columns = new List<string>();
        while (await reader.ReadAsync())
            columns.Add(Describe(reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetBoolean(3)));
        return columns;
    }

    // PostgreSQL writes numeric(18,2) as EF does, but for a space in other lists.
    private static string Describe(string table, string column, string type, bool nullable) =>
        $"{table}.{column} {type.Replace(", ", ",")}{(nullable ? " null" : "")}";
}
