namespace OrderMall.Sidecar.Tests;

/// <summary>What the contract's tests need of a sidecar.</summary>
public sealed record Setup
{
    /// <summary>The content of resiliency.yaml.</summary>
    public string Resiliency { get; init; } = "";

    /// <summary>What app-a subscribes to.</summary>
    public string SubscriptionsOfA { get; init; } = "[]";

    public string? ApiToken { get; init; }

    public string? AppToken { get; init; }
}

/// <summary>Two apps, app-a and app-b, each beside its sidecar.</summary>
internal abstract class SidecarUnderTest : IAsyncDisposable
{
    protected const string Components = """
        apiVersion: dapr.io/v1alpha1
        kind: Component
        metadata:
          name: pubsub
        spec:
          type: pubsub.redis
          version: v1
          metadata:
            - name: redisHost
              value: REDIS_HOST
        ---
        apiVersion: dapr.io/v1alpha1
        kind: Component
        metadata:
          name: statestore
        spec:
          type: state.redis
          version: v1
          metadata:
            - name: redisHost
              value: REDIS_HOST
        """;

    protected SidecarUnderTest()
    {
        var ports = LoopbackPorts.Free(4);
        (AppA, AppB) = (new(ports[0]), new(ports[1]));
        (SidecarPortA, SidecarPortB) = (ports[2], ports[3]);
        SidecarA = Client(SidecarPortA);
        SidecarB = Client(SidecarPortB);
    }

    public TestApp AppA { get; }

    public TestApp AppB { get; }

    /// <summary>Calls the sidecar as app-a.</summary>
    public HttpClient SidecarA { get; }

    /// <summary>Calls the sidecar as app-b.</summary>
    public HttpClient SidecarB { get; }

    protected int SidecarPortA { get; }

    protected int SidecarPortB { get; }

    /// <summary>Holds what daprd reads or the embedded sidecar reads: the same files.</summary>
    protected string Resources { get; } = Directory.CreateTempSubdirectory("ordermall-resources-").FullName;

    public async Task StartAsync(Setup setup)
    {
        AppA.Subscriptions = setup.SubscriptionsOfA;
        await File.WriteAllTextAsync(
            Path.Combine(Resources, "components.yaml"),
            Components.Replace("REDIS_HOST", Environment.GetEnvironmentVariable("REDIS_HOST") ?? "localhost:6379", StringComparison.Ordinal));
        if (setup.Resiliency.Length > 0)
            await File.WriteAllTextAsync(Path.Combine(Resources, "resiliency.yaml"), setup.Resiliency);
        await AppA.StartAsync();
        await AppB.StartAsync();
        await StartSidecarAsync(setup);
        if (setup.ApiToken is not null)
        {
            SidecarA.DefaultRequestHeaders.Add("dapr-api-token", setup.ApiToken);
            SidecarB.DefaultRequestHeaders.Add("dapr-api-token", setup.ApiToken);
        }

        // Both directions, so that both apps are known to be healthy.
        await Eventually.TrueAsync(() => ReachesAsync(SidecarA, "app-b"), "app-b can be called");
        await Eventually.TrueAsync(() => ReachesAsync(SidecarB, "app-a"), "app-a can be called");
        await Eventually.TrueAsync(SubscribedAsync, "app-a's subscriptions are known");
    }

    public virtual async ValueTask DisposeAsync()
    {
        SidecarA.Dispose();
        SidecarB.Dispose();
        await AppA.DisposeAsync();
        await AppB.DisposeAsync();
        Directory.Delete(Resources, recursive: true);
    }

    protected abstract Task StartSidecarAsync(Setup setup);

    private async Task<bool> SubscribedAsync()
    {
        var wanted = System.Text.Json.Nodes.JsonNode.Parse(AppA.Subscriptions)!.AsArray().Count;
        var metadata = await SidecarA.GetStringAsync("/v1.0/metadata");
        return (System.Text.Json.Nodes.JsonNode.Parse(metadata)!["subscriptions"]?.AsArray().Count ?? 0) == wanted;
    }

    private static async Task<bool> ReachesAsync(HttpClient sidecar, string appId)
    {
        try
        {
            using var response = await sidecar.GetAsync($"/v1.0/invoke/{appId}/method/ready");
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static HttpClient Client(int port) =>
        new(new SocketsHttpHandler { AllowAutoRedirect = false, ActivityHeadersPropagator = null }) { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
}
