using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrderMall.AppHost.Dapr;
using OrderMall.AppHost.Supervision;
using OrderMall.AppHost.Postgres;
using OrderMall.Contracts;
using OrderMall.Control;
using OrderMall.Postgres;

namespace OrderMall.AppHost;

/// <summary>An app of the mall with what its sidecar has to know of it. Tokens are new at every start.</summary>
/// <param name="ApiToken">What its sidecar wants to be called with.</param>
/// <param name="AppToken">What it wants to be called with by its sidecar.</param>
internal sealed record MallApp(string AppId, string ApiToken, string AppToken, IReadOnlyList<MallInstance> Instances);

/// <summary>One instance of an app, listening on 127.0.0.1.</summary>
internal sealed record MallInstance(string Name, int Port)
{
    /// <summary>Its address.</summary>
    public Uri Address => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Port}"));
}

/// <summary>The mall under construction on this machine: every service gets here what all services get.</summary>
internal sealed class Mall : ServiceList
{
    // What is asked of every service: its process answers; it and what it cannot do without are there.
    private const string Alive = "/alive";
    private const string Ready = "/health";

    private readonly IDistributedApplicationBuilder _builder;
    private readonly MallSettings _settings;
    private readonly DataFolder _folder;
    private readonly Databases _databases;
    private readonly Sidecars _sidecars;
    private readonly Python _python;
    private readonly List<(MallService Service, MallApp App, IReadOnlyList<IResourceBuilder<IResourceWithWaitSupport>> Resources)> _services = [];

    private Mall(IDistributedApplicationBuilder builder, MallSettings settings, DataFolder folder, Databases databases, Sidecars sidecars, Python python) =>
        (_builder, _settings, _folder, _databases, _sidecars, _python) = (builder, settings, folder, databases, sidecars, python);

    /// <summary>Looks for what the mall needs on this machine before anything is started.</summary>
    /// <returns>The list, to be filled: of the mall, or where Aspire is told to publish, to be published. <see langword="null"/> where something is missing or wrong; the console then says what, and how to mend it.</returns>
    public static async Task<ServiceList?> PrepareAsync(string[] args)
    {
        // Numbers are written and read the same on every machine.
        CultureInfo.DefaultThreadCurrentCulture = CultureInfo.InvariantCulture;
        DataFolder? folder = null;
        try
        {
            Programs.AreFrugal();
            // New at every start: Aspire would keep them in the user's secrets, which another mall on this machine changes under this one.
            var builder = DistributedApplication.CreateBuilder([.. Dashboard.ChooseAddresses(args), "--AppHost:OtlpApiKey", Secret(), "--AppHost:DashboardApiKey", Secret(), .. args]);
            var checkout = Path.GetDirectoryName(builder.AppHostDirectory.TrimEnd(Path.DirectorySeparatorChar))!;
            if (builder.ExecutionContext.IsPublishMode)
                return new PublishedList(checkout, builder.Configuration["Pipeline:OutputPath"] is { Length: > 0 } given ? given : Path.Combine(checkout, "infra"));
            // Resources have logs of their own, of their failed starts too; here the mall says what people need to know.
            builder.Services.AddLogging(logging => logging
                .AddFilter("Aspire", LogLevel.Warning).AddFilter("Aspire.Hosting.Dcp.DcpHost", LogLevel.Error)
                .AddFilter("Aspire.Hosting.Dcp.DcpExecutor", LogLevel.Critical).AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None)
                .AddFilter("Microsoft", LogLevel.Warning).AddFilter("System", LogLevel.Warning));
            // It comes back when its programs are gone, the dashboard too.
            builder.Configuration["DcpPublisher:WaitForResourceCleanup"] = "true";
            builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = Closing.Limit);
            // Who waits for a program that ends is not given up with it: the supervisor starts it again, or gives the opening up.
            builder.Services.Configure<ResourceNotificationServiceOptions>(waiting => waiting.DefaultWaitBehavior = WaitBehavior.WaitOnResourceUnavailable);

            var settings = MallSettings.Read(builder.Configuration, checkout);
            foreach (var (port, setting) in new[] { (settings.Port, nameof(settings.Port)), (settings.WebPort, nameof(settings.WebPort)) })
            {
                if (!LoopbackPort.IsFree(port))
                    throw new MallException($"Port {port} is taken by another program. Choose another with --Mall:{setting}.");
            }

            folder = DataFolder.Open(settings.Data);
            folder.Announce(new Uri($"http://127.0.0.1:{settings.Port}"));
            var databases = settings.Servers switch
            {
                MallServers.Existing => await ExistingPostgres.FindAsync(builder),
                MallServers.Containers => await ContainerPostgres.AddAsync(builder),
                // Without programs for one, a container comes before a download.
                _ when !PostgresCluster.HasPrograms(folder.Postgres) && await ContainerRuntime.FindAsync(builder.Configuration) is not null => await ContainerPostgres.AddAsync(builder),
                _ => PrivatePostgres.Add(builder, folder),
            };
            var sidecars = await Sidecars.AddAsync(builder, settings, folder, databases);
            var python = await Python.FindAsync(CancellationToken.None);
            return new Mall(builder, settings, folder, databases, sidecars, python);
        }
        catch (Exception missing) when (missing is FormatException or MallException or PostgresClusterException)
        {
            folder?.Dispose();
            await Console.Error.WriteLineAsync($"The mall cannot be opened:{Environment.NewLine}{missing.Message}");
            return null;
        }
    }

    /// <inheritdoc/>
    public override void Add<TProject>(MallService service)
    {
        if (service.IsDemo && !_settings.Demo)
            return;
        var app = NewApp(service.AppId, service.IsReplicated ? _settings.Replicas : 1);
        Join(service, app, [.. app.Instances.Select(instance => AddProject<TProject>(service, instance))]);
    }

    /// <summary>Where there is no Python the mall opens without it.</summary>
    public override void AddPython(MallService service, string folder, string script)
    {
        if (_python.Program is not { } program)
        {
            Console.WriteLine($"Without {service.AppId}: {_python.Missing}.");
            return;
        }

        var app = NewApp(service.AppId, 1);
        var instance = app.Instances[0];
        // Nothing is written beside the script.
        var resource = _builder.AddExecutable(instance.Name, program, folder, "-B", script)
            .WithHttpEndpoint(instance.Port, instance.Port, isProxied: false)
            .WithOtlpExporter(OtlpProtocol.HttpProtobuf)
            .WithEnvironment("APP_PORT", instance.Port.ToString(CultureInfo.InvariantCulture));
        Join(service, app, [resource]);
    }

    /// <inheritdoc/>
    public override void AddOperations<TProject>(MallService service)
    {
        var app = NewApp(service.AppId, 1);
        var operations = AddProject<TProject>(service, app.Instances[0]);
        foreach (var (number, joined) in _services.Where(other => other.Service.Joins is not null).Index())
            operations.WithEnvironment($"Operations__Services__{number}", joined.App.AppId);
        Join(service, app, [operations]);
    }

    /// <inheritdoc/>
    public override void AddGateway<TProject>(MallService service)
    {
        var published = new MallInstance(service.AppId, _settings.Port);
        // Its sidecar and its supervision have an address of their own: load on the public one does not keep them out.
        var app = NewApp(service.AppId, 1);
        var gateway = AddProject<TProject>(service, published)
            .WithEnvironment("PublicUrl", published.Address.GetLeftPart(UriPartial.Authority))
            .WithEnvironment("Gateway__InternalUrl", app.Instances[0].Address.GetLeftPart(UriPartial.Authority))
            .WithUrlForEndpoint("http", url => url.DisplayText = "API")
            .WithUrlForEndpoint("http", _ => new ResourceUrlAnnotation { Url = "/openapi/v1.json", DisplayText = "OpenAPI" });
        foreach (var (joined, _, resources) in _services)
        {
            foreach (var resource in resources)
                gateway.WaitFor(resource);
            if (joined.Joins is not { } prefix)
                continue;
            gateway.WithEnvironment($"Gateway__Routes__{prefix}__AppId", joined.AppId);
            gateway.WithEnvironment($"Gateway__Routes__{prefix}__AnyoneMayRead", "true");
        }

        Join(service, app, [gateway]);
        if (_settings.Demo)
            gateway.WithDemoOrder();
    }

    /// <inheritdoc/>
    public override void AddWeb<TProject>(MallService service)
    {
        // They come to people on a port of their own.
        var app = NewApp(service.AppId, 1) with { Instances = [new MallInstance(service.AppId, _settings.WebPort)] };
        Join(service, app, [AddProject<TProject>(service, app.Instances[0]).WithUrlForEndpoint("http", url => url.DisplayText = "Shop")]);
    }

    /// <summary>Opens the mall and runs it until it is told to end, or cannot be opened.</summary>
    /// <returns>The exit code.</returns>
    public override async Task<int> RunAsync()
    {
        var control = NewApp(AppIds.MallControl, 1);
        _sidecars.Join(control, []);
        var services = new MallServices(control, _services.ConvertAll(service => service.App), _sidecars);
        foreach (var (_, app, resources) in _services.Where(service => service.App.AppId == AppIds.PaymentProvider))
            resources[0].WithModes(app);
        foreach (var (_, app, resources) in _services)
            resources[0].WithRollingRestart(app, services);

        _builder.Services.AddSingleton(services);
        _builder.Services.AddSingleton(_settings);
        _builder.Services.AddSingleton<MallState>();
        _builder.Services.AddSingleton(_sidecars);
        if (_sidecars is DaprdSidecars daprd)
            _builder.Services.AddSingleton<IHostedService>(provider => ActivatorUtilities.CreateInstance<PublishingWatch>(provider, daprd));
        _builder.Services.AddSingleton(_databases);
        _builder.Services.AddSingleton<Closing>();
        _builder.Services.AddHostedService(provider => provider.GetRequiredService<Closing>());
        // Before Aspire's own, which come back only when everything has been started.
        _builder.Services.Insert(0, ServiceDescriptor.Singleton<IHostedService, Opening>());
        _builder.Services.Insert(0, ServiceDescriptor.Singleton<IHostedService, Supervisor>());
        _builder.Services.Insert(0, ServiceDescriptor.Singleton<IHostedService, ControlHost>());
        await using var application = _builder.Build();
        services.Use(application.Services);
        var lifetime = application.Services.GetRequiredService<IHostApplicationLifetime>();
        var closing = application.Services.GetRequiredService<Closing>();
        try
        {
            await application.StartAsync();
            await Task.Delay(Timeout.Infinite, lifetime.ApplicationStopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            // Told to end before it was open.
        }
        catch (Exception failed) when (failed is DistributedApplicationException or InvalidOperationException)
        {
            await Console.Error.WriteLineAsync($"The mall cannot be opened:{Environment.NewLine}{failed.Message}");
            Environment.ExitCode = 1;
        }
        finally
        {
            Console.WriteLine("Closing the mall: what is in flight is finished first.");
            await closing.CloseAsync();
            await application.StopAsync();
            _folder.Dispose();
        }

        return Environment.ExitCode;
    }

    private static MallApp NewApp(string appId, int instances)
    {
        var ports = LoopbackPort.Find(instances);
        return new MallApp(
            appId,
            Secret(),
            Secret(),
            [.. ports.Select((port, i) => new MallInstance(instances == 1 ? appId : $"{appId}-{i + 1}", port))]);
    }

    internal static string Secret() => RandomNumberGenerator.GetHexString(32, lowercase: true);

    private IResourceBuilder<ProjectResource> AddProject<TProject>(MallService service, MallInstance instance)
        where TProject : IProjectMetadata, new() =>
        _builder.AddProject<TProject>(instance.Name, project => project.ExcludeLaunchProfile = true)
            .StartedDirectly()
            .WithHttpEndpoint(instance.Port, instance.Port, isProxied: false)
            .WithEnvironment("ASPNETCORE_URLS", instance.Address.GetLeftPart(UriPartial.Authority))
            // Set in container images, and would only be warned about.
            .WithEnvironment("ASPNETCORE_HTTP_PORTS", "");

    private void Join<T>(MallService service, MallApp app, IReadOnlyList<IResourceBuilder<T>> resources)
        where T : class, IResourceWithEnvironment, IResourceWithEndpoints, IResourceWithWaitSupport
    {
        foreach (var resource in resources)
        {
            resource
                .WithHttpHealthCheck(Ready)
                .WithEnvironment("Mall__Demo", _settings.Demo ? "true" : "false")
                .WithEnvironment("Mall__Payments", _settings.Payments ? "true" : "false")
                // Its sidecar learns within three probes that it shuts down; what is sent to it until then it answers. Where no other
                // instance takes over, saying so would help nobody.
                .WithEnvironment("Drain__Seconds", resources.Count > 1 ? "6" : "0")
                // A service sees its own connection string and nobody else's.
                .WithEnvironment("ConnectionStrings__postgres", "")
                .WithEnvironment("ConnectionStrings__redis", "");
            if (service.HasDatabase)
                _databases.Give(resource, $"ConnectionStrings__{service.AppId}", PostgresDatabases.NameOf(service.AppId), resources.Count);
            foreach (var invoked in _services.Where(other => service.Invokes.Contains(other.Service.AppId)).SelectMany(other => other.Resources))
                resource.WithReferenceRelationship(invoked);
        }

        ServiceSettings.Pass(_builder, service, resources);
        _sidecars.Join(app, [.. resources.Select(resource => (IResourceBuilder<IResourceWithEnvironment>)resource)]);
        foreach (var resource in resources)
            _sidecars.WaitedForBy(resource);
        _services.Add((service, app, [.. resources.Select(resource => (IResourceBuilder<IResourceWithWaitSupport>)resource)]));
    }
}
