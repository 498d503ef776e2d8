using System.Collections.Concurrent;
using Npgsql;
using OrderMall.Contracts;
using OrderMall.Postgres;
using OrderMall.ServiceDefaults.Dapr;
using OrderMall.Sidecar;
using OrderMall.Sidecar.Configuration;

namespace OrderMall.Mall;

/// <summary>
/// The mall in one process: every .NET service, the embedded sidecar they talk through, and a private PostgreSQL. Disposing it closes
/// it in order; everything is kept for the next time.
/// </summary>
public sealed class EmbeddedMall : IMallControl, IAsyncDisposable
{
    // Of the private server's 300, over all services. A connection costs PostgreSQL megabytes, and its statements are
    // prepared for each anew: measured on 2 cores, waiting a moment for one of few is cheaper than many.
    private const int ServiceConnections = 80;
    private const int SidecarConnections = 12; // and three of its own: for acknowledgements, and to hold its database
    private static readonly TimeSpan ReachableLimit = TimeSpan.FromSeconds(30);

    private readonly MallOptions _options;
    private readonly IProgress<string>? _progress;
    private readonly IReadOnlyList<InProcessService> _all;
    private readonly Dictionary<string, HostedService> _services = [];
    private readonly ConcurrentDictionary<string, string> _connectionStrings = [];
    private readonly ILoggerFactory _loggers = ConsoleLog.Create();
    private readonly HttpClient _http = new(new ResetConnections(new SocketsHttpHandler { UseProxy = false, UseCookies = false, ConnectTimeout = TimeSpan.FromSeconds(1) }));
    private DataFolder? _folder;
    private PostgresCluster? _postgres;
    private EmbeddedSidecar? _sidecar;
    private ControlApp? _control;
    private AppPlan? _own;
    private bool _disposed;

    private EmbeddedMall(MallOptions options, IProgress<string>? progress)
    {
        (_options, _progress) = (options, progress);
        _all = [.. InProcessService.All.Where(service => options.Demo || !service.IsDemo)];
        var free = LoopbackPort.Find(2);
        Address = AppPlan.At(options.Port == 0 ? free[0] : options.Port);
        var webPort = options.WebPort ?? (options.Port is 0 or 65535 ? 0 : options.Port + 1);
        WebAddress = AppPlan.At(webPort == 0 ? free[1] : webPort);
    }

    /// <summary>The public address.</summary>
    public Uri Address { get; }

    /// <summary>Where the screens are.</summary>
    public Uri WebAddress { get; }

    /// <summary>Opens the mall, and returns when it serves on <see cref="Address"/>.</summary>
    /// <param name="cancellationToken">Ends the attempt and stops whatever was started.</param>
    /// <exception cref="MallException">It cannot be opened; the message says why and what to do.</exception>
    public static async Task<EmbeddedMall> OpenAsync(MallOptions options, IProgress<string>? progress = null, CancellationToken cancellationToken = default)
    {
        var mall = new EmbeddedMall(options, progress);
        try
        {
            await mall.OpenAsync(cancellationToken);
            return mall;
        }
        catch (Exception failed)
        {
            await mall.DisposeAsync();
            // A server that is missing or refuses, or a mistake in a component, by file and line.
            if (failed is PostgresClusterException or SidecarConfigurationException)
                throw new MallException(failed.Message, failed);
            throw;
        }
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<ServiceState>> ServicesAsync(CancellationToken cancellationToken = default)
    {
        var circuits = _sidecar!.Circuits;
        return Task.FromResult<IReadOnlyList<ServiceState>>([.. _services.Values.Select(service => new ServiceState(
            service.Plan.AppId,
            service.Status,
            service.Status == ServiceStatus.Running ? 1 : 0,
            service.Restarts,
            [.. circuits.Where(circuit => circuit.AppId == service.Plan.AppId).Select(circuit => new CircuitView(circuit.Target, circuit.State))]))]);
    }

    /// <inheritdoc/>
    public bool Has(string appId) => _services.ContainsKey(appId);

    /// <inheritdoc/>
    public async Task StopServiceAsync(string appId)
    {
        await _services[appId].StopAsync();
        _sidecar!.Probe(appId);
    }

    /// <inheritdoc/>
    public async Task StartServiceAsync(string appId, CancellationToken cancellationToken = default)
    {
        await _services[appId].StartAsync(cancellationToken);
        await ReachableAsync(_services[appId].Plan, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task RestartServiceAsync(string appId, CancellationToken cancellationToken = default)
    {
        await _services[appId].RestartAsync(cancellationToken);
        if (_services[appId].Status == ServiceStatus.Running)
            await ReachableAsync(_services[appId].Plan, cancellationToken);
    }

    /// <summary>Closes the mall: first the gateway, then what operators start and stop services by, then the services, then the sidecar, then PostgreSQL. Takes at most some 40 s.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
            return;
        _disposed = true;
        if (_services.TryGetValue(AppIds.Gateway, out var gateway))
            await gateway.StopAsync();
        // Before the services: nothing starts one again behind its stop.
        if (_control is not null)
            await _control.DisposeAsync();
        await Task.WhenAll(_services.Values.Select(service => service.StopAsync()));
        if (_sidecar is not null)
            await _sidecar.DisposeAsync();
        NpgsqlConnection.ClearAllPools();
        if (_postgres is not null)
            await _postgres.DisposeAsync();
        _folder?.Dispose();
        _http.Dispose();
        _loggers.Dispose();
    }

    private async Task OpenAsync(CancellationToken cancellationToken)
    {
        _folder = DataFolder.Open(_options.DataDirectory);
        foreach (var (port, option) in new[] { (Address.Port, "--port"), (WebAddress.Port, "--web-port") })
        {
            if (!LoopbackPort.IsFree(port))
                throw new MallException($"Port {port} is taken by another program, or not open to this user. Choose another with {option}.");
        }

        _folder.Announce(Address);
        var components = Components.Find(_options.ComponentsPath);
        EmbeddedSidecar.CheckResources(components);

        var databases = await ServerAsync(cancellationToken);
        var plans = AppPlan.Make(_all.Select(service => service.AppId), Address, WebAddress);
        // The sidecar before the services: a mistake in the components is said before anything else is started.
        await TogetherAsync([token => MakeDatabasesAsync(databases, token), token => StartSidecarAsync(databases, components, plans, token)], cancellationToken);

        Report("Starting the services");
        foreach (var service in _all)
        {
            var plan = plans.First(plan => plan.AppId == service.AppId);
            _services[service.AppId] = new HostedService(service, plan, plan.Settings(_connectionStrings.GetValueOrDefault(service.AppId), Address, _options), _loggers.CreateLogger<EmbeddedMall>());
        }

        _own = plans[^1];
        var provider = _services.GetValueOrDefault(AppIds.PaymentProvider)?.Plan;
        _control = new ControlApp(_own.Address, _own.ApiToken, _own.AppToken, this, provider is null ? null : (provider.Address, provider.AppToken));
        var behindGateway = _services.Values.Where(service => service.Plan.AppId != AppIds.Gateway).ToList();
        await TogetherAsync([.. behindGateway.Select(service => (Func<CancellationToken, Task>)service.StartAsync), _control.StartAsync], cancellationToken);
        await Task.WhenAll(plans.Where(plan => plan.AppId != AppIds.Gateway).Select(plan => ReachableAsync(plan, cancellationToken)));

        Report("Opening the gateway");
        await StartServiceAsync(AppIds.Gateway, cancellationToken);
    }

    private async Task<PostgresDatabases> ServerAsync(CancellationToken cancellationToken)
    {
        if (_options.ConnectionString is null)
        {
            Report("Starting PostgreSQL");
            _postgres = await PostgresCluster.StartAsync(_folder!.Postgres, cancellationToken);
            return _postgres.Databases;
        }

        Report("Connecting to the given PostgreSQL server");
        return new PostgresDatabases(_options.ConnectionString, PostgresDatabases.SharedPrefix);
    }

    private Task MakeDatabasesAsync(PostgresDatabases server, CancellationToken cancellationToken)
    {
        var withDatabase = _all.Where(service => service.Database is not null).ToList();
        var each = Math.Max(5, ServiceConnections / withDatabase.Count);
        return Task.WhenAll(withDatabase.Select(service => MakeDatabaseAsync(server, service.AppId, service.Database!, each, cancellationToken)));
    }

    private async Task MakeDatabaseAsync(PostgresDatabases server, string appId, string name, int connections, CancellationToken cancellationToken) =>
        _connectionStrings[appId] = await server.CreateAsync(name, connections, cancellationToken);

    private async Task StartSidecarAsync(PostgresDatabases server, string components, IReadOnlyList<AppPlan> plans, CancellationToken cancellationToken)
    {
        await MakeDatabaseAsync(server, "sidecar", "sidecar", SidecarConnections, cancellationToken);
        var settings = new SidecarOptions
        {
            ResourcesPath = components,
            ConnectionString = _connectionStrings["sidecar"],
            Apps = [.. plans.Select(plan => plan.ToSidecarApp())],
        };
        try
        {
            _sidecar = await Task.Run(() => EmbeddedSidecar.StartAsync(settings, _loggers, cancellationToken), cancellationToken);
        }
        catch (Exception failed) when (failed is not (OperationCanceledException or SidecarConfigurationException))
        {
            throw new MallException($"The sidecar could not start: {failed.Message}", failed);
        }
    }

    /// <summary>Waits until the sidecar forwards calls to the app.</summary>
    private async Task ReachableAsync(AppPlan plan, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(ReachableLimit);
        try
        {
            while (!await _control!.ReachesAsync(plan.AppId, _own!.SidecarPort, _http, limit.Token))
            {
                _sidecar!.Probe(plan.AppId);
                await Task.Delay(20, limit.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new MallException($"{plan.AppId} did not become healthy within {ReachableLimit.TotalSeconds:0} s.");
        }
    }

    /// <summary>Runs all at once. The first failure ends the others and is thrown when they have ended.</summary>
    private static async Task TogetherAsync(IReadOnlyList<Func<CancellationToken, Task>> actions, CancellationToken cancellationToken)
    {
        using var together = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var tasks = actions.Select(action => action(together.Token)).ToList();
        try
        {
            await foreach (var done in Task.WhenEach(tasks))
                await done;
        }
        catch
        {
            await together.CancelAsync();
            await Task.WhenAll(tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
    }

    private void Report(string step) => _progress?.Report(step);
}
