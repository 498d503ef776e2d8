using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Sockets;
using Npgsql;
using OrderMall.Contracts;
using OrderMall.Mall.Hosting;
using OrderMall.Postgres;
using OrderMall.ServiceDefaults.Dapr;
using OrderMall.Sidecar;

namespace OrderMall.Mall;

/// <summary>
/// The whole mall on one machine without Docker and Dapr: every service, the sidecar they talk through, and
/// PostgreSQL. Disposing it closes it in order; everything is kept for the next time.
/// </summary>
public sealed partial class EmbeddedMall : IMallControl, IAsyncDisposable
{
    // Of the private server's 300, over all services. A connection costs PostgreSQL megabytes, and its statements are
    // prepared for each anew: measured on 2 cores, waiting a moment for one of few is cheaper than many.
    private const int ServiceConnections = 80;
    private const int SidecarConnections = 12; // and three of its own: for acknowledgements, and to hold its database
    private static readonly TimeSpan ServerAnswerLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ReachableLimit = TimeSpan.FromSeconds(30);

    private readonly MallOptions options;
    private readonly IProgress<string>? progress;
    private readonly Dictionary<string, HostedService> services = [];
    private readonly ConcurrentDictionary<string, string> connectionStrings = [];
    private readonly ILoggerFactory loggers = ConsoleLog.Create();
    private readonly HttpClient http = new(new ResetConnections(new SocketsHttpHandler { UseProxy = false, UseCookies = false, ConnectTimeout = TimeSpan.FromSeconds(1) }));
    private readonly ILogger logger;
    private DataFolder? folder;
    private PostgresCluster? postgres;
    private ISidecarHost? sidecar;
    private Python? python;
    private ControlApp? control;
    private Door? door;
    private bool disposed;

    private EmbeddedMall(MallOptions options, IProgress<string>? progress)
    {
        (this.options, this.progress) = (options, progress);
        logger = loggers.CreateLogger("OrderMall.Mall");
        Address = AppPlan.At(options.Port == 0 ? LoopbackPort.Find(1)[0] : options.Port);
    }

    /// <summary>The public address.</summary>
    public Uri Address { get; }

    /// <summary>The private server's process; <see langword="null"/> while it is started again, or where an existing server is used.</summary>
    public int? PostgresProcessId => postgres?.ProcessId;

    /// <summary>The sidecar's process, or <see langword="null"/> where it is in this one.</summary>
    public int? SidecarProcessId => (sidecar as SidecarProcess)?.ProcessId;

    /// <summary>The databases by app id (and <c>sidecar</c>), as Npgsql connection strings.</summary>
    public IReadOnlyDictionary<string, string> ConnectionStrings => connectionStrings;

    /// <summary>Opens the mall, and returns when it serves on <see cref="Address"/>.</summary>
    /// <param name="progress">Told of each step, for people.</param>
    /// <param name="ct">Ends the attempt and stops whatever was started.</param>
    /// <exception cref="MallException">It cannot be opened; the message says why and what to do.</exception>
    /// <exception cref="PostgresClusterException">PostgreSQL is missing or cannot be run.</exception>
    /// <exception cref="SidecarConfigurationException">A component or policy is wrong; the message names file and line.</exception>
    public static async Task<EmbeddedMall> OpenAsync(MallOptions options, IProgress<string>? progress = null, CancellationToken ct = default)
    {
        var mall = new EmbeddedMall(options, progress);
        try
        {
            await mall.OpenAsync(ct);
            return mall;
        }
        catch
        {
            await mall.DisposeAsync();
            throw;
        }
    }

    /// <summary>What every service is doing.</summary>
    public async Task<IReadOnlyList<ServiceState>> ServicesAsync(CancellationToken ct = default)
    {
        var circuits = await sidecar!.CircuitsAsync(ct);
        return [.. services.Values.Select(service => new ServiceState(
            service.Plan.AppId,
            service.Status,
            service.RunningInstances,
            service.Restarts,
            [.. circuits.Where(c => c.AppId == service.Plan.AppId).Select(c => new CircuitView(c.Target, c.State))]))];
    }

    /// <summary>The services, by app id.</summary>
    public IReadOnlyCollection<string> ServiceIds => services.Keys;

    /// <summary>Whether the gateway can be restarted like the others: people do not see it where its instances share the public port.</summary>
    public bool GatewayIsReplaceable => door is not null;

    /// <summary>Whether there is a service of that app id.</summary>
    public bool Has(string appId) => services.ContainsKey(appId);

    /// <summary>Stops one service in order; the others stay. Returns when it is stopped, at once where it is already.</summary>
    public async Task StopServiceAsync(string appId)
    {
        await services[appId].StopAsync();
        sidecar!.Probe(appId);
    }

    /// <summary>Starts one service again. Returns when others reach it, at once where it runs already.</summary>
    /// <param name="ct">Ends the attempt; the service stays stopped.</param>
    /// <exception cref="MallException">It could not start.</exception>
    public async Task StartServiceAsync(string appId, CancellationToken ct = default)
    {
        var service = services[appId];
        try
        {
            await service.StartAsync(ct);
        }
        catch (Exception failed) when (failed is not OperationCanceledException)
        {
            throw failed as MallException ?? new MallException($"{appId} could not start: {failed.Message}", failed);
        }

        await ReachableAsync(service.Plan, ct);
    }

    /// <summary>
    /// Restarts the running instances of a service one after the other, each when the one before has work again: with two or more
    /// nothing is refused meanwhile. Each is given some ten seconds to finish what it has.
    /// </summary>
    /// <param name="ct">Ends it after the instance in hand.</param>
    /// <exception cref="MallException">
    /// One did not start again, or got no work; those after it are untouched. Or the service is being restarted already, or was
    /// stopped meanwhile.
    /// </exception>
    public async Task RestartServiceAsync(string appId, CancellationToken ct = default)
    {
        var service = services[appId];
        try
        {
            await service.RestartAsync(token => HealthyAsync(service, token), ct);
        }
        catch (Exception failed) when (failed is not (OperationCanceledException or MallException))
        {
            throw new MallException($"{appId} could not start again: {failed.Message}", failed);
        }
    }

    /// <summary>Tells on the console of a restart that nobody waits for, if it fails.</summary>
    /// <param name="restart">What <see cref="RestartServiceAsync"/> gave.</param>
    public async Task TellOfAsync(Task restart)
    {
        try
        {
            await restart;
        }
        catch (Exception) when (disposed)
        {
            // The mall is closed under it.
        }
        catch (Exception failed)
        {
            LogRestart(failed);
        }
    }

    /// <summary>How many instances of a service there are to be.</summary>
    public int InstancesOf(string appId) => services[appId].Instances;

    /// <summary>The process of an instance; <see langword="null"/> while it does not run, or where it runs in this process.</summary>
    /// <param name="instance">Its instance, counted from 0.</param>
    public int? ProcessId(string appId, int instance) => services[appId].ProcessId(instance);

    /// <summary>The processes of a service; none where it runs in this process.</summary>
    public IReadOnlyList<int> ProcessIds(string appId) => services[appId].ProcessIds;

    /// <summary>Closes the mall: first the door, then what operators start and stop services by, then the services, then the sidecar, then PostgreSQL. Takes at most some 40 s.</summary>
    public async ValueTask DisposeAsync()
    {
        if (disposed)
            return;
        disposed = true;
        door?.Dispose();
        if (services.TryGetValue(AppIds.Gateway, out var gateway))
            await gateway.StopAsync();
        // Before the services: nothing starts one again behind its stop.
        if (control is not null)
            await control.DisposeAsync();
        await Task.WhenAll(services.Values.Select(s => s.StopAsync()));
        if (sidecar is not null)
            await sidecar.DisposeAsync();
        NpgsqlConnection.ClearAllPools();
        if (postgres is not null)
            await postgres.DisposeAsync();
        folder?.Dispose();
        http.Dispose();
        loggers.Dispose();
    }

    private async Task OpenAsync(CancellationToken ct)
    {
        folder = DataFolder.Open(options.DataDirectory);
        OpenDoor();
        folder.Announce(Address);
        var components = Components.Find(options.ComponentsPath);
        EmbeddedSidecar.CheckResources(components);

        var apps = await AppsAsync(ct);
        var databases = await ServerAsync(ct);
        var plans = AppPlan.Make(apps, options, door is null ? Address : null);
        // The sidecar before the services: a mistake in the components is said before anything else is started.
        await TogetherAsync([token => MakeDatabasesAsync(databases, token), token => StartSidecarAsync(databases, components, plans, token)], ct);

        Report(options.Isolated ? "Starting the services, each as its own process" : "Starting the services");
        var joining = apps.Where(app => app.Joins is not null).ToList();
        foreach (var app in apps)
            services[app.AppId] = Host(app, plans.Single(p => p.AppId == app.AppId), Joining(app.AppId, joining).ToList());
        var own = plans.Single(p => p.AppId == AppIds.MallControl);
        control = new ControlApp(own.Instances[0], own.ApiToken, own.AppToken, this, PaymentProviderMode);
        var behindTheDoor = services.Values.Where(s => s.Plan.AppId != AppIds.Gateway).ToList();
        await TogetherAsync(
            [.. behindTheDoor.Select(s => (Func<CancellationToken, Task>)(token => NamedAsync(s.Plan.AppId, s.StartAsync(token)))), control.StartAsync],
            ct);
        await Task.WhenAll(plans.Where(p => p.AppId != AppIds.Gateway).Select(p => ReachableAsync(p, ct)));

        Report("Opening the door");
        await NamedAsync(AppIds.Gateway, services[AppIds.Gateway].StartAsync(ct));
        await ReachableAsync(services[AppIds.Gateway].Plan, ct);
    }

    /// <summary>The services of this mall: all but those that it is to be opened without, or that cannot run here.</summary>
    private async Task<IReadOnlyList<MallApp>> AppsAsync(CancellationToken ct)
    {
        var dispensable = MallApps.All.Where(app => app.Joins is not null).Select(app => app.AppId).ToList();
        if (options.Without.FirstOrDefault(appId => !dispensable.Contains(appId)) is { } needed)
            throw new MallException($"The mall cannot be opened --without '{needed}': only {string.Join(" and ", dispensable)} can be left out.");
        var apps = MallApps.All.Where(app => !options.Without.Contains(app.AppId)).ToList();
        var scripts = apps.Where(app => app.Create is null).ToList();
        if (scripts.Count == 0)
            return apps;
        python = await Python.FindAsync(ct);
        if (python.Program is not null)
            return apps;
        Report($"Without {string.Join(" and ", scripts.Select(app => app.AppId))}: {python.Missing}");
        return [.. apps.Except(scripts)];
    }

    private async Task<PostgresDatabases> ServerAsync(CancellationToken ct)
    {
        if (options.ConnectionString is null)
        {
            Report("Starting PostgreSQL");
            postgres = await PostgresCluster.StartAsync(folder!.Postgres, ct);
            return postgres.Databases;
        }

        Report("Connecting to the given PostgreSQL server");
        return new PostgresDatabases(options.ConnectionString);
    }

    private Task MakeDatabasesAsync(PostgresDatabases server, CancellationToken ct)
    {
        var withDatabase = MallApps.All.Where(a => a.HasDatabase).ToList();
        var each = Math.Max(5, ServiceConnections / withDatabase.Sum(app => options.InstancesOf(app.AppId)));
        return Task.WhenAll(withDatabase.Select(app => MakeDatabaseAsync(server, app.AppId, app.Database, each, ct)));
    }

    private async Task MakeDatabaseAsync(PostgresDatabases server, string appId, string name, int connections, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(ServerAnswerLimit);
        try
        {
            // A given server may hold databases of others by such names.
            var connectionString = await server.CreateAsync(options.ConnectionString is null ? name : "ordermall_" + name, connections, limit.Token);
            connectionStrings[appId] = options.Links?.ToDatabase(appId, connectionString) ?? connectionString;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new MallException($"The PostgreSQL server did not answer within {ServerAnswerLimit.TotalSeconds:0} s. Check the connection string.");
        }
        catch (PostgresException refused)
        {
            throw new MallException($"The PostgreSQL server refused: {refused.MessageText}. The user of the connection string must be allowed to connect and to create databases.", refused);
        }
        catch (NpgsqlException absent)
        {
            throw new MallException($"The PostgreSQL server did not answer: {absent.InnerException?.Message ?? absent.Message}. Check the connection string.", absent);
        }
    }

    // Those that join are known by configuration alone: to the gateway with their part of the API, and to operations.
    private static IEnumerable<(string Key, string Value)> Joining(string appId, IReadOnlyList<MallApp> joining) => appId switch
    {
        AppIds.Gateway => joining.SelectMany(other => new[] { ($"Gateway:Routes:{other.Joins}:AppId", other.AppId), ($"Gateway:Routes:{other.Joins}:AnyoneMayRead", "true") }),
        AppIds.Operations => joining.Select((other, number) => ($"Operations:Services:{number}", other.AppId)),
        _ => [],
    };

    /// <summary>Makes a service.</summary>
    private HostedService Host(MallApp app, AppPlan plan, IReadOnlyList<(string Key, string Value)> joining)
    {
        var connectionString = connectionStrings.GetValueOrDefault(app.AppId);
        return new HostedService(plan, Run, () => sidecar?.Probe(app.AppId), logger);

        IServiceRun Run(int number, Uri uri)
        {
            var ports = sidecar!.PortsOf(app.AppId);
            if (options.Links is { } links)
                ports = links.ToSidecar(app.AppId, number, ports);
            var settings = plan.Settings(uri, ports, connectionString, Address);
            var inherited = app.AppId == AppIds.Gateway ? door?.Descriptor : null;
            if (inherited is not null)
            {
                // Its own address beside the shared one: an endpoint of any other kind makes Kestrel pass over its urls.
                settings.Remove("urls");
                settings["Kestrel:Endpoints:Own:Url"] = uri.GetLeftPart(UriPartial.Authority);
            }

            foreach (var (key, value) in joining)
                settings[key] = value;

            if (app.Create is not null && !options.Isolated)
                return new InProcessRun(app.Create, settings);
            settings["Mall:ParentPid"] = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
            var name = plan.Instances.Count == 1 ? app.AppId : $"{app.AppId}-{number + 1}";
            string[] command = app.Create is null ? [python!.Program!, "-B", Path.Combine(AppContext.BaseDirectory, app.Program)] : DotnetProgram.Command(app.Program);
            return new ProcessRun(new ProcessPlan(name, command, settings, new Uri(uri, "/health"), new Uri(uri, "/alive"), plan.AppToken, inherited), folder!, http);
        }
    }

    private async Task StartSidecarAsync(PostgresDatabases server, string components, IReadOnlyList<AppPlan> plans, CancellationToken ct)
    {
        await MakeDatabaseAsync(server, "sidecar", "sidecar", SidecarConnections, ct);
        var settings = new SidecarOptions
        {
            ResourcesPath = components,
            ConnectionString = connectionStrings["sidecar"],
            Apps = [.. plans.Select(plan => plan.ToSidecarApp(options.Links))],
        };
        await NamedAsync("The sidecar", StartAsync());

        async Task StartAsync() => sidecar = options.Isolated
            ? await SidecarProcess.StartAsync(settings, LoopbackPort.Find(1)[0], folder!, http, logger, ct)
            : await Task.Run(() => InProcessSidecar.StartAsync(settings, ct), ct);
    }

    /// <summary>Waits until the sidecar passes calls on to the app.</summary>
    private async Task ReachableAsync(AppPlan plan, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(ReachableLimit);
        try
        {
            while (!await control!.ReachesAsync(plan.AppId, sidecar!.PortsOf(AppIds.MallControl).Http, http, limit.Token))
            {
                sidecar!.Probe(plan.AppId);
                await Task.Delay(20, limit.Token);
            }
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new MallException($"{plan.AppId} did not become healthy within {ReachableLimit.TotalSeconds:0} s.");
        }
    }

    private async Task HealthyAsync(HostedService service, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(ReachableLimit);
        try
        {
            await sidecar!.HealthyAsync(service.Plan.AppId, service.RunningInstances, limit.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new MallException($"{service.Plan.AppId} got no work within {ReachableLimit.TotalSeconds:0} s after its restart.");
        }
    }

    private (IReadOnlyList<Uri> Addresses, string Token) PaymentProviderMode()
    {
        var plan = services[AppIds.PaymentProvider].Plan;
        return ([.. plan.Instances.Select(instance => new Uri(instance, "/mode"))], plan.AppToken);
    }

    /// <summary>Takes the public port, to keep where gateways can inherit it. One in this process takes it for itself, later.</summary>
    private void OpenDoor()
    {
        try
        {
            var opened = Door.Open(Address.Port);
            if (options.Isolated && Door.IsPossible)
                door = opened;
            else
                opened.Dispose();
        }
        catch (SocketException refused)
        {
            throw new MallException(refused.SocketErrorCode == SocketError.AccessDenied
                ? $"Port {Address.Port} is not open to this user. Choose one above 1023 with --port."
                : $"Port {Address.Port} is taken by another program. Choose another with --port.", refused);
        }
    }

    /// <summary>Runs all at once. The first failure ends the others and is thrown when they have ended.</summary>
    private static async Task TogetherAsync(IReadOnlyList<Func<CancellationToken, Task>> actions, CancellationToken ct)
    {
        using var together = CancellationTokenSource.CreateLinkedTokenSource(ct);
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

    private static async Task NamedAsync(string name, Task starting)
    {
        try
        {
            await starting;
        }
        catch (Exception failed) when (failed is not (OperationCanceledException or MallException or SidecarConfigurationException))
        {
            throw new MallException($"{name} could not start: {failed.Message}", failed);
        }
    }

    private void Report(string step) => progress?.Report(step);

    [LoggerMessage(LogLevel.Error, "A restart did not come to its end.")]
    private partial void LogRestart(Exception exception);
}
