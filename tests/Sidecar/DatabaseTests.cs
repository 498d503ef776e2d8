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
}
