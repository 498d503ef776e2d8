using System.Diagnostics;
using OrderMall.ServiceDefaults;

namespace OrderMall.Mall;

/// <summary>
/// A service in this process, running between <see cref="StartAsync"/> and <see cref="StopAsync"/>: one that ends by itself is started
/// again, at first after 0.2 s and then ever later up to 5 s, until it stays up.
/// </summary>
internal sealed partial class HostedService(InProcessService service, AppPlan plan, IReadOnlyDictionary<string, string> settings, ILogger logger)
{
    // In one console the services say only what needs attention.
    private static readonly string[] Quiet =
    [
        "--Logging:Console:LogLevel:Default=Warning",
        "--Logging:Console:LogLevel:Microsoft.Hosting.Lifetime=Warning",
        // Said again, since what is said of a provider counts for more: see ServiceHost.
        "--Logging:Console:LogLevel:Microsoft.EntityFrameworkCore.Update=None",
        "--Logging:Console:LogLevel:Microsoft.EntityFrameworkCore.Database.Command=None",
        "--Logging:Console:LogLevel:Microsoft.AspNetCore.DataProtection=Error", // keys lie unwrapped in a database of their owner's only
        "--Logging:Console:FormatterName=simple",
        "--Logging:Console:FormatterOptions:SingleLine=true",
        "--Logging:Console:FormatterOptions:TimestampFormat=HH:mm:ss ",
    ];

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan EndLimit = ServiceHost.DrainTime + TimeSpan.FromSeconds(2);
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(0.2);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Steady = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _gate = new(1);
    private CancellationTokenSource? _stop;
    private Task _running = Task.CompletedTask;

    public AppPlan Plan => plan;

    public ServiceStatus Status { get; private set; }

    /// <summary>How often it ended by itself, or could not start again, and was started again.</summary>
    public int Restarts { get; private set; }

    /// <summary>Starts it and returns when it serves. Does nothing when it is running, or about to be restarted.</summary>
    /// <exception cref="MallException">It could not start; it stays stopped.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        using var _ = await EnterAsync(cancellationToken);
        if (_stop is null)
            await BeginAsync(cancellationToken);
    }

    /// <summary>Stops it gracefully, starts it again, and returns when it serves. Does nothing when it is stopped.</summary>
    /// <exception cref="MallException">It could not start again; it stays stopped.</exception>
    public async Task RestartAsync(CancellationToken cancellationToken)
    {
        using var _ = await EnterAsync(cancellationToken);
        if (_stop is null)
            return;
        await EndAsync();
        await BeginAsync(cancellationToken);
    }

    /// <summary>Stops it gracefully. Does nothing when it is stopped.</summary>
    public async Task StopAsync()
    {
        using var _ = await EnterAsync(CancellationToken.None);
        await EndAsync();
    }

    private async Task BeginAsync(CancellationToken cancellationToken)
    {
        _stop = new CancellationTokenSource();
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var stopped = _stop.Token;
        _running = Task.Run(() => RunAsync(started, stopped), CancellationToken.None);
        try
        {
            await started.Task.WaitAsync(cancellationToken);
        }
        catch (Exception failed)
        {
            await EndAsync();
            if (failed is OperationCanceledException)
                throw;
            throw new MallException($"{plan.AppId} could not start: {failed.Message}", failed);
        }
    }

    private async Task EndAsync()
    {
        if (_stop is null)
            return;
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
        _stop = null;
        Status = ServiceStatus.Stopped;
    }

    private async Task RunAsync(TaskCompletionSource started, CancellationToken stopped)
    {
        // What runs from here on does not belong to the request that asked for it.
        Activity.Current = null;
        var pause = FirstPause;
        while (!stopped.IsCancellationRequested)
        {
            var up = Stopwatch.StartNew();
            try
            {
                Status = ServiceStatus.Starting;
                await RunOnceAsync(started, stopped);
                if (stopped.IsCancellationRequested)
                    break;
                Status = ServiceStatus.Failed;
                LogEnded(plan.AppId);
            }
            catch (Exception failed)
            {
                Status = ServiceStatus.Failed;
                if (stopped.IsCancellationRequested || started.TrySetException(failed))
                    break;
                LogFailed(failed, plan.AppId);
            }

            Restarts++;
            pause = up.Elapsed > Steady ? FirstPause : pause;
            await Task.Delay(pause, stopped).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }

        started.TrySetCanceled(stopped);
    }

    // Until it ends by itself, or is stopped.
    private async Task RunOnceAsync(TaskCompletionSource started, CancellationToken stopped)
    {
        await using var app = service.Create([.. settings.Select(setting => $"--{setting.Key}={setting.Value}"), .. Quiet]);
        // Not with the token: a host that is cancelled half started complains at length. It is stopped once it runs.
        using (var limit = new CancellationTokenSource(StartLimit))
            await app.StartAsync(limit.Token);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stopped, app.Lifetime.ApplicationStopping);
        Status = ServiceStatus.Running;
        started.TrySetResult();
        await Task.Delay(Timeout.Infinite, ended.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        // What does not finish in time is cut off.
        using var patience = new CancellationTokenSource(EndLimit);
        await app.StopAsync(patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task<IDisposable> EnterAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        return new Exit(_gate);
    }

    [LoggerMessage(LogLevel.Warning, "{Name} ended by itself and is started again.")]
    private partial void LogEnded(string name);

    [LoggerMessage(LogLevel.Error, "{Name} could not start and is retried.")]
    private partial void LogFailed(Exception exception, string name);

    private sealed class Exit(SemaphoreSlim gate) : IDisposable
    {
        public void Dispose() => gate.Release();
    }
}
