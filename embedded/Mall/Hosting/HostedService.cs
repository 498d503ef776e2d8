namespace OrderMall.Mall.Hosting;

/// <summary>A service with all its instances.</summary>
internal sealed class HostedService
{
    // A new instance is slow at first: it gets used to its work before it may have to do all of it.
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(5);

    private readonly IReadOnlyList<InstanceSupervisor> instances;
    private CancellationTokenSource untilStop = new(); // cancelled, and replaced, by every stop
    private bool restarting;

    /// <summary>Makes the service; nothing runs yet.</summary>
    /// <param name="run">Makes a run of the instance of that number and address.</param>
    /// <param name="changed">Told after every change of an instance.</param>
    public HostedService(AppPlan plan, Func<int, Uri, IServiceRun> run, Action changed, ILogger logger)
    {
        Plan = plan;
        instances = [.. plan.Instances.Select((uri, i) => new InstanceSupervisor(plan.AppId, () => run(i, uri), changed, logger))];
    }

    public AppPlan Plan { get; }

    /// <summary>The best of its instances': one that runs is enough to serve.</summary>
    public ServiceStatus Status =>
        instances.Any(i => i.Status == ServiceStatus.Running) ? ServiceStatus.Running
        : instances.Any(i => i.Status == ServiceStatus.Starting) ? ServiceStatus.Starting
        : instances.Any(i => i.Status == ServiceStatus.Failed) ? ServiceStatus.Failed
        : ServiceStatus.Stopped;

    public int RunningInstances => instances.Count(i => i.Status == ServiceStatus.Running);

    public int Instances => instances.Count;

    /// <summary>How often one of them ended by itself and was started again.</summary>
    public int Restarts => instances.Sum(i => i.Restarts);

    /// <summary>The process of an instance; <see langword="null"/> while it does not run, or where it has none of its own.</summary>
    public int? ProcessId(int instance) => (instances[instance].Run as ProcessRun)?.ProcessId;

    public IReadOnlyList<int> ProcessIds => [.. instances.Select(i => (i.Run as ProcessRun)?.ProcessId).OfType<int>()];

    public Task StartAsync(CancellationToken ct) => Task.WhenAll(instances.Select(i => i.StartAsync(ct)));

    /// <summary>Stops and starts its instances, one after the other. What is stopped, or is so meanwhile, stays so.</summary>
    /// <param name="reachable">Waits until what was started has work again.</param>
    /// <param name="ct">Ends it after the instance in hand.</param>
    /// <exception cref="MallException">It is being restarted already, or was stopped meanwhile.</exception>
    public async Task RestartAsync(Func<CancellationToken, Task> reachable, CancellationToken ct)
    {
        // Two at once would have two instances away at once.
        if (Interlocked.Exchange(ref restarting, true))
            throw new MallException($"{Plan.AppId} is being restarted already. Try again when that is done.");
        var stopped = untilStop.Token;
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(ct, stopped);
        try
        {
            var pause = TimeSpan.Zero;
            foreach (var instance in instances)
            {
                if (instance.Status == ServiceStatus.Stopped)
                    continue;
                await Task.Delay(pause, ended.Token);
                await instance.RestartAsync(stopped);
                await reachable(ended.Token);
                pause = Settling;
            }
        }
        catch (OperationCanceledException) when (stopped.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            throw new MallException($"{Plan.AppId} was stopped while it was being restarted.");
        }
        finally
        {
            Volatile.Write(ref restarting, false);
        }
    }

    /// <summary>Stops all of it, and ends a restart that is under way.</summary>
    public async Task StopAsync()
    {
        await Interlocked.Exchange(ref untilStop, new CancellationTokenSource()).CancelAsync();
        await Task.WhenAll(instances.Select(i => i.StopAsync()));
    }
}
