using Aspire.Hosting.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

// A mall at a time: each takes both cores while it opens.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace OrderMall.AppHost.Tests;

/// <summary>The mall as the AppHost opens it, with a private PostgreSQL and the embedded sidecar, two instances of what is replicated, and the dashboard.</summary>
public sealed class OpenAppHost : MallPeople, IAsyncLifetime
{
    private static readonly TimeSpan OpenLimit = TimeSpan.FromMinutes(5);
    private readonly string _data = Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), $"ordermall-apphost-{Guid.NewGuid():N}")).FullName;
    private Uri? _address;

    public DistributedApplication App { get; private set; } = null!;

    public override Uri Address => _address!;

    /// <summary>The dashboard's address, and the key with which its telemetry can be asked for.</summary>
    public (Uri Address, string Key) Dashboard { get; private set; }

    public ResourceNotificationService Notifications => App.Services.GetRequiredService<ResourceNotificationService>();

    public async Task InitializeAsync()
    {
        using var limit = new CancellationTokenSource(OpenLimit);
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.AppHost>(
            ["--Mall:Port", "0", "--Mall:Data", _data, "--Mall:Replicas", "2"],
            static (options, _) => options.DisableDashboard = false,
            limit.Token);
        // A dozen programs' console logs: they would bury what the tests say.
        builder.Services.AddLogging(logging => logging.AddFilter("OrderMall.AppHost.Resources", LogLevel.None));
        App = await builder.BuildAsync(limit.Token);
        await App.StartAsync(limit.Token);
        await Notifications.WaitForResourceHealthyAsync("gateway", limit.Token);
        _address = App.GetEndpoint("gateway", "http");
        var configuration = App.Services.GetRequiredService<IConfiguration>();
        var dashboard = await Notifications.WaitForResourceAsync("aspire-dashboard", change => change.Snapshot.Urls.Any(url => url is { Name: "http", IsInactive: false }), limit.Token);
        Dashboard = (new Uri(dashboard.Snapshot.Urls.First(url => url.Name == "http").Url), configuration["AppHost:DashboardApiKey"]!);
    }

    public async Task DisposeAsync()
    {
        if (App is not null)
            await App.DisposeAsync();
        Directory.Delete(_data, recursive: true);
    }

    /// <summary>The process of a resource.</summary>
    public async Task<int> ProcessIdAsync(string resource)
    {
        var running = await Notifications.WaitForResourceAsync(resource, change => change.Snapshot.State?.Text == KnownResourceStates.Running).WaitAsync(TimeSpan.FromSeconds(30));
        return (int)running.Snapshot.Properties.Single(property => property.Name == "executable.pid").Value!;
    }
}

/// <summary>Tests that share the one mall: opening it costs most of their time.</summary>
[CollectionDefinition(Name)]
public sealed class AppHostCollection : ICollectionFixture<OpenAppHost>
{
    public const string Name = "AppHost";
}
