using System.ComponentModel;
using System.Diagnostics;

namespace OrderMall.Control;

/// <summary>A program that ran to its end, and what it wrote.</summary>
public sealed record ProgramRun(int ExitCode, string Output, string Errors)
{
    /// <summary>Runs a program, without input. It is killed, with what it started, where it has not ended in time.</summary>
    /// <returns><see langword="null"/> where it could not start, or did not end in time.</returns>
    public static async Task<ProgramRun?> RunAsync(ProcessStartInfo start, TimeSpan limit, CancellationToken cancellationToken)
    {
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        ending.CancelAfter(limit);
        try
        {
            using var process = Process.Start(start)!;
            try
            {
                process.StandardInput.Close();
                var (output, errors) = (process.StandardOutput.ReadToEndAsync(ending.Token), process.StandardError.ReadToEndAsync(ending.Token));
                await Task.WhenAll(output, errors, process.WaitForExitAsync(ending.Token));
                return new ProgramRun(process.ExitCode, await output, await errors);
            }
            finally
            {
                if (!process.HasExited)
                    process.Kill(entireProcessTree: true);
            }
        }
        catch (Exception failed) when (failed is Win32Exception or IOException || (failed is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return null;
        }
    }
}
