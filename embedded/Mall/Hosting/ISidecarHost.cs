using OrderMall.Sidecar;

namespace OrderMall.Mall.Hosting;

/// <summary>The embedded sidecar, in this process or in its own.</summary>
internal interface ISidecarHost : IAsyncDisposable
{
    /// <summary>Where an app finds its sidecar.</summary>
    SidecarPorts PortsOf(string appId);

    /// <summary>Where every circuit breaker stands.</summary>
    Task<IReadOnlyList<CircuitState>> CircuitsAsync(CancellationToken ct);

    /// <summary>Waits until it sends work to so many instances of an app; at most some seconds.</summary>
    Task HealthyAsync(string appId, int instances, CancellationToken ct);

    /// <summary>Tells it that an app was just started or stopped.</summary>
    void Probe(string appId);
}

/// <summary>The ports of a sidecar on 127.0.0.1.</summary>
/// <param name="Http">Of Dapr's HTTP API.</param>
/// <param name="Grpc">Of its gRPC API.</param>
internal readonly record struct SidecarPorts(int Http, int Grpc)
{
    /// <summary>Those that an embedded sidecar serves an app on.</summary>
    public static SidecarPorts Of(SidecarOptions options, string appId)
    {
        var app = options.Apps.Single(app => app.AppId == appId);
        return new(app.Port, app.GrpcPort!.Value);
    }
}

/// <summary>The sidecar in this process.</summary>
internal sealed class InProcessSidecar(EmbeddedSidecar sidecar, ILoggerFactory loggers, SidecarOptions options) : ISidecarHost
{
    public SidecarPorts PortsOf(string appId) => SidecarPorts.Of(options, appId);

    public static async Task<InProcessSidecar> StartAsync(SidecarOptions options, CancellationToken ct)
    {
        var loggers = ConsoleLog.Create();
        try
        {
            return new InProcessSidecar(await EmbeddedSidecar.StartAsync(options, loggers, ct), loggers, options);
        }
        catch
        {
            loggers.Dispose();
            throw;
        }
    }

    public Task<IReadOnlyList<CircuitState>> CircuitsAsync(CancellationToken ct) => Task.FromResult(sidecar.Circuits);

    public async Task HealthyAsync(string appId, int instances, CancellationToken ct)
    {
        for (; sidecar.HealthyInstances[appId] < instances; await Task.Delay(20, ct))
            sidecar.Probe(appId);
    }

    public void Probe(string appId) => sidecar.Probe(appId);

    public async ValueTask DisposeAsync()
    {
        await sidecar.DisposeAsync();
        loggers.Dispose();
    }
}
