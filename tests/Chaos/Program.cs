using OrderMall.Chaos;
using OrderMall.Mall;
using OrderMall.Postgres;
using Spectre.Console;

if (args.Contains("--help"))
{
    Console.WriteLine(ChaosOptions.Usage);
    return 0;
}

ChaosOptions options;
try
{
    options = ChaosOptions.Parse(args);
}
catch (FormatException wrong)
{
    Console.Error.WriteLine(wrong.Message);
    return 2;
}

if (OperatingSystem.IsWindows())
{
    Console.Error.WriteLine("The chaos run stops processes by signals, which Windows does not have.");
    return 2;
}

// Neither folded nor coloured where nobody looks at it.
if (!AnsiConsole.Profile.Out.IsTerminal)
    (AnsiConsole.Profile.Width, AnsiConsole.Profile.Capabilities.Ansi) = (1_000, false);
using var stopping = new CancellationTokenSource();
Console.CancelKeyPress += (_, key) =>
{
    key.Cancel = true;
    stopping.Cancel();
};

try
{
    var result = await new ChaosRun(options, AnsiConsole.Console).RunAsync(stopping.Token);
    Report.Print(options, result, AnsiConsole.Console);
    return result.Findings.Count == 0 ? 0 : 1;
}
catch (Exception failed) when (failed is MallException or PostgresClusterException or PostgresNotFoundException)
{
    Console.Error.WriteLine(failed.Message);
    return 1;
}
catch (OperationCanceledException) when (stopping.IsCancellationRequested)
{
    return 130;
}
