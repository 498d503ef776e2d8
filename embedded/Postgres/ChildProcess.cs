using System.Diagnostics;

namespace OrderMall.Postgres;

/// <summary>Ends the processes that belong to a mall.</summary>
internal static class ChildProcess
{
    /// <summary>Asks a process to end, and kills it when it has not by then. Returns when it is gone.</summary>
    /// <param name="process">One that was started.</param>
    /// <param name="limit">How long it may take to end by itself.</param>
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
