using OrderMall.Postgres;
using OrderMall.Sidecar;

namespace OrderMall.Mall.Hosting;

/// <summary>A real <c>daprd</c> beside every instance of every app, with Redis behind them: the same component files, another sidecar.</summary>
internal sealed class DaprdSidecars : ISidecarHost
{
    private readonly Dictionary<(string AppId, int Instance), Daprd> sidecars = [];
    private readonly HttpClient http;
    private RedisServer? redis;

    private DaprdSidecars(HttpClient http) => this.http = http;

    /// <summary>Starts Redis, where none is given, and the sidecars. Their apps may start later.</summary>
    /// <exception cref="MallException">daprd or Redis is missing or does not start.</exception>
    public static async Task<DaprdSidecars> StartAsync(
        string components,
        IReadOnlyList<AppPlan> plans,
        string? givenRedis,
        DataFolder folder,
        HttpClient http,
        ILoggerFactory loggers,
        IProgress<string>? progress,
        CancellationToken ct)
    {
        var program = DaprdProgram.Find();
        var host = new DaprdSidecars(http);
        try
        {
            if (givenRedis is null)
                progress?.Report("Starting Redis");
            var server = givenRedis is null
                ? (host.redis = await RedisServer.StartAsync(folder, ct)).Address
                : RedisAddress.Parse(givenRedis);
            progress?.Report($"Starting {plans.Sum(plan => plan.Instances.Count)} Dapr sidecars");
            var configuration = folder.RunFile("config.yaml");
            await DaprdProgram.WriteConfigurationAsync(components, configuration, ct);
            foreach (var plan in plans)
            {
                for (var instance = 0; instance < plan.Instances.Count; instance++)
                    host.sidecars[(plan.AppId, instance)] = new Daprd(program, plan, instance, components, configuration, server, folder, http, loggers);
            }

            // The first makes the tables of the names: together they would lock each other out.
            await host.sidecars.Values.First().Supervised.StartAsync(ct);
            await Task.WhenAll(host.sidecars.Values.Skip(1).Select(sidecar => sidecar.Supervised.StartAsync(ct)));
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    public SidecarPorts PortsOf(string appId, int instance) => sidecars[(appId, instance)].Ports;

    public async Task<IReadOnlyList<CircuitState>> CircuitsAsync(CancellationToken ct) =>
        [.. (await Task.WhenAll(sidecars.Values.Select(sidecar => sidecar.CircuitsAsync(http, ct)))).SelectMany(circuits => circuits)];

    /// <summary>Nothing to wait for: a daprd does not say what it thinks of its app. It asks it every second.</summary>
    public Task HealthyAsync(string appId, int instances, CancellationToken ct) => Task.CompletedTask;

    /// <summary>Nothing to tell: daprd asks its app every second.</summary>
    public void Probe(string appId)
    {
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(sidecars.Values.Select(sidecar => sidecar.Supervised.StopAsync()));
        if (redis is not null)
            await redis.DisposeAsync();
    }

    /// <summary>One of them.</summary>
    private sealed class Daprd
    {
        public Daprd(string program, AppPlan plan, int instance, string components, string configuration, RedisAddress redis, DataFolder folder, HttpClient http, ILoggerFactory loggers)
        {
            var ports = LoopbackPort.Find(4);
            (AppId, Ports, Metrics) = (plan.AppId, new SidecarPorts(ports[0], ports[1]), new Uri(AppPlan.At(ports[3]), "/"));
            var name = plan.Instances.Count == 1 ? $"daprd-{plan.AppId}" : $"daprd-{plan.AppId}-{instance + 1}";
            string[] command = [program, .. DaprdProgram.Arguments(plan.AppId, plan.Instances[instance].Port, new DaprdPorts(ports[0], ports[1], ports[2], ports[3]), components, configuration)];
            var environment = new Dictionary<string, string>
            {
                ["DAPR_API_TOKEN"] = plan.ApiToken,
                ["APP_API_TOKEN"] = plan.AppToken,
                ["REDIS_HOST"] = redis.Host,
                ["REDIS_PASSWORD"] = redis.Password,
                ["DAPR_HOST_IP"] = "127.0.0.1",
            };
            // Outbound is what it can do before its app is there.
            var health = new Uri(AppPlan.At(ports[0]), "/v1.0/healthz/outbound");
            Supervised = new Supervised(
                name,
                () => new ProcessRun(new ProcessPlan(name, command, environment, health, health, plan.ApiToken), folder, http),
                static () => { },
                loggers.CreateLogger("OrderMall.Mall"));
        }

        public string AppId { get; }

        public SidecarPorts Ports { get; }

        public Uri Metrics { get; }

        public Supervised Supervised { get; }

        public async Task<IEnumerable<CircuitState>> CircuitsAsync(HttpClient client, CancellationToken ct) =>
            (await DaprdMetrics.CircuitsAsync(Metrics, client, ct)).Select(circuit => new CircuitState(AppId, circuit.Target, circuit.State));
    }
}
