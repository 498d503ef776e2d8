using OrderMall.Chaos.Faults;
using Spectre.Console;

namespace OrderMall.Chaos;

/// <summary>Prints what came of a run.</summary>
internal static class Report
{
    public static void Print(ChaosOptions options, ChaosResult result, IAnsiConsole console)
    {
        Requests(result.Answers, console);
        Answers(result.Answers, console);
        Recoveries(result.Took, console);
        Counts(result.Counts, console);
        console.WriteLine($"{result.Findings.Count} findings (must be 0)");
        foreach (var finding in result.Findings)
        {
            console.WriteLine();
            console.WriteLine($"- {finding.What}");
            foreach (var fault in finding.Around)
                console.WriteLine($"    {fault}");
        }

        console.WriteLine(result.Data is null ? "" : $"Everything is kept in {result.Data}: chaos.log, logs/ of every process, postgres/");
        console.WriteLine($"The same again: {options.Command}");
    }

    private static void Requests(Answers answers, IAnsiConsole console)
    {
        var table = new Table().Title($"{answers.Counts.Values.Sum()} requests").AddColumns("request", "sent", "done", "refused", "try again later", "no answer");
        foreach (var request in answers.Counts.GroupBy(count => count.Key.Request).OrderBy(request => request.Key, StringComparer.Ordinal))
        {
            table.AddRow(
                [Markup.Escape(request.Key), $"{request.Sum(count => count.Value)}", .. new[] { "2", "4", "5", "n" }.Select(kind => $"{request.Where(count => KindOf(count.Key.Answer) == kind).Sum(count => count.Value)}")]);
        }

        console.Write(table);

        // A 429 is one of the gateway's.
        static string KindOf(string answer) => answer.StartsWith("429", StringComparison.Ordinal) ? "5" : answer[..1];
    }

    private static void Answers(Answers answers, IAnsiConsole console)
    {
        var table = new Table().Title("answers").AddColumns("answer", "how often");
        foreach (var answer in answers.Counts.GroupBy(count => count.Key.Answer, count => count.Value).OrderBy(answer => answer.Key, StringComparer.Ordinal))
            table.AddRow(Markup.Escape(answer.Key), $"{answer.Sum()}");
        console.Write(table);
    }

    private static void Recoveries(IReadOnlyList<(FaultKind Kind, TimeSpan Took)> took, IAnsiConsole console)
    {
        var table = new Table().Title($"{took.Count} faults, and how long it took after them (at most {Recovery.Limit.TotalSeconds:0} s)").AddColumns("fault", "how often", "median s", "longest s");
        foreach (var kind in took.GroupBy(fault => fault.Kind, fault => fault.Took.TotalSeconds).OrderBy(kind => kind.Key))
        {
            var times = kind.Order().ToList();
            table.AddRow(Fault.NameOf(kind.Key), $"{times.Count}", $"{times[times.Count / 2]:0.0}", $"{times[^1]:0.0}");
        }

        console.Write(table);
    }

    private static void Counts(IReadOnlyDictionary<string, long> counts, IAnsiConsole console)
    {
        var table = new Table().Title("at the end, as the audit counts").AddColumns("what", "how many");
        foreach (var (what, count) in counts)
            table.AddRow(Markup.Escape(what), $"{count}");
        console.Write(table);
    }
}
