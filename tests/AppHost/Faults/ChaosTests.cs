using System.Globalization;
using Spectre.Console;
using Xunit.Abstractions;

namespace OrderMall.AppHost.Tests.Faults;

/// <summary>A short chaos run, another one each time. <c>MALL_SEED</c> repeats one.</summary>
[Collection(AloneCollection.Name)]
public sealed class ChaosTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(8);

    [UnixFact]
    public async Task Whatever_is_killed_stopped_slow_or_lost_all_agree_in_the_end()
    {
        var options = new ChaosOptions();
        if (Environment.GetEnvironmentVariable("MALL_SEED") is { Length: > 0 } seed)
            options = options with { Seed = int.Parse(seed, CultureInfo.InvariantCulture) };
        using var limit = new CancellationTokenSource(Limit);
        using var lines = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(lines) });
        console.Profile.Width = 1_000;
        // Not by the test's output, which a test that is ended from outside takes with it.
        Console.WriteLine(options.Command);
        try
        {
            var result = await new ChaosRun(options, console).RunAsync(limit.Token);
            Report.Print(options, result, console);
            Assert.NotEmpty(result.Took);
            Assert.True(result.Findings.Count == 0, $"{options.Command} found:\n{string.Join('\n', result.Findings.Select(finding => finding.What))}");
        }
        finally
        {
            output.WriteLine(lines.ToString());
        }
    }
}
