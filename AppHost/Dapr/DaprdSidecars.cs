using OrderMall.Control;
using OrderMall.Postgres;

namespace OrderMall.AppHost.Dapr;

/// <summary>A <c>daprd</c> beside one instance of an app.</summary>
internal sealed class DaprdResource(string name, string command, string workingDirectory) : ExecutableResource(name, command, workingDirectory);

/// <summary>A real <c>daprd</c> beside every instance of every app, with Redis behind them, and the files of <c>components/</c> as they are.</summary>
internal sealed class DaprdSidecars : Sidecars
{
    private readonly IDistributedApplicationBuilder _builder;
    private readonly string _program;
    private readonly string _components;
    private readonly string _configuration;
    private readonly Redis _redis;
    private readonly List<(string AppId, DaprdPorts Ports, SidecarProgram Program, IResourceBuilder<DaprdResource> Resource)> _sidecars = [];

    private DaprdSidecars(IDistributedApplicationBuilder builder, string program, string components, string configuration, Redis redis) =>
        (_builder, _program, _components, _configuration, _redis) = (builder, program, components, configuration, redis);

    /// <exception cref="MallException">daprd or Redis is missing.</exception>
    public static async Task<DaprdSidecars> AddAsync(IDistributedApplicationBuilder builder, string components, DataFolder folder, MallServers servers)
    {
        var program = DaprdProgram.Find();
        var configuration = folder.RunFile("config.yaml");
        await DaprdProgram.WriteConfigurationAsync(components, configuration, CancellationToken.None);
        return new DaprdSidecars(builder, program, components, configuration, await Redis.AddAsync(builder, folder, servers));
    }

    public override IReadOnlyList<SidecarProgram> Programs => _sidecars.ConvertAll(sidecar => sidecar.Program);

    public IEnumerable<SidecarProgram> ProgramsOf(string appId) => _sidecars.Where(sidecar => sidecar.AppId == appId).Select(sidecar => sidecar.Program);

    public override void Join(MallApp app, IReadOnlyList<IResourceBuilder<IResourceWithEnvironment>> instances)
    {
        for (var i = 0; i < app.Instances.Count; i++)
        {
            var instance = app.Instances[i];
            var found = LoopbackPort.Find(4);
            var ports = new DaprdPorts(found[0], found[1], found[2], found[3]);
            // Outbound is what it can do before its app is there.
            var program = new SidecarProgram($"{instance.Name}-dapr", new Uri($"http://127.0.0.1:{ports.Http}/v1.0/healthz/outbound"), app.ApiToken);
            var resource = _builder.AddResource(new DaprdResource(program.Name, _program, _builder.AppHostDirectory))
                .WithArgs([.. DaprdProgram.Arguments(app.AppId, instance.Port, ports, _components, _configuration)])
                .WithEndpoint(ports.Http, ports.Http, "http", "http", isProxied: false)
                .WithTokenHealthCheck(program)
                .WithIconName("ArrowSwap")
                .WithOtlpExporter()
                .WithEnvironment(context =>
                {
                    var variables = context.EnvironmentVariables;
                    variables["DAPR_API_TOKEN"] = app.ApiToken;
                    variables["APP_API_TOKEN"] = app.AppToken;
                    // What sidecars tell each other of where they are: not an address that the next network of this machine may change.
                    variables["DAPR_HOST_IP"] = "127.0.0.1";
                    (variables["REDIS_HOST"], variables["REDIS_PASSWORD"]) = (_redis.HostAndPort, _redis.Password);
                    variables["ConnectionStrings__postgres"] = "";
                });
            _redis.WaitedForBy(resource);
            // The first makes the tables of the names: together they would lock each other out.
            if (_sidecars.Count > 0)
                resource.WaitFor(_sidecars[0].Resource);
            if (i < instances.Count)
            {
                resource.WithParentRelationship(instances[i].Resource);
                Tell(instances[i], app, ports.Http, ports.Grpc);
                ((IResourceBuilder<IResourceWithWaitSupport>)instances[i]).WaitFor(resource);
            }

            _sidecars.Add((app.AppId, ports, program, resource));
        }
    }

    // Each waits for its own.
    public override void WaitedForBy<T>(IResourceBuilder<T> app)
    {
    }

    public override int HttpPortOf(string appId) => _sidecars.First(sidecar => sidecar.AppId == appId).Ports.Http;

    public override async Task<IReadOnlyList<CircuitView>> CircuitsAsync(string appId, CancellationToken cancellationToken) =>
    [
        .. (await Task.WhenAll(_sidecars.Where(sidecar => sidecar.AppId == appId).Select(sidecar =>
            DaprdMetrics.CircuitsAsync(new Uri($"http://127.0.0.1:{sidecar.Ports.Metrics}/"), cancellationToken)))).SelectMany(circuits => circuits),
    ];

    // A daprd does not say what it thinks of its app. It asks it every second.
    public override Task<int?> HealthyInstancesAsync(string appId, CancellationToken cancellationToken) => Task.FromResult<int?>(null);
}
