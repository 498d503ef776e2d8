using System.Diagnostics;
using OrderMall.Contracts;
using Spectre.Console;

namespace OrderMall.Bench;

/// <summary>Memory of the whole mall after so many orders.</summary>
internal sealed record MemorySample(int Orders, long Bytes);

/// <summary>What was measured of orders.</summary>
/// <param name="What">What was there besides.</param>
/// <param name="Accepting">How long customers ordered.</param>
/// <param name="Settling">How long it took from the first order until all were settled.</param>
/// <param name="SettledMs">From the answer until an order was settled, from the shortest.</param>
/// <param name="Load">CPU time of this program, which is the customers.</param>
/// <param name="AllocatedBytes">By the .NET processes of the mall.</param>
/// <param name="Searched">How many searches were answered meanwhile, by status.</param>
/// <param name="Disagreements">What the audit found; <see langword="null"/> where it was not done in its time.</param>
internal sealed record OrderBenchResult(
    string What,
    int Customers,
    Answers Answers,
    TimeSpan Accepting,
    TimeSpan Settling,
    double[] SettledMs,
    CpuReading Cpu,
    TimeSpan Load,
    long AllocatedBytes,
    IReadOnlyList<MemorySample> Memory,
    IReadOnlyDictionary<string, int> Searched,
    int? Disagreements)
{
    public int Accepted => Answers.Accepted.Count;

    public double AcceptedPerSecond => Accepted / Accepting.TotalSeconds;

    public double SettledPerSecond => Accepted / Settling.TotalSeconds;

    /// <summary>CPU milliseconds of all of the mall's processes together.</summary>
    public double CpuMsPerOrder => Cpu.Total.TotalMilliseconds / Accepted;
}

/// <summary>Books are ordered through the public door of a mall of its own; then the machine's limit is measured, without the mall.</summary>
internal static class OrderBench
{
    // A mall that runs for longer than a minute has its code compiled; a fresh one spends a quarter of its time on that.
    private const int WarmUpOrders = 20_000;
    private static readonly TimeSpan WarmUpTime = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan LongestRun = TimeSpan.FromHours(3);
    private static readonly TimeSpan HalfLoadTime = TimeSpan.FromSeconds(20);

    public static async Task RunAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        OrderBenchResult first;
        OrderRows rows;
        AnsiConsole.MarkupLine("Opening a mall of its own…");
        await using (var mall = await MallProcess.OpenAsync(options.Sidecar, cancellationToken))
        {
            using var customers = await Customers.RegisterAsync(mall, options.Customers, cancellationToken);
            var (cold, answered) = await FirstOrderAsync(customers, cancellationToken);
            await Settling.WaitAsync(mall, cancellationToken);
            Report.PrintColdStart(mall.Opening, answered, await Settling.LatenciesMsAsync(mall, cold.Accepted, cancellationToken));
            AnsiConsole.MarkupLine($"Warming up with {WarmUpOrders} orders, which are not measured…");
            await customers.OrderAsync(WarmUpOrders, WarmUpTime, cancellationToken);
            await Settling.WaitAsync(mall, cancellationToken);
            if (options.Searches is not null)
                await Filling.OffersAsync(mall, cancellationToken);

            var tables = await OrderRows.CountAsync(mall, cancellationToken);
            first = await MeasureAsync("orders", mall, customers, options, searches: 0, cancellationToken);
            Report.Print(first);
            rows = await OrderRows.OfAsync(mall, tables, first.Accepted, cancellationToken);
            Report.PrintHalfLoad(await customers.OrderAsync(int.MaxValue, HalfLoadTime, cancellationToken, TimeSpan.FromSeconds(2 * customers.Count / first.AcceptedPerSecond)), HalfLoadTime);
            await Settling.WaitAsync(mall, cancellationToken);
            if (options.Searches is { } searches)
                Report.Print(first, await MeasureAsync($"beside {searches} searches", mall, customers, options, searches, cancellationToken));
            if (options.OldOrders is { } old)
            {
                var filled = await Filling.OrdersAsync(mall, old, cancellationToken);
                Report.Print(first, await MeasureAsync($"after {filled} old orders", mall, customers, options, searches: 0, cancellationToken));
            }
        }

        AnsiConsole.MarkupLine("Measuring what PostgreSQL alone can do with the same rows…");
        Report.Print(first, await Limit.MeasureAsync(rows, options, cancellationToken));
    }

    // The door may be open before those behind it are: again until it is taken.
    private static async Task<(Answers Answers, TimeSpan After)> FirstOrderAsync(Customers customers, CancellationToken cancellationToken)
    {
        for (var clock = Stopwatch.StartNew(); ;)
        {
            var answers = await customers.OrderAsync(orders: 1, WarmUpTime, cancellationToken);
            if (answers.Accepted.Count == 1)
                return (answers, clock.Elapsed);
            if (clock.Elapsed > WarmUpTime)
                throw new BenchException($"The first order was not accepted within {WarmUpTime.TotalSeconds} s, the last answer was {answers.Refused.Single().Key}.");
        }
    }

    private static async Task<OrderBenchResult> MeasureAsync(string what, MallProcess mall, Customers customers, BenchOptions options, int searches, CancellationToken cancellationToken)
    {
        await using var search = new Searching(mall, searches);
        var memory = new List<MemorySample>();
        var meter = new CpuMeter(mall.Usage);
        var (loadBefore, allocatedBefore) = (Environment.CpuUsage.TotalTime, mall.Allocated());
        var clock = Stopwatch.StartNew();
        var answers = await SampledAsync(mall, customers, memory, options, what, cancellationToken);
        var accepting = clock.Elapsed;
        var searched = await search.StopAsync();
        var quiet = await Settling.WaitAsync(mall, cancellationToken);
        var settling = clock.Elapsed - quiet;
        var cpu = meter.Read();
        var (load, allocated) = (Environment.CpuUsage.TotalTime - loadBefore, mall.Allocated() - allocatedBefore);
        memory.Add(new MemorySample(answers.Accepted.Count, Memory(cpu.Usage)));
        if (answers.Accepted.Count == 0)
            throw new BenchException($"No order was accepted, {what}: answers were {string.Join(", ", answers.Refused.Select(one => $"{one.Value} of {one.Key}"))}.");
        using var observer = await mall.SignInAsync("operator@mall.test", Demo.Password, cancellationToken);
        return new OrderBenchResult(
            what, customers.Count, answers, accepting, settling, await Settling.LatenciesMsAsync(mall, answers.Accepted, cancellationToken),
            cpu, load, allocated, memory, searched, await Settling.DisagreementsAsync(observer, cancellationToken));
    }

    // With the mall's memory every second, and a bar for who waits.
    private static async Task<Answers> SampledAsync(MallProcess mall, Customers customers, List<MemorySample> memory, BenchOptions options, string what, CancellationToken cancellationToken)
    {
        var time = options.Orders is null ? TimeSpan.FromSeconds(options.Seconds) : LongestRun;
        var ordering = customers.OrderAsync(options.Orders ?? int.MaxValue, time, cancellationToken);
        await AnsiConsole.Progress().AutoClear(true).StartAsync(async progress =>
        {
            var bar = progress.AddTask($"{customers.Count} customers order, {what}", maxValue: options.Orders ?? options.Seconds);
            while (await Task.WhenAny(ordering, Task.Delay(TimeSpan.FromSeconds(1), cancellationToken)) != ordering)
            {
                memory.Add(new MemorySample(customers.Accepted, Memory(mall.Usage())));
                bar.Value = options.Orders is null ? memory.Count : customers.Accepted;
            }
        });
        return await ordering;
    }

    private static long Memory(IReadOnlyList<ProcessUsage> usage) => usage.Sum(one => one.MemoryBytes);
}
