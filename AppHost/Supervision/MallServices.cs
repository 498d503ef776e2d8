using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using OrderMall.AppHost.Dapr;
using OrderMall.Contracts;
using OrderMall.Control;

namespace OrderMall.AppHost.Supervision;

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
    private bool _isClosing;

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
        var instances = InstancesOf(appId);
        Task restarted;
        lock (_restarting)
        {
            instances.ForEach(instance => instance.IsWanted = false);
            restarted = EndRestart(appId);
        }

        // Else the restart would start an instance behind this.
        await restarted;
        await Task.WhenAll(instances.Select(StopAsync));
        await _sidecars.HealthyInstancesAsync(appId, CancellationToken.None);
    }

    public async Task StartServiceAsync(string appId, CancellationToken cancellationToken)
    {
        var instances = InstancesOf(appId);
        instances.ForEach(instance => instance.IsWanted = true);
        await Task.WhenAll(instances.Select(instance => StartAsync(instance, cancellationToken)));
        await WorksAsync(appId, cancellationToken);
    }

    public async Task RestartServiceAsync(string appId, CancellationToken cancellationToken)
    {
        using var untilStop = new CancellationTokenSource();
        using var pausing = CancellationTokenSource.CreateLinkedTokenSource(untilStop.Token, cancellationToken);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        List<SupervisedProgram> running;
        lock (_restarting)
        {
            if (_isClosing)
                throw new MallException("The mall is closing.");
            // Two at once would have two instances down at once.
            if (!_restarting.TryAdd(appId, (untilStop, ended)))
                throw new MallException($"{appId} is being restarted already. Try again when that is done.");
            running = [.. InstancesOf(appId).Where(instance => instance.IsWanted)];
        }

        try
        {
            var pause = TimeSpan.Zero;
            foreach (var instance in running)
            {
                await Task.Delay(pause, pausing.Token);
                // Whoever stopped it meanwhile wants it so.
                if (!instance.IsWanted)
                    continue;
                await StopAsync(instance);
                untilStop.Token.ThrowIfCancellationRequested();
                instance.IsWanted = true;
                await StartAsync(instance, untilStop.Token);
                await WorksAsync(appId, untilStop.Token);
                pause = Settling;
            }
        }
        catch (OperationCanceledException) when (untilStop.IsCancellationRequested)
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

    /// <summary>Ends the restarts in flight, and begins no more: the mall closes.</summary>
    public Task EndRestartsAsync()
    {
        lock (_restarting)
        {
            _isClosing = true;
            return Task.WhenAll(_restarting.Keys.Select(EndRestart).ToList());
        }
    }

    /// <summary>Starts a program that has ended and is wanted. Returns when its process is there.</summary>
    /// <exception cref="MallException">Aspire could not.</exception>
    public async Task StartAsync(SupervisedProgram program, CancellationToken cancellationToken)
    {
        // Who stops it waits until it is started, and finds it then.
        using var turn = await program.TakeTurnAsync(cancellationToken);
        if (program is not { IsWanted: true, HasEnded: true })
            return;
        (program.Misses, program.KillReason) = (0, null);
        var before = program.ProcessId;
        await CommandAsync(program, KnownResourceCommands.StartCommand, cancellationToken);
        await UntilAsync(() => !program.HasEnded || program.ProcessId != before, $"{program.Name} was not started");
    }

    /// <summary>Stops a program gracefully. Returns when it has ended, at once where it has no process.</summary>
    /// <exception cref="MallException">Aspire could not, or not within 45 s.</exception>
    public async Task StopAsync(SupervisedProgram program)
    {
        program.IsWanted = false;
        using var turn = await program.TakeTurnAsync(CancellationToken.None);
        if (!program.HasProcess)
            return;
        await CommandAsync(program, KnownResourceCommands.StopCommand, CancellationToken.None);
        // Who is told to end before the mall is open is not told by Aspire any more what becomes of its programs.
        if (!_isClosing)
            await UntilAsync(() => program.HasEnded, $"{program.Name} did not end");
    }

    // What Aspire says of a program comes a moment after it has done it.
    private static async Task UntilAsync(Func<bool> isTrue, string otherwise)
    {
        for (var time = Stopwatch.StartNew(); !isTrue(); await Task.Delay(LookInterval))
        {
            if (time.Elapsed > ReachableLimit)
                throw new MallException($"{otherwise} within {ReachableLimit.TotalSeconds:0} s.");
        }
    }

    private Task EndRestart(string appId)
    {
        if (!_restarting.TryGetValue(appId, out var restart))
            return Task.CompletedTask;
        restart.UntilStop.Cancel();
        return restart.Ended.Task;
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

    // Until its sidecar gives all of it work, which is what others see of it.
    private async Task WorksAsync(string appId, CancellationToken cancellationToken)
    {
        var instances = InstancesOf(appId);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(ReachableLimit);
        try
        {
            while (instances.Exists(instance => instance is { IsWanted: true, IsServing: false })
                || await _sidecars.HealthyInstancesAsync(appId, limit.Token) < instances.Count(instance => instance.IsWanted)
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
