using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace OrderMall.Postgres;

/// <summary>Starts and ends the processes that belong to a mall.</summary>
internal static partial class ChildProcess
{
    private static readonly Lock Starting = new();

    /// <summary>Starts a process; one at a time, so that what one of them is to inherit no other gets.</summary>
    /// <param name="process">With its start information.</param>
    /// <param name="inherited">What it finds open; nothing if left out. Not on Windows.</param>
    public static void Start(Process process, InheritedDescriptor? inherited = null)
    {
        lock (Starting)
        {
            // .NET opens all its own so that they are closed in children. A copy is not.
            using var copy = inherited is { } open ? Duplicate(open.Number) : null;
            if (copy is { IsInvalid: true })
                throw new IOException($"A descriptor cannot be passed on: {Marshal.GetLastPInvokeErrorMessage()}");
            if (copy is not null)
                process.StartInfo.Environment[inherited!.Variable] = copy.DangerousGetHandle().ToString(CultureInfo.InvariantCulture);
            process.Start();
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

    [LibraryImport("libc", EntryPoint = "dup", SetLastError = true)]
    private static partial SafeFileHandle Duplicate(int descriptor);
}

/// <summary>A descriptor of this process that another one is to have too.</summary>
/// <param name="Variable">The environment variable by which the other learns its number there.</param>
internal sealed record InheritedDescriptor(int Number, string Variable);
