using OrderMall.Chaos;
using Spectre.Console;

return await ConsoleProgram.RunAsync(args, ChaosOptions.Usage, ChaosOptions.Parse, RunAsync);

static async Task<int> RunAsync(ChaosOptions options, CancellationToken stopping)
{
    if (OperatingSystem.IsWindows())
    {
        await Console.Error.WriteLineAsync("The chaos run stops processes by signals, which Windows does not have.");
        return 2;
    }

    // Neither folded nor coloured where nobody looks at it.
    if (!AnsiConsole.Profile.Out.IsTerminal)
        (AnsiConsole.Profile.Width, AnsiConsole.Profile.Capabilities.Ansi) = (1_000, false);
    var result = await new ChaosRun(options, AnsiConsole.Console).RunAsync(stopping);
    Report.Print(options, result, AnsiConsole.Console);
    return result.Findings.Count == 0 ? 0 : 1;
}
