using OrderMall.Postgres;

namespace OrderMall.Chaos.Faults;

/// <summary>Signals to the mall's processes.</summary>
internal static class Processes
{
    private static readonly int Stop = OperatingSystem.IsMacOS() ? 17 : 19;
    private static readonly int Continue = OperatingSystem.IsMacOS() ? 19 : 18;

    public static void Kill(int process) => Signals.Send(process, Signals.Kill);

    /// <summary>What PostgreSQL calls an immediate shutdown: as in a crash, nothing is finished.</summary>
    public static void ShutDownAtOnce(int postmaster) => Signals.Send(postmaster, Signals.Quit);

    /// <summary>Stops a process for a while. It may be killed meanwhile.</summary>
    public static async Task StopAsync(int process, TimeSpan time)
    {
        Signals.Send(process, Stop);
        try
        {
            await Task.Delay(time);
        }
        finally
        {
            Signals.Send(process, Continue);
        }
    }
}
