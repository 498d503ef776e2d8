using System.Diagnostics;
using System.Globalization;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using OrderMall.AppHost.Supervision;
using OrderMall.AppHost.Postgres;
using OrderMall.Postgres;

namespace OrderMall.Chaos;

/// <summary>A mall that this process opens by the AppHost. Its services are processes: here they are found, to be looked at and harmed.</summary>
public sealed class AppHostMall : MallPeople, IAsyncDisposable
{
    private const string Sidecar = "sidecar";
    private const int LastLines = 8;
    private static readonly TimeSpan OpeningLimit = TimeSpan.FromMinutes(5);
    private readonly DistributedApplication _app;
    private readonly MallServices _services;

    private AppHostMall(DistributedApplication app)
    {
        _app = app;
        _services = app.Services.GetRequiredService<MallServices>();
    }

    /// <inheritdoc/>
    public override Uri Address => _app.GetEndpoint("gateway", "http");

    /// <summary>The application as Aspire has it.</summary>
    public DistributedApplication App => _app;

    /// <summary>What operators can do to its services.</summary>
    public IMallControl Control => _services;

    /// <summary>The services, by app id.</summary>
    public IReadOnlyList<string> ServiceIds => [.. _services.Apps.Select(app => app.AppId)];

    /// <summary>The sidecar's process; <see langword="null"/> while it does not run.</summary>
    public int? SidecarProcessId => ProcessIdOf(Sidecar);

    /// <summary>PostgreSQL's process: the last one that was ready.</summary>
    public int? PostgresProcessId =>
        Notifications.TryGetCurrentState("postgres", out var server) ? server.Snapshot.Properties.FirstOrDefault(property => property.Name == "executable.pid")?.Value as int? : null;

    /// <summary>What Aspire says of its resources.</summary>
    public ResourceNotificationService Notifications => _app.Services.GetRequiredService<ResourceNotificationService>();

    /// <summary>Opens it on a free port, and returns when it serves.</summary>
    /// <param name="data">Its folder; made where it is missing.</param>
    /// <param name="prepare">Changes what the AppHost has planned, before anything is started.</param>
    public static async Task<AppHostMall> OpenAsync(
        string data, IReadOnlyList<string> settings, Action<IDistributedApplicationTestingBuilder>? prepare = null, bool dashboard = false, CancellationToken cancellationToken = default)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(OpeningLimit);
        Directory.CreateDirectory(data);
        var opening = Stopwatch.StartNew();
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.AppHost>(
            ["--Mall:Port", "0", "--Mall:Data", data, .. settings], (options, _) => options.DisableDashboard = !dashboard, limit.Token);
        // A dozen programs' console logs: they would bury what is to be read.
        builder.Services.AddLogging(logging => logging.AddFilter("OrderMall.AppHost.Resources", LogLevel.None));
        prepare?.Invoke(builder);
        var app = await builder.BuildAsync(limit.Token);
        var mall = new AppHostMall(app);
        try
        {
            await app.StartAsync(limit.Token);
            await mall.Notifications.WaitForResourceHealthyAsync("gateway", limit.Token);
            await mall.Notifications.WaitForResourceHealthyAsync("web", limit.Token);
            OpenMall.OpenedIn(opening.Elapsed);
            return mall;
        }
        catch (Exception failed)
        {
            // Where the AppHost gives up, its start is cancelled, as it is at the limit: neither says why.
            var why = await mall.WhyNotOpenAsync();
            await app.DisposeAsync();
            throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"The mall was not open after {opening.Elapsed.TotalSeconds:0} s. {why}"), failed);
        }
    }

    /// <summary>How many instances of a service there are to be.</summary>
    public int InstancesOf(string appId) => _services.Apps.First(app => app.AppId == appId).Instances.Count;

    /// <summary>The process of an instance; <see langword="null"/> while it does not run.</summary>
    /// <param name="instance">Its instance, counted from 0.</param>
    public int? ProcessId(string appId, int instance) => ProcessIdOf(_services.Apps.First(app => app.AppId == appId).Instances[instance].Name);

    /// <summary>The processes of a service.</summary>
    public IReadOnlyList<int> ProcessIds(string appId) => [.. Enumerable.Range(0, InstancesOf(appId)).Select(instance => ProcessId(appId, instance)).OfType<int>()];

    /// <summary>All processes that run: of the services, the sidecar and PostgreSQL.</summary>
    public IReadOnlyList<int> ProcessIds() => [.. ServiceIds.SelectMany(ProcessIds), .. new[] { SidecarProcessId, PostgresProcessId }.OfType<int>()];

    /// <summary>An Npgsql connection string of a service's database, or the sidecar's.</summary>
    public Task<string> ConnectionStringAsync(string appId) =>
        _app.Services.GetRequiredService<Databases>().ConnectionStringAsync(PostgresDatabases.NameOf(appId), pool: 5, CancellationToken.None);

    /// <summary>Which app, and which instance of it counted from 0, a resource is; <see langword="null"/> where it is none of a service.</summary>
    public static (string AppId, int Instance)? InstanceOf(IServiceProvider services, string resource)
    {
        foreach (var app in services.GetRequiredService<MallServices>().Apps)
        {
            if (app.Instances.Select(instance => instance.Name).ToList().IndexOf(resource) is var index and >= 0)
                return (app.AppId, index);
        }

        return null;
    }

    /// <summary>Writes what every program has said on its console, a file for each.</summary>
    public async Task WriteLogsAsync(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (var (name, lines) in await LogsAsync())
            await File.WriteAllLinesAsync(Path.Combine(folder, name + ".log"), lines);
    }

    /// <summary>What every program has said on its console.</summary>
    public async Task<IReadOnlyList<(string Name, IReadOnlyList<string> Lines)>> LogsAsync()
    {
        var logs = _app.Services.GetRequiredService<ResourceLoggerService>();
        var told = new List<(string, IReadOnlyList<string>)>();
        foreach (var program in _services.Programs.Where(program => program.Latest is not null))
        {
            var lines = new List<string>();
            await foreach (var batch in logs.GetAllAsync(program.Latest!.ResourceId))
                lines.AddRange(batch.Select(line => line.Content));
            told.Add((program.Name, lines));
        }

        return told;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task<string> WhyNotOpenAsync()
    {
        if (_app.Services.GetRequiredService<MallState>().Failure is { IsCompletedSuccessfully: true, Result: { } reason })
            return reason;
        var states = _services.Programs.Select(program => $"{program.Name} {program.State} {program.Latest?.Snapshot.HealthStatus}").Append($"postgres {PostgresProcessId}");
        var logs = (await LogsAsync()).SelectMany(program => program.Lines.TakeLast(LastLines).Select(line => $"{program.Name}: {line}"));
        return string.Join(Environment.NewLine, states.Concat(logs));
    }

    private int? ProcessIdOf(string resource) => _services.Programs.First(program => program.Name == resource) is { IsRunning: true } running ? running.ProcessId : null;
}
