using Microsoft.Extensions.DependencyInjection;
using OrderMall.AppHost.Dapr;
using OrderMall.Contracts;
using OrderMall.Control;

namespace OrderMall.AppHost.Operations;

/// <summary>The mall's services as operators see, stop, start and restart them, by Aspire's resource commands.</summary>
internal sealed class MallServices : IMallControl
{
    // A new instance is slow at first: it gets used to its work before it may have to do all of it.
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ReachableLimit = TimeSpan.FromSeconds(45);
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(100);

    private readonly Sidecars _sidecars;
    private readonly Dictionary<string, (CancellationTokenSource UntilStop, TaskCompletionSource Ended)> _restarting = [];
    private IServiceProvider? _services;

    public MallServices(MallApp control, IReadOnlyList<MallApp> apps, Sidecars sidecars)
    {
        (Control, Apps, _sidecars) = (control, apps, sidecars);
        Programs =
        [
            .. sidecars.Programs.Select(sidecar => new SupervisedProgram(sidecar.Name, sidecar.Alive, sidecar.Token)),
            .. apps.SelectMany(app => app.Instances).Select(instance => new SupervisedProgram(instance.Name, new Uri(instance.Address, "/alive"), null)),
        ];
    }

    /// <summary>The app through which operators reach this.</summary>
    public MallApp Control { get; }

    public IReadOnlyList<MallApp> Apps { get; }

    /// <summary>All programs that are kept running, the sidecars first.</summary>
    public IReadOnlyList<SupervisedProgram> Programs { get; }

    /// <summary>Whether a call of another app would reach this one.</summary>
    public Func<string, CancellationToken, Task<bool>> Reaches { get; set; } = static (_, _) => Task.FromResult(false);

    /// <summary>Gives it Aspire's services, which are there when the application is built.</summary>
    public void Use(IServiceProvider services) => _services = services;

    public bool Has(string appId) => Apps.Any(app => app.AppId == appId);

    public async Task<IReadOnlyList<ServiceState>> ServicesAsync(CancellationToken cancellationToken) =>
        [.. await Task.WhenAll(Apps.Select(app => StateAsync(app, cancellationToken)))];

    public async Task StopServiceAsync(string appId)
    {
        Task restarted;
        lock (_restarting)
        {
            var restart = _restarting.GetValueOrDefault(appId);
            restart.UntilStop?.Cancel();
            restarted = restart.Ended?.Task ?? Task.CompletedTask;
        }

        // Else the restart would start an instance behind this.
        await restarted;
        var instances = InstancesOf(appId);
        foreach (var instance in instances)
            instance.IsWanted = false;
        await Task.WhenAll(instances.Where(instance => instance.HasProcess).Select(instance => StopAsync(instance, CancellationToken.None)));
        await _sidecars.HealthyInstancesAsync(appId, CancellationToken.None);
    }

    public async Task StartServiceAsync(string appId, CancellationToken cancellationToken)
    {
        var instances = InstancesOf(appId);
        await Task.WhenAll(instances.Select(instance => StartAsync(instance, cancellationToken)));
        await WorksAsync(appId, instances.Count, cancellationToken);
    }

    public async Task RestartServiceAsync(string appId, CancellationToken cancellationToken)
    {
        using var untilStop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_restarting)
        {
            // Two at once would have two instances away at once.
            if (!_restarting.TryAdd(appId, (untilStop, ended)))
                throw new MallException($"{appId} is being restarted already. Try again when that is done.");
        }

        try
        {
            var pause = TimeSpan.Zero;
            var running = InstancesOf(appId).Where(instance => instance.IsWanted).ToList();
            foreach (var instance in running)
            {
                await Task.Delay(pause, untilStop.Token);
                await StopAsync(instance, untilStop.Token);
                await StartAsync(instance, untilStop.Token);
                await WorksAsync(appId, running.Count, untilStop.Token);
                pause = Settling;
            }
        }
        catch (OperationCanceledException) when (untilStop.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new MallException($"{appId} was stopped while it was being restarted.");
        }
        finally
        {
            lock (_restarting)
                _restarting.Remove(appId);
            ended.SetResult();
        }
    }

    /// <summary>Starts a program that has ended. Returns when Aspire has done so.</summary>
    public async Task StartAsync(SupervisedProgram program, CancellationToken cancellationToken)
    {
        program.IsWanted = true;
        (program.Misses, program.KillReason) = (0, null);
        if (!program.HasEnded)
            return;
        await CommandAsync(program, KnownResourceCommands.StartCommand, cancellationToken);
    }

    /// <summary>Stops a program gracefully.</summary>
    public async Task StopAsync(SupervisedProgram program, CancellationToken cancellationToken)
    {
        program.IsWanted = false;
        await CommandAsync(program, KnownResourceCommands.StopCommand, cancellationToken);
        // What Aspire says of it comes a moment after it has done it.
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(ReachableLimit);
        while (!program.HasEnded)
            await Task.Delay(LookInterval, limit.Token);
    }

    private List<SupervisedProgram> InstancesOf(string appId) =>
        [.. Apps.First(app => app.AppId == appId).Instances.Select(instance => Programs.First(program => program.Name == instance.Name))];

    private async Task<ServiceState> StateAsync(MallApp app, CancellationToken cancellationToken)
    {
        var instances = InstancesOf(app.AppId);
        return new ServiceState(
            app.AppId,
            instances.Any(instance => instance.IsServing) ? ServiceStatus.Running
                : instances.Any(instance => instance.IsWanted && !instance.HasEnded) ? ServiceStatus.Starting
                : instances.Any(instance => instance.IsWanted) ? ServiceStatus.Failed
                : ServiceStatus.Stopped,
            instances.Count(instance => instance.IsServing),
            instances.Sum(instance => instance.Restarts),
            await _sidecars.CircuitsAsync(app.AppId, cancellationToken));
    }

    // Until its sidecar gives it work, which is what others see of it.
    private async Task WorksAsync(string appId, int instances, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(ReachableLimit);
        try
        {
            while (InstancesOf(appId).Count(instance => instance.IsServing) < instances
                || (await _sidecars.HealthyInstancesAsync(appId, limit.Token) ?? instances) < instances
                || (appId != AppIds.Gateway && !await Reaches(appId, limit.Token)))
                await Task.Delay(LookInterval, limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new MallException($"{appId} got no work within {ReachableLimit.TotalSeconds:0} s after its start. Its console logs in the dashboard may say why.");
        }
    }

    private async Task CommandAsync(SupervisedProgram program, string command, CancellationToken cancellationToken)
    {
        if (program.Latest is not { } latest)
            throw new MallException($"{program.Name} has not been started yet.");
        var result = await _services!.GetRequiredService<ResourceCommandService>().ExecuteCommandAsync(latest.ResourceId, command, cancellationToken);
        if (!result.Success)
            throw new MallException($"{program.Name}: {result.Message ?? $"Aspire could not execute {command}."}");
    }
}
