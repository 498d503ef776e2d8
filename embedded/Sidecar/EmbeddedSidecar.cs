using System.Net;
using System.Net.Security;
using System.Text;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace OrderMall.Sidecar;

/// <summary>
/// A Dapr-compatible sidecar for any number of apps in one process: service invocation with resiliency policies, publish and
/// subscribe, and state, over Dapr's HTTP and gRPC APIs. It reads the same component and resiliency files as daprd, and keeps
/// events and state in PostgreSQL whatever product the components name.
/// </summary>
public sealed partial class EmbeddedSidecar : IAsyncDisposable
{
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(5);

    private readonly ILogger _logger;
    private readonly Dictionary<string, App> _apps;
    private readonly HttpMessageInvoker _client = new(new ResetConnections(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        // The sidecar writes the trace headers itself.
        ActivityHeadersPropagator = null,
        // Byte for byte, whatever encoding an app's headers are in; so does the server.
        RequestHeaderEncodingSelector = (_, _) => Encoding.Latin1,
        ResponseHeaderEncodingSelector = (_, _) => Encoding.Latin1,
        ConnectTimeout = TimeSpan.FromSeconds(1),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        SslOptions = new SslClientAuthenticationOptions(),
    }));

    private readonly CancellationTokenSource _stopping = new();
    private readonly SidecarLock _lock;
    private readonly List<Task> _loops = [];
    private readonly List<SubscriptionSync> _syncs = [];
    private SidecarDatabase? _database;
    private Subscriptions? _subscriptions;
    private Publisher? _publisher;
    private Settler? _settler;
    private StateStore? _states;
    private SidecarServer? _server;
    private SidecarServer? _grpcServer;
    private GrpcApi? _grpc;
    private Task _publishing = Task.CompletedTask;
    private Task _settling = Task.CompletedTask;
    private bool _disposed;

    private EmbeddedSidecar(SidecarOptions options, Resources resources, ILogger logger)
    {
        _logger = logger;
        _apps = options.Apps.ToDictionary(
            app => app.AppId,
            app => new App(app, new AppPolicies(app.AppId, resources.Resiliencies, TimeProvider.System), AppSpans.Of(app.AppId)));
        _lock = new SidecarLock(options.ConnectionString, logger);
    }

    /// <summary>Where each circuit breaker that was used so far stands.</summary>
    public IReadOnlyList<CircuitState> Circuits =>
        [.. from app in _apps.Values from circuit in app.Policies.Circuits() select new CircuitState(app.AppId, circuit.Target, circuit.State)];

    /// <summary>How many instances of each app are healthy.</summary>
    public IReadOnlyDictionary<string, int> HealthyInstances =>
        _apps.ToDictionary(app => app.Key, app => app.Value.Instances.Count(instance => instance.Healthy));

    /// <summary>Reads the resources, so that a mistake is told before anything is started.</summary>
    /// <exception cref="SidecarConfigurationException">A resource file cannot be followed.</exception>
    public static void CheckResources(string resourcesPath) => Resources.Read(resourcesPath);

    /// <summary>Opens every app's port. Apps may start before or after it.</summary>
    /// <exception cref="SidecarConfigurationException">A resource file cannot be followed.</exception>
    /// <exception cref="ArgumentException">Two apps share an id or a port, or an app has no instance.</exception>
    /// <exception cref="InvalidOperationException">Another sidecar works on the same database.</exception>
    /// <exception cref="IOException">A port is taken.</exception>
    public static async Task<EmbeddedSidecar> StartAsync(SidecarOptions options, ILoggerFactory loggerFactory, CancellationToken cancellationToken)
    {
        Check(options);
        var resources = Resources.Read(options.ResourcesPath);
        var sidecar = new EmbeddedSidecar(options, resources, loggerFactory.CreateLogger<EmbeddedSidecar>());
        foreach (var warning in resources.Warnings)
            LogWarning(sidecar._logger, warning);
        try
        {
            await sidecar.OpenAsync(options, resources, loggerFactory, cancellationToken);
        }
        catch
        {
            await sidecar.DisposeAsync();
            throw;
        }

        return sidecar;
    }

    /// <summary>An app was just started or stopped: its health is asked for now instead of at the next interval.</summary>
    public void Probe(string appId)
    {
        if (!_apps.TryGetValue(appId, out var app))
            throw new ArgumentException($"there is no app '{appId}' here; there are {string.Join(", ", _apps.Keys)}", nameof(appId));
        foreach (var instance in app.Instances)
            instance.ProbeNow();
    }

    /// <summary>Stops gracefully: begins no more deliveries, and gives those in flight 5 s. What is not done by then is delivered by the next run.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
            return;
        _disposed = true;
        using var limit = new CancellationTokenSource(StopLimit);
        await DrainAsync(limit.Token);
        await Task.WhenAll(_server?.StopAsync(limit.Token) ?? Task.CompletedTask, _grpcServer?.StopAsync(limit.Token) ?? Task.CompletedTask);
        _server?.Dispose();
        _grpcServer?.Dispose();
        if (_grpc is not null)
            await _grpc.DisposeAsync();

        _publisher?.Complete();
        await FinishAsync(_publishing, limit.Token);
        _settler?.Complete();
        await FinishAsync(_settling, limit.Token);
        await _stopping.CancelAsync();
        await FinishAsync(Task.WhenAll([.. _loops, _publishing, _settling]), CancellationToken.None);
        await Task.WhenAll(_apps.Values.Select(app => Task.Run(() => app.Spans?.Dispose())));
        _syncs.ForEach(sync => sync.Dispose());
        _subscriptions?.Dispose();
        _states?.Dispose();
        await _lock.DisposeAsync();
        if (_database is not null)
            await _database.DisposeAsync();
        _client.Dispose();
        _stopping.Dispose();
    }

    private static void Check(SidecarOptions options)
    {
        if (options.Apps.FirstOrDefault(app => app.Instances.Count == 0) is { } empty)
            throw new ArgumentException($"app '{empty.AppId}' has no instance; give it the address it listens on", nameof(options));
        if (options.Apps.CountBy(app => app.AppId).FirstOrDefault(app => app.Value > 1).Key is { } twice)
            throw new ArgumentException($"there are two apps '{twice}'; give each an id of its own", nameof(options));
        if (options.Apps.SelectMany(app => new[] { app.Port, app.GrpcPort ?? 0 }).Where(port => port > 0).CountBy(port => port).FirstOrDefault(port => port.Value > 1).Key is > 0 and var port)
            throw new ArgumentException($"port {port} is given twice", nameof(options));
    }

    private async Task OpenAsync(SidecarOptions options, Resources resources, ILoggerFactory loggerFactory, CancellationToken cancellationToken)
    {
        await _lock.TakeAsync(cancellationToken);
        _database = await SidecarDatabase.OpenAsync(options.ConnectionString, cancellationToken);

        var time = TimeProvider.System;
        var store = new QueueStore(_database);
        _settler = new Settler(store, _logger);
        _subscriptions = new Subscriptions(_apps, resources, new QueueServices(
            store,
            new EventDelivery(_client, time, _logger),
            _settler,
            (pubsub, topic, envelope) => _publisher!.PublishAsync(pubsub, topic, [envelope]),
            options.DeliveryConcurrency,
            time,
            _logger,
            _stopping.Token));
        await _subscriptions.LoadAsync(cancellationToken);
        _publisher = new Publisher(_subscriptions, store, _lock, await store.BeginRunAsync(cancellationToken), _logger);

        _states = new StateStore(_database, _logger);
        var publishing = new Publishing(resources, _publisher, time);
        var stores = new StateStores(resources, _states);
        var metadata = new AppMetadata(resources, _subscriptions);
        var api = new SidecarApi(
            _apps.Values.ToDictionary(app => app.Settings.Port),
            resources.Configuration.Apis,
            new Invoker(_apps, resources.Configuration.Access, _client, time),
            new PublishApi(publishing),
            new StateApi(stores),
            new MetadataApi(metadata));
        _server = new SidecarServer(_apps.Values.Select(app => app.Settings.Port), HttpProtocols.Http1, api.HandleAsync, loggerFactory);
        var callers = _apps.Values.Where(app => app.Settings.GrpcPort is not null).ToDictionary(app => app.Settings.GrpcPort!.Value);
        if (callers.Count > 0)
        {
            _grpc = new GrpcApi(callers, resources.Configuration.GrpcApis, new DaprRuntimeService(publishing, stores, metadata), loggerFactory);
            _grpcServer = new SidecarServer(callers.Keys, HttpProtocols.Http2, _grpc.HandleAsync, loggerFactory);
        }

        _publishing = _publisher.RunAsync(_stopping.Token);
        _settling = _settler.RunAsync(_stopping.Token);
        _loops.Add(_lock.KeepAsync(_stopping.Token));
        _loops.Add(_states.PurgeAsync(_stopping.Token));
        foreach (var app in _apps.Values)
        {
            var sync = new SubscriptionSync(app, _subscriptions, _client, _logger);
            _syncs.Add(sync);
            _loops.Add(sync.RunAsync(_stopping.Token));
        }

        await _server.StartAsync(cancellationToken);
        if (_grpcServer is not null)
            await _grpcServer.StartAsync(cancellationToken);
        _loops.Add(new HealthProbes(options, _client, _logger).RunAsync(_apps.Values, _stopping.Token));
        LogStarted(_logger, _apps.Count, options.ResourcesPath);
    }

    private async Task DrainAsync(CancellationToken cancellationToken)
    {
        if (_subscriptions is null)
            return;
        foreach (var queue in _subscriptions.All)
            queue.Close();
        while (_subscriptions.All.Any(queue => queue.Busy) && !cancellationToken.IsCancellationRequested)
            await Task.Delay(TimeSpan.FromMilliseconds(10), CancellationToken.None);
    }

    private async Task FinishAsync(Task task, CancellationToken cancellationToken)
    {
        try
        {
            await task.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // Either the time for a graceful stop is over, or the loop ended because it was told to.
        }
        catch (Exception failure)
        {
            LogLoop(_logger, failure);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The embedded sidecar serves {Count} apps with the components of {Path}")]
    private static partial void LogStarted(ILogger logger, int count, string path);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Warning}")]
    private static partial void LogWarning(ILogger logger, string warning);

    [LoggerMessage(Level = LogLevel.Error, Message = "A part of the sidecar ended early")]
    private static partial void LogLoop(ILogger logger, Exception failure);
}
