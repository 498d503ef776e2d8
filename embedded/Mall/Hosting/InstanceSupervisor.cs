using System.Diagnostics;

namespace OrderMall.Mall.Hosting;

/// <summary>
/// Keeps one instance running between <see cref="StartAsync"/> and <see cref="StopAsync"/>: what ends by itself is
/// started again, at first after 0.2 s and then ever later up to 5 s, until it stays up.
/// </summary>
/// <param name="create">Makes a new run.</param>
/// <param name="changed">Told after every change of <see cref="Status"/>.</param>
internal sealed partial class InstanceSupervisor(string name, Func<IServiceRun> create, Action changed, ILogger logger)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(0.2);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Steady = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim gate = new(1);
    private CancellationTokenSource? stop;
    private Task running = Task.CompletedTask;

    public ServiceStatus Status { get; private set; }

    /// <summary>How often it ended by itself, or could not start again, and was started again.</summary>
    public int Restarts { get; private set; }

    /// <summary>The run in hand, if any.</summary>
    public IServiceRun? Run { get; private set; }

    /// <summary>Starts it and returns when it serves. Does nothing when it is running, or being tried again.</summary>
    /// <exception cref="Exception">It could not start; it stays stopped.</exception>
    public async Task StartAsync(CancellationToken ct)
    {
        await gate.WaitAsync(ct);
        try
        {
            if (stop is null)
                await BeginAsync(ct);
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>Stops it in order, starts it again, and returns when it serves. Does nothing when it is stopped.</summary>
    /// <exception cref="Exception">It could not start again; it stays stopped.</exception>
    public async Task RestartAsync(CancellationToken ct)
    {
        await gate.WaitAsync(ct);
        try
        {
            if (stop is null)
                return;
            await EndAsync();
            await BeginAsync(ct);
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>Stops it in order. Does nothing when it is stopped.</summary>
    public async Task StopAsync()
    {
        await gate.WaitAsync();
        try
        {
            await EndAsync();
        }
        finally
        {
            gate.Release();
        }
    }

    private async Task BeginAsync(CancellationToken ct)
    {
        stop = new CancellationTokenSource();
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var token = stop.Token;
        running = Task.Run(() => RunAsync(started, token), CancellationToken.None);
        try
        {
            await started.Task.WaitAsync(ct);
        }
        catch
        {
            await EndAsync();
            throw;
        }
    }

    private async Task EndAsync()
    {
        if (stop is null)
            return;
        await stop.CancelAsync();
        await running;
        stop.Dispose();
        stop = null;
        Become(ServiceStatus.Stopped);
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
                Become(ServiceStatus.Starting);
                await using var run = Run = create();
                await run.StartAsync(stopped);
                Become(ServiceStatus.Running);
                started.TrySetResult();
                await run.Ended.WaitAsync(stopped);
                Become(ServiceStatus.Failed);
                LogEnded(name);
            }
            catch (OperationCanceledException) when (stopped.IsCancellationRequested)
            {
                break;
            }
            catch (Exception failed)
            {
                Become(ServiceStatus.Failed);
                if (started.TrySetException(failed))
                    break;
                LogFailed(failed, name);
            }
            finally
            {
                Run = null;
            }

            Restarts++;
            pause = up.Elapsed > Steady ? FirstPause : pause;
            await Task.Delay(pause, stopped).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }

        started.TrySetCanceled(stopped);
    }

    private void Become(ServiceStatus status)
    {
        Status = status;
        changed();
    }

    [LoggerMessage(LogLevel.Warning, "{Name} ended by itself and is started again.")]
    private partial void LogEnded(string name);

    [LoggerMessage(LogLevel.Error, "{Name} could not start and is tried again.")]
    private partial void LogFailed(Exception exception, string name);
}
