using Spectre.Console;

namespace OrderMall.Bench;

/// <summary>Prints what was measured.</summary>
internal static class Report
{
    private const double Megabyte = 1024 * 1024;
    private const int MemoryLines = 10;

    public static void Print(OrderBenchResult result)
    {
        var table = new Table().Title($"{result.What}: {result.Customers} customers, closed loop, {Environment.ProcessorCount} cores, load on the same machine").AddColumns("what", "measured");
        table.AddRow("orders accepted", $"{result.Accepted} in {result.Accepting.TotalSeconds:0.0} s");
        table.AddRow("orders/s accepted", $"{result.AcceptedPerSecond:0}");
        table.AddRow("orders/s settled on every subscriber", $"{result.SettledPerSecond:0} (all settled after {result.Settling.TotalSeconds:0.0} s)");
        foreach (var (status, count) in result.Answers.Refused)
            table.AddRow($"answers {status}", $"{count}");
        table.AddRow("answer p50, p90, p99, max", Milliseconds(result.Answers.LatenciesMs));
        table.AddRow("settled after the answer p50, p90, p99, max", Milliseconds(result.SettledMs));
        foreach (var (status, count) in result.Searched)
            table.AddRow($"searches answered {status}", $"{count} ({count / result.Accepting.TotalSeconds:0}/s)");
        table.AddRow("disagreements in the audit", result.Disagreements is { } found ? $"{found}" : "unknown: it took longer than it may");
        table.AddRow("allocated per order, by .NET", $"{result.AllocatedBytes / 1024.0 / result.Accepted:0} KB");
        table.AddRow("cores at work for others meanwhile", $"{result.Cpu.OthersCores:0.00}");
        AnsiConsole.Write(table);

        var processes = new Table().Title("processes").AddColumns("process", "CPU s", "CPU ms per order", "memory MB at the end");
        foreach (var usage in result.Cpu.Usage)
            processes.AddRow(usage.Name, $"{usage.Cpu.TotalSeconds:0.0}", $"{usage.Cpu.TotalMilliseconds / result.Accepted:0.00}", $"{usage.MemoryBytes / Megabyte:0}");
        processes.AddRow("the mall", $"{result.Cpu.Total.TotalSeconds:0.0}", $"{result.CpuMsPerOrder:0.00}", $"{result.Memory[^1].Bytes / Megabyte:0}");
        processes.AddRow("this load", $"{result.Load.TotalSeconds:0.0}", $"{result.Load.TotalMilliseconds / result.Accepted:0.00}", "");
        AnsiConsole.Write(processes);

        var memory = new Table().Title("memory of all of the mall's processes").AddColumns("after orders", "MB");
        var step = 1 + (result.Memory.Count / MemoryLines);
        foreach (var sample in result.Memory.Where((sample, i) => i % step == 0 || i == result.Memory.Count - 1))
            memory.AddRow($"{sample.Orders}", $"{sample.Bytes / Megabyte:0}");
        AnsiConsole.Write(memory);
    }

    /// <summary>Prints how long it took until the first order was placed in a mall that had just been opened on nothing.</summary>
    public static void PrintColdStart(TimeSpan opening, TimeSpan answered, double[] settledMs) =>
        AnsiConsole.MarkupLine($"Cold start: open after {opening.TotalSeconds:0.0} s with all databases made, first order answered after {answered.TotalMilliseconds:0} ms and settled {At(settledMs, 100):0} ms later.");

    /// <summary>Prints how long answers took while customers ordered half as often as they can.</summary>
    public static void PrintHalfLoad(Answers answers, TimeSpan time) =>
        AnsiConsole.MarkupLine($"At half of that load, {answers.LatenciesMs.Length / time.TotalSeconds:0} orders/s whenever they are answered: answer p50, p90, p99, max {Milliseconds(answers.LatenciesMs)}; {answers.Refused.Values.Sum()} of them no 201.");

    /// <summary>Prints a second measurement, and what it is to the first.</summary>
    public static void Print(OrderBenchResult first, OrderBenchResult second)
    {
        Print(second);
        var table = new Table().AddColumns("what", first.What, second.What, "ratio");
        Add("orders/s accepted", result => result.AcceptedPerSecond);
        Add("answer p50, ms", result => At(result.Answers.LatenciesMs, 50));
        Add("CPU ms per order, of all of the mall's processes", result => result.CpuMsPerOrder);
        AnsiConsole.Write(table);

        void Add(string what, Func<OrderBenchResult, double> of) => table.AddRow(what, $"{of(first):0.00}", $"{of(second):0.00}", $"{of(second) / of(first):0.00}");
    }

    /// <summary>Prints what the mall is to this machine's limit.</summary>
    public static void Print(OrderBenchResult mall, LimitResult limit)
    {
        var postgres = mall.Cpu.Usage.Where(usage => usage.Name == "postgres").Sum(usage => usage.Cpu.TotalMilliseconds) / mall.Accepted;
        var table = new Table().Title($"the {limit.Rows} rows of an order, committed by PostgreSQL alone in one transaction").AddColumns("what", "PostgreSQL alone", "the mall", "ratio");
        table.AddRow("orders/s", $"{limit.PerSecond:0}", $"{mall.SettledPerSecond:0}", $"{mall.SettledPerSecond / limit.PerSecond:0.000}");
        table.AddRow("CPU ms per order of PostgreSQL", $"{limit.Cpu.TotalMilliseconds:0.00}", $"{postgres:0.00}", $"{postgres / limit.Cpu.TotalMilliseconds:0.0}");
        table.AddRow("CPU ms per order, of all", $"{limit.Cpu.TotalMilliseconds:0.00}", $"{mall.CpuMsPerOrder:0.00}", $"{mall.CpuMsPerOrder / limit.Cpu.TotalMilliseconds:0.0}");
        table.AddRow("cores at work for others meanwhile", $"{limit.OthersCores:0.00}", $"{mall.Cpu.OthersCores:0.00}", "");
        AnsiConsole.Write(table);
    }

    public static void Print(InvocationBenchResult result)
    {
        var table = new Table().Title($"{result.Connections} connections, {Environment.ProcessorCount} cores, load on the same machine").AddColumns("what", "requests/s");
        table.AddRow("the endpoint itself", $"{result.BarePerSecond:0}");
        table.AddRow("by invocation through the embedded sidecar", $"{result.SidecarPerSecond:0}");
        table.AddRow("ratio (recorded of daprd: 0.073)", $"{result.SidecarPerSecond / result.BarePerSecond:0.000}");
        AnsiConsole.Write(table);
    }

    private static double At(double[] sorted, int percentile) =>
        sorted.Length == 0 ? 0 : sorted[Math.Min(sorted.Length - 1, sorted.Length * percentile / 100)];

    private static string Milliseconds(double[] sorted) => $"{At(sorted, 50):0}, {At(sorted, 90):0}, {At(sorted, 99):0}, {At(sorted, 100):0} ms";
}
