using Npgsql;
using OrderMall.Chaos.Ways;
using OrderMall.Mall;

namespace OrderMall.Chaos.Faults;

/// <summary>Makes things go wrong, and right again.</summary>
internal sealed class Troublemaker(EmbeddedMall mall, RelayedWays ways, Operator op, Answers answers, Timeline timeline)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Returns when all of it is over. What is begun is also ended.</summary>
    public Task MakeAsync(Episode episode) => Task.WhenAll(episode.Faults.Select(async fault =>
    {
        await Task.Delay(fault.After);
        using var noted = timeline.Begin(fault.ToString());
        await MakeAsync(fault);
    }));

    private Task MakeAsync(Fault fault) => fault.Kind switch
    {
        FaultKind.KillInstance or FaultKind.KillProvider or FaultKind.KillGateway => DoAsync(Processes.Kill, mall.ProcessId(fault.AppId!, fault.Instance)),
        FaultKind.KillService => Task.WhenAll(mall.ProcessIds(fault.AppId!).Select(process => DoAsync(Processes.Kill, process))),
        FaultKind.KillSidecar => DoAsync(Processes.Kill, mall.SidecarProcessId),
        FaultKind.KillPostgres => DoAsync(Processes.ShutDownAtOnce, mall.PostgresProcessId),
        FaultKind.Restart => RestartAsync(fault.AppId!),
        FaultKind.StopInstance => StopAsync(mall.ProcessId(fault.AppId!, fault.Instance), fault.Lasts),
        FaultKind.StopSidecar => StopAsync(mall.SidecarProcessId, fault.Lasts),
        FaultKind.StopPostmaster => StopAsync(mall.PostgresProcessId, fault.Lasts),
        FaultKind.StopBackend => StopBackendAsync(fault),
        FaultKind.ProviderSlow => ProviderAsync("slow", fault),
        FaultKind.ProviderDown => ProviderAsync("down", fault),
        FaultKind.ProviderDeclines => ProviderAsync("decline", fault),
        FaultKind.SlowWay => TroubleAsync(TroubleKind.Slow, fault),
        FaultKind.DroppedConnections => TroubleAsync(TroubleKind.Dropping, fault),
        FaultKind.RefusedConnections => TroubleAsync(TroubleKind.Refusing, fault),
        FaultKind.LostAnswers => TroubleAsync(TroubleKind.LosingAnswers, fault),
        FaultKind.DuplicatedEvents => TroubleAsync(TroubleKind.Duplicating, fault),
        _ => TroubleAsync(TroubleKind.Reordering, fault),
    };

    private Task DoAsync(Action<int> what, int? process)
    {
        if (process is { } there)
            what(there);
        else
            timeline.Say("  it was not running at that moment");
        return Task.CompletedTask;
    }

    private Task StopAsync(int? process, TimeSpan time) => process is { } there ? Processes.StopAsync(there, time) : DoAsync(_ => { }, null);

    // As an operator does: what did not start again, because something else was wrong, is started until it has.
    private async Task RestartAsync(string appId)
    {
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            await mall.RestartServiceAsync(appId, limit.Token);
            return;
        }
        catch (Exception failed) when (failed is MallException or OperationCanceledException)
        {
            timeline.Say($"  {failed.Message}");
        }

        await PatientlyAsync($"start {appId} again", async () =>
        {
            try
            {
                await mall.StartServiceAsync(appId);
                return true;
            }
            catch (MallException)
            {
                return false;
            }
        });
    }

    private async Task StopBackendAsync(Fault fault)
    {
        try
        {
            await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(ways.Database) { Pooling = false, Timeout = 5, CommandTimeout = 5 }.ConnectionString);
            await connection.OpenAsync();
            await using var command = new NpgsqlCommand("SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() ORDER BY pid", connection);
            var sessions = new List<int>();
            await using (var reader = await command.ExecuteReaderAsync())
            {
                while (await reader.ReadAsync())
                    sessions.Add(reader.GetInt32(0));
            }

            await StopAsync(sessions.Count == 0 ? null : sessions[new Random(fault.Seed).Next(sessions.Count)], fault.Lasts);
        }
        catch (NpgsqlException absent)
        {
            timeline.Say($"  PostgreSQL did not say which sessions there are: {absent.Message}");
        }
    }

    private async Task ProviderAsync(string mode, Fault fault)
    {
        if (await SetAsync(mode, (int)fault.Delay.TotalMilliseconds))
            await Task.Delay(fault.Lasts);
        else
            timeline.Say("  it was not to be reached at that moment");
        await PatientlyAsync("make the payment provider normal again", () => SetAsync("normal", 0));
    }

    private async Task<bool> SetAsync(string mode, int delayMs) =>
        await answers.AskAsync(() => op.PutAsync("/api/ops/payment-provider", new { mode, delayMs }), System.Net.HttpStatusCode.OK) is not null;

    private async Task TroubleAsync(TroubleKind kind, Fault fault)
    {
        if (ways[fault.Way!] is not { } relay)
        {
            timeline.Say("  nobody goes there");
            return;
        }

        var trouble = new Trouble(kind, fault.Delay, fault.Seed);
        relay.Begin(trouble);
        await Task.Delay(fault.Lasts);
        relay.End(trouble);
    }

    private async Task PatientlyAsync(string what, Func<Task<bool>> tryIt)
    {
        for (var began = timeline.Elapsed; timeline.Elapsed - began < Patience; await Task.Delay(Pause))
        {
            if (await tryIt())
                return;
        }

        timeline.Find($"It was not possible to {what} within {Patience.TotalSeconds:0} s.");
    }
}
