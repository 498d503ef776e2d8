using OrderMall.Postgres;

namespace OrderMall.Sidecar.Tests;

/// <summary>One private PostgreSQL for the run; each test has a database of its own in it.</summary>
public sealed class PostgresServer : IAsyncLifetime
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"ordermall-sidecar-{Guid.NewGuid():n}");
    private PostgresCluster? _cluster;

    public async Task InitializeAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        _cluster = await PostgresCluster.StartAsync(_folder, limit.Token);
    }

    public Task<string> NewDatabaseAsync() => _cluster!.CreateDatabaseAsync($"t{Guid.NewGuid():n}");

    public async Task DisposeAsync()
    {
        if (_cluster is not null)
            await _cluster.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}

[CollectionDefinition(Name)]
public sealed class PostgresCollection : ICollectionFixture<PostgresServer>
{
    public const string Name = "postgres";
}
