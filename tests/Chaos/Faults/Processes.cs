using System.Diagnostics;
using OrderMall.Postgres;

namespace OrderMall.Chaos.Faults;

/// <summary>Signals to the mall's processes. Each says whether the process was still there.</summary>
internal static class Processes
{
    private static readonly int Stop = OperatingSystem.IsMacOS() ? 17 : 19;
    private static readonly int Continue = OperatingSystem.IsMacOS() ? 19 : 18;

    public static bool Kill(int process) => Send(process, Signals.Kill);

    /// <summary>What PostgreSQL calls an immediate shutdown: as in a crash, nothing is finished.</summary>
    public static bool ShutDownAtOnce(int postmaster) => Send(postmaster, Signals.Quit);

    /// <summary>Stops a process for a while. It may be killed meanwhile.</summary>
    public static async Task<bool> StopAsync(int process, TimeSpan time)
    {
        if (!Send(process, Stop))
            return false;
        try
        {
            await Task.Delay(time);
        }
        finally
        {
            Send(process, Continue);
        }

        return true;
    }

    private static bool Send(int process, int signal)
    {
        try
        {
            using var there = Process.GetProcessById(process);
        }
        catch (ArgumentException)
        {
            return false;
        }

        Signals.Send(process, signal);
        return true;
    }
}
