using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrderMall.AppHost.Dapr;
using OrderMall.Control;

namespace OrderMall.AppHost.Supervision;

/// <summary>
/// Starts again what ended by itself, with back-off, and kills what hangs: what has not answered three probes in a row, some eight seconds.
/// While the mall opens it starts a program again twice, and then gives the opening up with that program's last words.
/// Aspire itself has no restart policy. What was stopped by an operator or in the dashboard stays stopped.
/// </summary>
internal sealed partial class Supervisor(
    MallServices services, MallState state, ResourceNotificationService notifications, ResourceLoggerService logs, ILogger<Supervisor> logger) : BackgroundService
{
    private const int MissesAllowed = 2;
    private const int LastLines = 12;
    // What was transient, as a database that a busy machine did not make in time, is over then; what is set wrong should be said soon.
    private const int RestartsWhileOpening = 2;
    // Who is refused is asked again at once: what has just ended is told by Aspire a moment after.
    private static readonly TimeSpan ShortestDoubt = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan ProbeInterval = TimeSpan.FromSeconds(3);
    // While one of them does not answer, or has not answered yet.
    private static readonly TimeSpan DoubtInterval = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(0.2);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(WatchAsync(stoppingToken), ProbeAsync(stoppingToken));

    private async Task WatchAsync(CancellationToken stoppingToken)
    {
        var programs = services.Programs.ToDictionary(program => program.Name);
        await foreach (var change in notifications.WatchAsync(stoppingToken))
        {
            if (!programs.TryGetValue(change.Resource.Name, out var program))
                continue;
            var before = program.State;
            program.Latest = change;
            // What ends by itself goes from Running to its end: only who is told to stop is stopping in between.
            if (program.State == KnownResourceStates.Stopping && before != program.State)
                program.IsWanted = false;
            else if (program.IsRunning && before != program.State)
                program.IsWanted = true;
            if (program is { HasEnded: true, IsWanted: true, IsRestarting: false } && !state.IsClosing)
                _ = RestartAsync(program, stoppingToken);
        }
    }

    private async Task RestartAsync(SupervisedProgram program, CancellationToken stoppingToken)
    {
        program.IsRestarting = true;
        string? refusal = null;
        try
        {
            for (var pause = FirstPause; program is { IsWanted: true, HasEnded: true } && !state.IsClosing; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
            {
                program.Reason = program.KillReason ?? (program.Latest!.Snapshot.ExitCode is { } code ? $"it ended by itself with exit code {code}" : "it ended by itself");
                if (!state.IsOpen && program.Restarts == RestartsWhileOpening)
                {
                    state.CannotOpen(refusal ?? $"{program.Name}: {program.Reason}. Its last words:{Environment.NewLine}{await LastWordsAsync(program)}");
                    // It has opened meanwhile where this was of no effect: then it goes on.
                    continue;
                }

                program.Restarts++;
                LogRestart(program.Name, program.Reason, program.Restarts);
                LogRestart(logs.GetLogger(program.Latest!.ResourceId), program.Name, program.Reason, program.Restarts);
                try
                {
                    await services.StartAsync(program, stoppingToken);
                    refusal = null;
                    await ShowAsync(program);
                    await Task.Delay(LongestPause, stoppingToken);
                }
                catch (MallException failed)
                {
                    refusal = failed.Message;
                    LogFailed(program.Name, refusal);
                    await Task.Delay(pause, stoppingToken);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
        finally
        {
            program.IsRestarting = false;
        }
    }

    private async Task ProbeAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(ProbeInterval);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            if (!state.IsOpen)
                continue;
            var running = services.Programs.Where(program => program.IsRunning).ToList();
            await Task.WhenAll(running.Select(program => ProbeAsync(program, stoppingToken)));
            timer.Period = running.TrueForAll(program => program.IsServing) ? ProbeInterval : DoubtInterval;
        }
    }

    private async Task ProbeAsync(SupervisedProgram program, CancellationToken stoppingToken)
    {
        if (program.ProcessId is not { } id)
            return;
        if (await SidecarRequests.AnswersAsync(program.Alive, program.Token, stoppingToken))
        {
            (program.Misses, program.Answered) = (0, id);
            return;
        }

        // Until it has answered once it is starting, which takes as long as the machine is busy.
        var isStarting = program.Answered != id && DateTime.UtcNow - program.Latest!.Snapshot.StartTimeStamp < StartLimit;
        if (isStarting)
            return;
        if (program.Misses++ == 0)
            program.MissingSince = Stopwatch.GetTimestamp();
        if (program.Misses <= MissesAllowed || Stopwatch.GetElapsedTime(program.MissingSince) < ShortestDoubt || program.ProcessId != id || program.Killed == id || !program.IsWanted)
            return;
        LogHung(program.Name, program.Misses);
        program.Kill(id, string.Create(CultureInfo.InvariantCulture, $"it hung: {program.Misses} probes in a row had no answer"));
    }

    // How often and why, among what the dashboard shows of it.
    private Task ShowAsync(SupervisedProgram program) => notifications.PublishUpdateAsync(program.Latest!.Resource, program.Latest.ResourceId, snapshot => snapshot with
    {
        Properties = With(With(snapshot.Properties, "Restarts", program.Restarts), "Last restart", $"{DateTime.UtcNow:u}: {program.Reason}"),
    });

    private static ImmutableArray<ResourcePropertySnapshot> With(ImmutableArray<ResourcePropertySnapshot> properties, string name, object value) =>
        [.. properties.Where(property => property.Name != name), new ResourcePropertySnapshot(name, value)];

    private async Task<string> LastWordsAsync(SupervisedProgram program)
    {
        var lines = new Queue<string>();
        await foreach (var batch in logs.GetAllAsync(program.Latest!.ResourceId))
        {
            foreach (var line in batch)
            {
                lines.Enqueue($"  {line.Content}");
                if (lines.Count > LastLines)
                    lines.Dequeue();
            }
        }

        return lines.Count > 0 ? string.Join(Environment.NewLine, lines) : "  (none)";
    }

    [LoggerMessage(LogLevel.Warning, "{Name} is started again: {Reason}. Restart {Restarts}.")]
    private partial void LogRestart(string name, string reason, int restarts);

    [LoggerMessage(LogLevel.Warning, "{Name} is started again: {Reason}. Restart {Restarts}.")]
    private static partial void LogRestart(ILogger resource, string name, string reason, int restarts);

    [LoggerMessage(LogLevel.Error, "{Name} could not be started again and is tried once more: {Reason}")]
    private partial void LogFailed(string name, string reason);

    [LoggerMessage(LogLevel.Warning, "{Name} did not answer {Misses} probes in a row and is killed.")]
    private partial void LogHung(string name, int misses);
}
