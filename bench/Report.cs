using Spectre.Console;

namespace OrderMall.Bench;

/// <summary>Prints what was measured.</summary>
internal static class Report
{
    private const double Megabyte = 1024 * 1024;

    public static void Print(OrderBenchResult result)
    {
        var table = new Table().Title($"{result.What}: {result.Customers} customers, closed loop, {Environment.ProcessorCount} cores, load on the same machine").AddColumns("what", "measured");
        table.AddRow("orders accepted", $"{result.Accepted} in {result.Accepting.TotalSeconds:0.0} s");
        table.AddRow("orders/s accepted", $"{result.Accepted / result.Accepting.TotalSeconds:0}");
        table.AddRow("orders/s settled on every subscriber", $"{result.Accepted / result.Settling.TotalSeconds:0} (all settled after {result.Settling.TotalSeconds:0.0} s)");
        foreach (var (status, count) in result.Refused)
            table.AddRow($"answers {status}", $"{count}");
        foreach (var percentile in new[] { 50, 90, 99 })
            table.AddRow($"latency p{percentile}", $"{At(result.LatenciesMs, percentile):0.0} ms");
        table.AddRow("latency max", $"{At(result.LatenciesMs, 100):0.0} ms");
        foreach (var (status, count) in result.Searched)
            table.AddRow($"searches answered {status}", $"{count} ({count / result.Accepting.TotalSeconds:0}/s)");
        table.AddRow("disagreements in the audit", result.Disagreements is { } found ? $"{found}" : "unknown: it took longer than it may");
        AnsiConsole.Write(table);

        var processes = new Table().Title("processes").AddColumns("process", "CPU s", "CPU ms per order", "memory MB at the end");
        foreach (var usage in result.Usage)
            processes.AddRow(usage.Name, $"{usage.Cpu.TotalSeconds:0.0}", PerOrder(usage.Cpu, result), $"{usage.MemoryBytes / Megabyte:0}");
        processes.AddRow("this load", $"{result.LoadCpu.TotalSeconds:0.0}", PerOrder(result.LoadCpu, result), "");
        AnsiConsole.Write(processes);

        var memory = new Table().Title("memory of all of the mall's processes").AddColumns("after orders", "MB");
        var step = Math.Max(1, result.Memory.Count / 10);
        for (var i = 0; i < result.Memory.Count; i += step)
            memory.AddRow($"{result.Memory[i].Orders}", $"{result.Memory[i].Bytes / Megabyte:0}");
        memory.AddRow($"{result.Memory[^1].Orders} (settled)", $"{result.Memory[^1].Bytes / Megabyte:0}");
        AnsiConsole.Write(memory);
    }

    /// <summary>Prints what the second of two measurements is to the first.</summary>
    public static void Print(OrderBenchResult first, OrderBenchResult second)
    {
        var table = new Table().AddColumns("what", first.What, second.What, "ratio");
        Add("orders/s accepted", result => result.Accepted / result.Accepting.TotalSeconds);
        Add("latency p50, ms", result => At(result.LatenciesMs, 50));
        Add("CPU ms per order, of all of the mall's processes", result => result.Usage.Sum(usage => usage.Cpu.TotalMilliseconds) / result.Accepted);
        AnsiConsole.Write(table);

        void Add(string what, Func<OrderBenchResult, double> of) => table.AddRow(what, $"{of(first):0.00}", $"{of(second):0.00}", $"{of(second) / of(first):0.00}");
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

    private static string PerOrder(TimeSpan cpu, OrderBenchResult result) =>
        result.Accepted == 0 ? "" : $"{cpu.TotalMilliseconds / result.Accepted:0.00}";
}
