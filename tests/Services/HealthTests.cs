using System.Net;
using Npgsql;
using OrderMall.ServiceDefaults;
using OrderMall.Store;

namespace OrderMall.Services.Tests;

/// <summary>Readiness goes with the database, and whoever asks often does not ask the database as often.</summary>
[Collection(DoorCollection.Name)]
public sealed class HealthTests(ServiceFixture fixture) : IAsyncLifetime
{
    private readonly RunningService<StoreService> _store = new(fixture);

    public Task InitializeAsync() => _store.InitializeAsync();

    public Task DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task One_query_serves_all_who_ask_within_seconds()
    {
        Assert.Equal(HttpStatusCode.OK, await AskAsync());
        var database = new NpgsqlConnectionStringBuilder(_store.ConnectionString);
        await using var server = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(_store.ConnectionString) { Database = "postgres" });
        await ExecuteAsync($"ALTER DATABASE \"{database.Database}\" ALLOW_CONNECTIONS false");
        await ExecuteAsync($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database.Database}'");
        Assert.All(await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => AskAsync())), status => Assert.Equal(HttpStatusCode.OK, status));
        await Eventually.BecomesAsync(HttpStatusCode.ServiceUnavailable, AskAsync);

        await ExecuteAsync($"ALTER DATABASE \"{database.Database}\" ALLOW_CONNECTIONS true");
        await Eventually.BecomesAsync(HttpStatusCode.OK, AskAsync);

        async Task ExecuteAsync(string sql)
        {
            await using var command = server.CreateCommand(sql);
            await command.ExecuteNonQueryAsync();
        }
    }

    private async Task<HttpStatusCode> AskAsync()
    {
        using var answer = await _store.Internal.GetAsync(Probes.Ready);
        return answer.StatusCode;
    }
}
