using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace OrderMall.Postgres;

/// <summary>The server process of a cluster, as its <c>postmaster.pid</c> tells it.</summary>
internal sealed record Postmaster(int ProcessId)
{
    private static readonly TimeSpan FastShutdown = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan ImmediateShutdown = TimeSpan.FromSeconds(5);

    /// <summary>The process that has this cluster open, if it is alive. A process that merely got a dead one's id does not count.</summary>
    public static Postmaster? Of(string cluster)
    {
        try
        {
            var lines = File.ReadAllLines(Path.Combine(cluster, "postmaster.pid"));
            if (lines.Length < 3 || !int.TryParse(lines[0], out var id) || !long.TryParse(lines[2], out var began))
                return null;
            using var process = Process.GetProcessById(id);
            var start = new DateTimeOffset(process.StartTime.ToUniversalTime());
            return process.ProcessName.StartsWith("postgres", StringComparison.Ordinal)
                && start <= DateTimeOffset.FromUnixTimeSeconds(began) + TimeSpan.FromSeconds(10)
                ? new(id)
                : null;
        }
        catch (Exception ended) when (ended is IOException or ArgumentException or InvalidOperationException or Win32Exception)
        {
            return null;
        }
    }

    /// <summary>Stops it: quickly but in order (clients are disconnected, what is committed is kept), harder after 20 s, by force after 25 s.</summary>
    public async Task StopAsync(PostgresBinaries binaries, string cluster)
    {
        if (OperatingSystem.IsWindows())
            await ServerAccount.RunAsync([binaries.PgCtl, "kill", "INT", ProcessId.ToString(CultureInfo.InvariantCulture)], cluster, CancellationToken.None);
        else
            Signals.Send(ProcessId, Signals.Interrupt);
        if (await EndedAsync(cluster, FastShutdown))
            return;
        Signals.Send(ProcessId, Signals.Quit);
        if (await EndedAsync(cluster, ImmediateShutdown))
            return;
        Signals.Send(ProcessId, Signals.Kill);
        await EndedAsync(cluster, ImmediateShutdown);
    }

    /// <summary>Waits for the server to give its data up, which is the last thing it does.</summary>
    private async Task<bool> EndedAsync(string cluster, TimeSpan limit)
    {
        for (var time = Stopwatch.StartNew(); Of(cluster) == this; await Task.Delay(10))
        {
            if (time.Elapsed > limit)
                return false;
        }

        return true;
    }
}
