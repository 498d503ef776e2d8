using System.Diagnostics;
using System.Runtime.InteropServices;

namespace OrderMall.Postgres;

/// <summary>Starts and ends the processes that belong to a mall.</summary>
internal static partial class ChildProcess
{
    private const int SetDescriptorFlags = 2;
    private const int CloseOnExec = 1;
    private static readonly Lock Starting = new();

    /// <summary>Starts a process; one at a time, so that what one of them is to inherit no other gets.</summary>
    /// <param name="process">With its start information.</param>
    /// <param name="inherited">A descriptor that it finds open under the same number; none if left out. Not on Windows.</param>
    public static void Start(Process process, int? inherited = null)
    {
        lock (Starting)
        {
            if (inherited is { } open)
                _ = ControlDescriptor(open, SetDescriptorFlags, 0);
            try
            {
                process.Start();
            }
            finally
            {
                if (inherited is { } closed)
                    _ = ControlDescriptor(closed, SetDescriptorFlags, CloseOnExec);
            }
        }
    }

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

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int ControlDescriptor(int descriptor, int command, int argument);
}
