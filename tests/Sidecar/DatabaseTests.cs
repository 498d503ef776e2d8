using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace OrderMall.Sidecar.Tests;

[Collection(PostgresCollection.Name)]
public sealed class DatabaseTests(PostgresServer postgres)
{
    [Fact]
    public async Task The_given_limit_of_connections_holds()
    {
        var given = new NpgsqlConnectionStringBuilder(await postgres.NewDatabaseAsync()) { MaxPoolSize = 3 };
        await using var database = await SidecarDatabase.OpenAsync(given.ConnectionString, CancellationToken.None);
        Assert.Equal(3, new NpgsqlConnectionStringBuilder(database.Durable.ConnectionString).MaxPoolSize);
    }

    [Fact]
    public async Task Connections_that_the_driver_spoiled_fail_one_call_together_and_not_one_each()
    {
        await using var database = await SidecarDatabase.OpenAsync(await postgres.NewDatabaseAsync(), CancellationToken.None);
        using var states = new StateStore(database, NullLogger.Instance);
        var open = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => database.Durable.OpenConnectionAsync().AsTask()));
        foreach (var connection in open)
        {
            // The names that Npgsql is going to give are there already.
            for (var number = 0; number < 32; number++)
            {
                await using var prepare = new NpgsqlCommand($"PREPARE _auto{number} AS SELECT 1", connection);
                await prepare.ExecuteNonQueryAsync();
            }
        }

        foreach (var connection in open)
            await connection.DisposeAsync();

        var failed = 0;
        for (var asked = 0; asked < 40; asked++)
        {
            try
            {
                await states.GetAsync("statestore", $"key {asked}", CancellationToken.None);
            }
            catch (PostgresException)
            {
                failed++;
            }
        }

        Assert.Equal(1, failed);
    }
}
