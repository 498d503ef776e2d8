using System.Net;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using OrderMall.Postgres;

namespace OrderMall.Sidecar.Tests;

/// <summary>Any number of apps and instances beside an embedded sidecar that can be stopped and started again.</summary>
internal sealed class EmbeddedRig : IAsyncDisposable
{
    public const string PubSub = """
        apiVersion: dapr.io/v1alpha1
        kind: Component
        metadata:
          name: pubsub
        spec:
          type: pubsub.redis
          version: v1
          metadata:
            - name: redeliverInterval
              value: 200ms
        """;

    private readonly Dictionary<string, (int Port, TestApp[] Instances)> _apps = [];
    private EmbeddedSidecar? _sidecar;

    private EmbeddedRig(string connectionString) => ConnectionString = connectionString;

    public string ConnectionString { get; }

    public string Resources { get; } = Directory.CreateTempSubdirectory("ordermall-resources-").FullName;

    public EmbeddedSidecar Sidecar => _sidecar!;

    public SidecarOptions Options => new()
    {
        ResourcesPath = Resources,
        ConnectionString = ConnectionString,
        ProbeInterval = TimeSpan.FromMilliseconds(50),
        Apps = [.. _apps.Select(app => new SidecarApp
        {
            AppId = app.Key,
            Port = app.Value.Port,
            Instances = [.. app.Value.Instances.Select(instance => instance.Address)],
        })],
    };

    public static async Task<EmbeddedRig> CreateAsync(PostgresServer postgres, string resiliency, params (string AppId, int Instances)[] apps)
    {
        var rig = new EmbeddedRig(await postgres.NewDatabaseAsync());
        await File.WriteAllTextAsync(Path.Combine(rig.Resources, "pubsub.yaml"), PubSub);
        if (resiliency.Length > 0)
            await File.WriteAllTextAsync(Path.Combine(rig.Resources, "resiliency.yaml"), resiliency);
        var ports = new Queue<int>(LoopbackPort.Find(apps.Sum(app => app.Instances + 1)));
        foreach (var (appId, instances) in apps)
            rig._apps[appId] = (ports.Dequeue(), [.. Enumerable.Range(0, instances).Select(_ => new TestApp(ports.Dequeue()))]);
        return rig;
    }

    public TestApp App(string appId, int instance = 0) => _apps[appId].Instances[instance];

    public HttpClient As(string appId) => new() { BaseAddress = new Uri($"http://127.0.0.1:{_apps[appId].Port}") };

    /// <summary>Starts the sidecar, and waits until the apps that run are known.</summary>
    public async Task StartAsync() =>
        _sidecar = await EmbeddedSidecar.StartAsync(Options, NullLoggerFactory.Instance, CancellationToken.None);

    public async Task StartAppsAsync(params string[] appIds)
    {
        foreach (var instance in appIds.SelectMany(appId => _apps[appId].Instances))
            await instance.StartAsync();
    }

    public Task HealthyAsync(string appId, int instances = 1) =>
        Eventually.TrueAsync(() => Sidecar.HealthyInstances[appId] == instances, $"{appId} has {instances} healthy instances");

    public async Task StopAsync()
    {
        await Sidecar.DisposeAsync();
        _sidecar = null;
    }

    public async Task PublishAsync(string appId, string topic, string body)
    {
        using var client = As(appId);
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await client.PostAsync($"/v1.0/publish/pubsub/{topic}", content);
        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
    }

    public static string Subscription(string topic, string route, string? deadLetterTopic = null) =>
        $$"""{"pubsubname":"pubsub","topic":"{{topic}}","route":"{{route}}","deadLetterTopic":"{{deadLetterTopic}}"}""";

    public async ValueTask DisposeAsync()
    {
        if (_sidecar is not null)
            await _sidecar.DisposeAsync();
        foreach (var instance in _apps.Values.SelectMany(app => app.Instances))
            await instance.DisposeAsync();
        Directory.Delete(Resources, recursive: true);
    }
}
