using System.Net;
using System.Text.Json.Nodes;
using Grpc.Net.Client;
using OrderMall.Postgres;

namespace OrderMall.Sidecar.Tests;

/// <summary>What the contract's tests need of a sidecar.</summary>
public sealed record Setup
{
    /// <summary>The ids of the two apps. Files of the mall say different things for different ones.</summary>
    public (string A, string B) AppIds { get; init; } = ("app-a", "app-b");

    /// <summary>The content of resiliency.yaml; <see cref="FromTheMall"/> is the mall's own.</summary>
    public string Resiliency { get; init; } = "";

    /// <summary>The content of config.yaml; <see cref="FromTheMall"/> is the mall's own. Without tracing, daprd passes a traceparent on as it came.</summary>
    public string Configuration { get; init; } = """
        apiVersion: dapr.io/v1alpha1
        kind: Configuration
        metadata:
          name: config
        spec:
          tracing:
            samplingRate: "1"
        """;

    /// <summary>The content of pubsub.yaml.</summary>
    public string PubSub { get; init; } = FromTheMall("pubsub.yaml");

    /// <summary>The content of statestore.yaml.</summary>
    public string StateStore { get; init; } = FromTheMall("statestore.yaml");

    /// <summary>App B is a <see cref="BareApp"/>.</summary>
    public bool BareB { get; init; }

    /// <summary>Reads a file of the mall's <c>components/</c>.</summary>
    public static string FromTheMall(string file) => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "components", file));

    /// <summary>What app A subscribes to.</summary>
    public string SubscriptionsOfA { get; init; } = "[]";

    /// <summary>How many of those a sidecar will know; <see langword="null"/> for all.</summary>
    public int? SubscriptionCount { get; init; }

    public string? ApiToken { get; init; }

    public string? AppToken { get; init; }
}

/// <summary>Two apps, A and B, each beside its sidecar.</summary>
internal abstract class SidecarUnderTest : IAsyncDisposable
{
    protected SidecarUnderTest()
    {
        var ports = LoopbackPort.Find(6);
        (AppA, AppB, BareB) = (new(ports[0]), new(ports[1]), new(ports[1]));
        (SidecarPortA, SidecarPortB) = (ports[2], ports[3]);
        (GrpcPortA, GrpcPortB) = (ports[4], ports[5]);
        SidecarA = Client(SidecarPortA);
        SidecarB = Client(SidecarPortB);
        GrpcA = Channel(GrpcPortA);
        GrpcB = Channel(GrpcPortB);
    }

    public TestApp AppA { get; }

    public TestApp AppB { get; }

    /// <summary>App B where the setup wants it on a bare socket.</summary>
    public BareApp BareB { get; }

    /// <summary>Calls the sidecar as app A.</summary>
    public HttpClient SidecarA { get; }

    /// <summary>Calls the sidecar as app B.</summary>
    public HttpClient SidecarB { get; }

    /// <summary>Calls the sidecar over gRPC as app A.</summary>
    public GrpcChannel GrpcA { get; }

    /// <summary>Calls the sidecar over gRPC as app B.</summary>
    public GrpcChannel GrpcB { get; }

    /// <summary>What the sidecars warned of.</summary>
    public virtual IReadOnlyCollection<string> Warnings => [];

    /// <summary>Where app B finds its sidecar's HTTP API.</summary>
    public int SidecarPortB { get; }

    /// <summary>Where app B finds its sidecar's gRPC API.</summary>
    public int GrpcPortB { get; }

    protected int GrpcPortA { get; }

    /// <summary>Where app A finds its sidecar's HTTP API.</summary>
    public int SidecarPortA { get; }

    /// <summary>Holds what daprd reads or the embedded sidecar reads: the same files.</summary>
    protected string Resources { get; } = Directory.CreateTempSubdirectory("ordermall-resources-").FullName;

    public async Task StartAsync(Setup setup)
    {
        AppA.Subscriptions = setup.SubscriptionsOfA;
        // REDIS_HOST in the environment says where, as for the mall.
        await WriteAsync("secretstore.yaml", Setup.FromTheMall("secretstore.yaml"));
        // The mall's are for its own apps alone.
        foreach (var (file, component) in new[] { ("pubsub.yaml", setup.PubSub), ("statestore.yaml", setup.StateStore) })
            await WriteAsync(file, component.Replace("scopes:\n", $"scopes:\n  - {setup.AppIds.A}\n  - {setup.AppIds.B}\n", StringComparison.Ordinal));
        await WriteAsync("config.yaml", setup.Configuration);
        if (setup.Resiliency.Length > 0)
            await WriteAsync("resiliency.yaml", setup.Resiliency);
        await AppA.StartAsync();
        if (setup.BareB)
            BareB.Start();
        else
            await AppB.StartAsync();
        await StartSidecarAsync(setup);
        if (setup.ApiToken is not null)
        {
            SidecarA.DefaultRequestHeaders.Add("dapr-api-token", setup.ApiToken);
            SidecarB.DefaultRequestHeaders.Add("dapr-api-token", setup.ApiToken);
        }

        // Both directions, so that both apps are known to be healthy.
        await Eventually.TrueAsync(() => ReachesAsync(SidecarA, setup.AppIds.B), "app b can be called");
        await Eventually.TrueAsync(() => ReachesAsync(SidecarB, setup.AppIds.A), "app a can be called");
        await Eventually.TrueAsync(() => SubscribedAsync(setup.SubscriptionCount), "app a's subscriptions are known");
    }

    public virtual async ValueTask DisposeAsync()
    {
        SidecarA.Dispose();
        SidecarB.Dispose();
        GrpcA.Dispose();
        GrpcB.Dispose();
        await AppA.DisposeAsync();
        await AppB.DisposeAsync();
        await BareB.DisposeAsync();
        Directory.Delete(Resources, recursive: true);
    }

    protected abstract Task StartSidecarAsync(Setup setup);

    private Task WriteAsync(string file, string content) => File.WriteAllTextAsync(Path.Combine(Resources, file), content);

    private async Task<bool> SubscribedAsync(int? count)
    {
        var wanted = count ?? JsonNode.Parse(AppA.Subscriptions)!.AsArray().Count;
        using var metadata = await SidecarA.GetAsync("/v1.0/metadata");
        // Where the list of APIs leaves it out, nobody needs to wait: what is published earlier arrives all the same.
        if (metadata.StatusCode == HttpStatusCode.NotFound)
            return true;
        return (JsonNode.Parse(await metadata.Content.ReadAsStringAsync())!["subscriptions"]?.AsArray().Count ?? 0) == wanted;
    }

    private static async Task<bool> ReachesAsync(HttpClient sidecar, string appId)
    {
        try
        {
            using var response = await sidecar.GetAsync($"/v1.0/invoke/{appId}/method/api/ready"); // the mall's gateway may ask for nothing else
            // Access control may forbid it.
            return response.IsSuccessStatusCode || response.StatusCode == HttpStatusCode.Forbidden;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static GrpcChannel Channel(int port) =>
        GrpcChannel.ForAddress($"http://127.0.0.1:{port}", new GrpcChannelOptions { HttpHandler = new SocketsHttpHandler { UseProxy = false, ActivityHeadersPropagator = null }, DisposeHttpClient = true });

    private static HttpClient Client(int port) =>
        new(new SocketsHttpHandler { AllowAutoRedirect = false, ActivityHeadersPropagator = null }) { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
}
