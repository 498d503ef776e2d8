using System.Diagnostics;

namespace OrderMall.Postgres;

/// <summary>Ends the processes that belong to a mall.</summary>
internal static class ChildProcess
{
    /// <summary>Asks a process to end, and kills it when it has not within <paramref name="limit"/>. Returns when it has ended.</summary>
    public static async Task EndAsync(Process process, TimeSpan limit)
    {
        if (!process.HasExited)
            Signals.Send(process.Id, Signals.Terminate);
        using var patience = new CancellationTokenSource(limit);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
        }
    }
}
