using OrderMall.Postgres;

namespace OrderMall.Services.Tests;

/// <summary>One PostgreSQL server for the tests of a collection, in a folder of its own.</summary>
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

/// <summary>The tests of what services do.</summary>
[CollectionDefinition(Name)]
public sealed class ServiceCollection : ICollectionFixture<ServiceFixture>
{
    public const string Name = "services";
}

/// <summary>The tests of what comes to the gateway and over connections, which run beside the others: both wait more than they work.</summary>
[CollectionDefinition(Name)]
public sealed class DoorCollection : ICollectionFixture<ServiceFixture>
{
    public const string Name = "door";
}
