using System.Globalization;
using System.Runtime.InteropServices;

namespace OrderMall.Control;

/// <summary>What the mall's programs have in common: their help, what is wrong in one line, and how they are told to end.</summary>
public static class ConsoleProgram
{
    // One SIGTERM may come twice: sent to all of a process group, and passed on by `dotnet run`.
    private const int SameMs = 500;

    /// <summary>Runs a program. Ctrl+C, SIGTERM and SIGHUP ask it to end; once more, and it ends at once.</summary>
    /// <param name="parse">Reads the arguments; a <see cref="FormatException"/> of it is one line for people.</param>
    /// <typeparam name="TOptions">What the arguments say.</typeparam>
    /// <returns>Its exit code: 1 where it failed, 2 for wrong arguments, 130 where it was told to end before it was done.</returns>
    public static async Task<int> RunAsync<TOptions>(string[] args, string usage, Func<string[], TOptions> parse, Func<TOptions, CancellationToken, Task<int>> run)
    {
        // Numbers are written and read the same on every machine.
        CultureInfo.DefaultThreadCurrentCulture = CultureInfo.InvariantCulture;
        if (args.Contains("--help"))
        {
            Console.WriteLine(usage);
            return 0;
        }

        TOptions options;
        try
        {
            options = parse(args);
        }
        catch (FormatException wrong)
        {
            await Console.Error.WriteLineAsync(wrong.Message);
            return 2;
        }

        var stopAsked = 0L;
        using var stopping = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);
        try
        {
            return await run(options, stopping.Token);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return 130;
        }
        catch (MallException failed)
        {
            await Console.Error.WriteLineAsync(failed.Message);
            return 1;
        }

        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            var first = Interlocked.CompareExchange(ref stopAsked, Environment.TickCount64, 0);
            if (first != 0 && Environment.TickCount64 - first > SameMs)
                Environment.Exit(130);
            // Not here: what is registered would run on the thread that has to take the next signal.
            _ = Task.Run(stopping.Cancel);
        }
    }
}
