using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

// Each mall mostly waits once it is open.
[assembly: CollectionBehavior(MaxParallelThreads = 3)]

namespace OrderMall.AppHost.Tests;

/// <summary>A mall that the AppHost opens for tests that share it: opening it costs most of their time.</summary>
public abstract class AppHostFixture : MallPeople, IAsyncLifetime
{
    private AppHostMall? _mall;

    /// <inheritdoc/>
    public override Uri Address => Mall.Address;

    /// <summary>Its processes.</summary>
    public AppHostMall Mall => _mall!;

    /// <summary>Where it keeps everything. Open to other users: PostgreSQL does not run as root.</summary>
    protected internal string Data { get; } = Path.Combine(Path.GetTempPath(), $"ordermall-apphost-{Guid.NewGuid():N}");

    /// <inheritdoc/>
    public virtual async Task InitializeAsync()
    {
        await PrepareAsync();
        _mall = await OpenAsync();
    }

    /// <inheritdoc/>
    public virtual async Task DisposeAsync()
    {
        if (_mall is not null)
            await _mall.DisposeAsync();
        Directory.Delete(Data, recursive: true);
    }

    /// <summary>Waits until what the test before ended is back.</summary>
    public async Task IsWellAsync()
    {
        await Eventually.Is(true, async () => (await Mall.Control.ServicesAsync(CancellationToken.None)).All(service => service.Instances == Mall.InstancesOf(service.AppId)));
        await Eventually.Is(HttpStatusCode.OK, async () => (await Anyone.GetAsync("/api/offers?limit=1")).Status);
        var (shop, customer) = (await Eventually.Answers(BookshopAsync), await Eventually.Answers(NewCustomerAsync));
        var offer = await Eventually.Answers(() => shop.SellBookAsync());
        await Eventually.Is(HttpStatusCode.Created, async () => (await customer.OrderAsync(offer)).Status);
    }

    /// <summary>Waits until all instances of a service are others than those.</summary>
    public Task HasReplacedAsync(string appId, IReadOnlyList<int> gone, TimeSpan within) => Eventually.Is(
        true,
        async () => Mall.ProcessIds(appId) is { } now && now.Count == Mall.InstancesOf(appId) && !now.Intersect(gone).Any()
            && (await Mall.Control.ServicesAsync(CancellationToken.None)).Single(service => service.AppId == appId).Instances == now.Count,
        within);

    /// <summary>Runs a statement in a service's database, or the sidecar's.</summary>
    /// <returns>How many rows it changed.</returns>
    public async Task<int> ExecuteAsync(string appId, string sql, params object[] values)
    {
        await using var database = NpgsqlDataSource.Create(await Mall.ConnectionStringAsync(appId));
        await using var command = database.CreateCommand(sql);
        foreach (var value in values)
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        return await command.ExecuteNonQueryAsync();
    }

    /// <summary>Counts rows in a service's database, or the sidecar's.</summary>
    public async Task<long> CountAsync(string appId, string rows)
    {
        await using var database = NpgsqlDataSource.Create(await Mall.ConnectionStringAsync(appId));
#pragma warning disable CA2100 // It is the tests' own.
        await using var command = database.CreateCommand($"SELECT count(*) FROM {rows}");
#pragma warning restore CA2100
        return (long)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>Makes what it needs to be opened.</summary>
    protected virtual Task PrepareAsync() => Task.CompletedTask;

    /// <summary>Opens it.</summary>
    protected abstract Task<AppHostMall> OpenAsync();
}

/// <summary>The mall as the AppHost opens it, with a private PostgreSQL and the embedded sidecar, two instances of what is replicated, and the dashboard.</summary>
public sealed class OpenAppHost : AppHostFixture
{
    public DistributedApplication App => Mall.App;

    /// <summary>The dashboard's address, and the key with which its telemetry can be asked for.</summary>
    public (Uri Address, string Key) Dashboard { get; private set; }

    public ResourceNotificationService Notifications => Mall.Notifications;

    /// <inheritdoc/>
    protected override async Task<AppHostMall> OpenAsync()
    {
        var mall = await AppHostMall.OpenAsync(Data, ["--Mall:Replicas", "2"], dashboard: true);
        var dashboard = await mall.Notifications.WaitForResourceAsync("aspire-dashboard", change => change.Snapshot.Urls.Any(url => url is { Name: "http", IsInactive: false }))
            .WaitAsync(TimeSpan.FromMinutes(1));
        Dashboard = (new Uri(dashboard.Snapshot.Urls.First(url => url.Name == "http").Url), mall.App.Services.GetRequiredService<IConfiguration>()["AppHost:DashboardApiKey"]!);
        return mall;
    }

    /// <summary>The process of a resource.</summary>
    public async Task<int> ProcessIdAsync(string resource)
    {
        var running = await Notifications.WaitForResourceAsync(resource, change => change.Snapshot.State?.Text == KnownResourceStates.Running).WaitAsync(TimeSpan.FromSeconds(30));
        return (int)running.Snapshot.Properties.Single(property => property.Name == "executable.pid").Value!;
    }
}

/// <summary>The same without the dashboard, and with nobody to send traces to: for those who measure what people wait for.</summary>
public sealed class UnwatchedAppHost : AppHostFixture
{
    /// <inheritdoc/>
    protected override Task<AppHostMall> OpenAsync() => AppHostMall.OpenAsync(Data, ["--Mall:Replicas", "2"], builder =>
    {
        foreach (var program in builder.Resources.OfType<IResourceWithEnvironment>().ToList())
            builder.CreateResourceBuilder(program).WithEnvironment(context => context.EnvironmentVariables.Remove("OTEL_EXPORTER_OTLP_ENDPOINT"));
    });
}

/// <summary>Tests that share <see cref="OpenAppHost"/>.</summary>
[CollectionDefinition(Name)]
public sealed class AppHostCollection : ICollectionFixture<OpenAppHost>
{
    public const string Name = "AppHost";
}

/// <summary>The tests that measure what people wait for, or change one mall after the other: after all others, one at a time.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    public const string Name = "alone";
}
