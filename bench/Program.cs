using OrderMall.Bench;
using Spectre.Console;

if (args.Contains("--help"))
{
    Console.WriteLine(BenchOptions.Usage);
    return 0;
}

BenchOptions options;
try
{
    options = BenchOptions.Parse(args);
}
catch (FormatException wrong)
{
    Console.Error.WriteLine(wrong.Message);
    return 2;
}

using var stopping = new CancellationTokenSource();
Console.CancelKeyPress += (_, key) =>
{
    key.Cancel = true;
    stopping.Cancel();
};

try
{
    if (options.Invocations)
        Report.Print(await InvocationBench.RunAsync(options, stopping.Token));
    else
        Report.Print(await OrderBench.RunAsync(options, stopping.Token));
    return 0;
}
catch (BenchException failed)
{
    AnsiConsole.MarkupLineInterpolated($"[red]{failed.Message}[/]");
    return 1;
}
catch (OperationCanceledException) when (stopping.IsCancellationRequested)
{
    return 130;
}
