using OrderMall.Postgres;

namespace OrderMall.Services.Tests;

/// <summary>One PostgreSQL server for all tests of this assembly, in a folder of its own.</summary>
public sealed class ServiceFixture : IAsyncLifetime
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"ordermall-services-{Guid.NewGuid():N}");
    private PostgresCluster? _cluster;

    public async Task InitializeAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        _cluster = await PostgresCluster.StartAsync(_folder, limit.Token);
    }

    /// <summary>Makes an empty database.</summary>
    /// <returns>Its connection string.</returns>
    public Task<string> CreateDatabaseAsync(string name) => _cluster!.CreateDatabaseAsync($"{name}_{Guid.NewGuid():N}");

    public async Task DisposeAsync()
    {
        if (_cluster is not null)
            await _cluster.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}

/// <summary>The tests that share the server.</summary>
[CollectionDefinition(Name)]
public sealed class ServiceCollectionDefinition : ICollectionFixture<ServiceFixture>
{
    public const string Name = "services";
}
