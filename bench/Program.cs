using OrderMall.Bench;
using OrderMall.Control;
using Spectre.Console;

return await ConsoleProgram.RunAsync(args, BenchOptions.Usage, BenchOptions.Parse, RunAsync);

static async Task<int> RunAsync(BenchOptions options, CancellationToken stopping)
{
    try
    {
        if (options.Invocations)
            Report.Print(await InvocationBench.RunAsync(options, stopping));
        else
            await OrderBench.RunAsync(options, stopping);
        return 0;
    }
    catch (BenchException failed)
    {
        AnsiConsole.MarkupLineInterpolated($"[red]{failed.Message}[/]");
        return 1;
    }
}
