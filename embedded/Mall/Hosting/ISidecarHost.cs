using OrderMall.Sidecar;

namespace OrderMall.Mall.Hosting;

/// <summary>The mall's sidecar, in this process or in its own.</summary>
internal interface ISidecarHost : IAsyncDisposable
{
    /// <summary>Where every circuit breaker stands.</summary>
    Task<IReadOnlyList<CircuitState>> CircuitsAsync(CancellationToken ct);

    /// <summary>Tells it that an app was just started or stopped.</summary>
    void Probe(string appId);
}

/// <summary>The sidecar in this process.</summary>
internal sealed class InProcessSidecar(EmbeddedSidecar sidecar, ILoggerFactory loggers) : ISidecarHost
{
    public static async Task<InProcessSidecar> StartAsync(SidecarOptions options, CancellationToken ct)
    {
        var loggers = ConsoleLog.Create();
        try
        {
            return new InProcessSidecar(await EmbeddedSidecar.StartAsync(options, loggers, ct), loggers);
        }
        catch
        {
            loggers.Dispose();
            throw;
        }
    }

    public Task<IReadOnlyList<CircuitState>> CircuitsAsync(CancellationToken ct) => Task.FromResult(sidecar.Circuits);

    public void Probe(string appId) => sidecar.Probe(appId);

    public async ValueTask DisposeAsync()
    {
        await sidecar.DisposeAsync();
        loggers.Dispose();
    }
}
