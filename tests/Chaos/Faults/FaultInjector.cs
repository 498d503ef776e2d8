using Npgsql;
using OrderMall.Chaos.Relays;

namespace OrderMall.Chaos.Faults;

/// <summary>Injects faults into a mall, and removes them again.</summary>
internal sealed class FaultInjector(AppHostMall mall, RelayedLinks links, Operator op, Answers answers, Timeline timeline)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Returns when all of it is over, and put right again what does not come right by itself.</summary>
    /// <returns>What really happened, and when the last of it was over.</returns>
    public async Task<(IReadOnlyList<FaultKind> Happened, TimeSpan OverAt)> InjectAsync(Episode episode)
    {
        var ends = await Task.WhenAll(episode.Faults.Select(async fault =>
        {
            await Task.Delay(fault.After);
            using var noted = timeline.Begin(fault.ToString());
            return (fault.Kind, OverAt: await InjectAsync(fault, isAlone: episode.Faults.Count == 1));
        }));
        return ([.. ends.Where(end => end.OverAt is not null).Select(end => end.Kind)], ends.Max(end => end.OverAt) ?? timeline.Elapsed);
    }

    // When it was over; null if it did not happen.
    private async Task<TimeSpan?> InjectAsync(Fault fault, bool isAlone) => fault.Kind switch
    {
        FaultKind.KillInstance or FaultKind.KillProvider or FaultKind.KillGateway => Do(Processes.Kill, mall.ProcessId(fault.AppId!, fault.Instance)),
        FaultKind.KillService => Do(Processes.Kill, [.. mall.ProcessIds(fault.AppId!)]),
        FaultKind.KillSidecar => Do(Processes.Kill, mall.SidecarProcessId),
        FaultKind.KillPostgres => Do(Processes.ShutDownAtOnce, mall.PostgresProcessId),
        FaultKind.Restart => await RestartAsync(fault.AppId!, isAlone),
        FaultKind.StopInstance => await StopAsync(mall.ProcessId(fault.AppId!, fault.Instance), fault.Lasts),
        FaultKind.StopSidecar => await StopAsync(mall.SidecarProcessId, fault.Lasts),
        FaultKind.StopPostmaster => await StopAsync(mall.PostgresProcessId, fault.Lasts),
        FaultKind.StopBackend => await StopBackendAsync(fault),
        FaultKind.ProviderSlow => await ProviderAsync("slow", fault),
        FaultKind.ProviderDown => await ProviderAsync("down", fault),
        FaultKind.ProviderDeclines => await ProviderAsync("decline", fault),
        FaultKind.SlowLink => await InjectNetworkFaultAsync(NetworkFaultKind.Slow, fault),
        FaultKind.DroppedConnections => await InjectNetworkFaultAsync(NetworkFaultKind.Dropping, fault),
        FaultKind.RefusedConnections => await InjectNetworkFaultAsync(NetworkFaultKind.Refusing, fault),
        FaultKind.LostAnswers => await InjectNetworkFaultAsync(NetworkFaultKind.LosingAnswers, fault),
        FaultKind.DuplicatedEvents => await InjectNetworkFaultAsync(NetworkFaultKind.Duplicating, fault),
        _ => await InjectNetworkFaultAsync(NetworkFaultKind.Reordering, fault),
    };

    private TimeSpan? Do(Func<int, bool> what, params IReadOnlyList<int?> processes) =>
        OverNow(processes.Count(process => process is { } there && what(there)) > 0, "it was not running");

    private async Task<TimeSpan?> StopAsync(int? process, TimeSpan time) =>
        OverNow(process is { } there && await Processes.StopAsync(there, time), "it was not running");

    private TimeSpan? OverNow(bool happened, string otherwise)
    {
        if (happened)
            return timeline.Elapsed;
        timeline.Say($"  it did not happen: {otherwise} at that moment");
        return null;
    }

    // As an operator does: what did not start again, because something else was wrong, is started until it has.
    private async Task<TimeSpan?> RestartAsync(string appId, bool isAlone)
    {
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            await mall.Control.RestartServiceAsync(appId, limit.Token);
            return timeline.Elapsed;
        }
        catch (Exception failed) when (failed is MallException or OperationCanceledException)
        {
            var said = $"{appId} could not be restarted: {failed.Message}";
            if (isAlone)
                timeline.Find(said);
            else
                timeline.Say($"  {said}");
        }

        var overAt = timeline.Elapsed;
        await PatientlyAsync($"start {appId} again", async () =>
        {
            try
            {
                await mall.Control.StartServiceAsync(appId, CancellationToken.None);
                return true;
            }
            catch (MallException)
            {
                return false;
            }
        });
        return overAt;
    }

    private async Task<TimeSpan?> StopBackendAsync(Fault fault)
    {
        try
        {
            await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(links.Database) { Pooling = false, Timeout = 5, CommandTimeout = 5 }.ConnectionString);
            await connection.OpenAsync();
            await using var command = new NpgsqlCommand("SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() ORDER BY pid", connection);
            var sessions = new List<int>();
            await using (var reader = await command.ExecuteReaderAsync())
            {
                while (await reader.ReadAsync())
                    sessions.Add(reader.GetInt32(0));
            }

            return await StopAsync(sessions.Count == 0 ? null : sessions[new Random(fault.Seed).Next(sessions.Count)], fault.Lasts);
        }
        catch (NpgsqlException unreachable)
        {
            return OverNow(happened: false, $"PostgreSQL did not say which sessions there are ({unreachable.Message})");
        }
    }

    private async Task<TimeSpan?> ProviderAsync(string mode, Fault fault)
    {
        var isSet = await SetAsync(mode, (int)fault.Delay.TotalMilliseconds);
        if (isSet)
            await Task.Delay(fault.Lasts);
        var overAt = OverNow(isSet, "it was unreachable");
        await PatientlyAsync("make the payment provider normal again", () => SetAsync("normal", 0));
        return overAt;
    }

    private async Task<bool> SetAsync(string mode, int delayMs) =>
        await answers.AskAsync(() => op.PutAsync("/api/ops/payment-provider", new { mode, delayMs }), System.Net.HttpStatusCode.OK) is not null;

    private async Task<TimeSpan?> InjectNetworkFaultAsync(NetworkFaultKind kind, Fault fault)
    {
        var relays = links[fault.Link!];
        if (relays.Count == 0)
            return OverNow(happened: false, "nobody used that link");

        var injected = new NetworkFault(kind, fault.Delay, fault.Seed);
        foreach (var relay in relays)
            relay.Begin(injected);
        await Task.Delay(fault.Lasts);
        foreach (var relay in relays)
            relay.End(injected);
        return timeline.Elapsed;
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
