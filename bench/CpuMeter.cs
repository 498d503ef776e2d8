using System.Diagnostics;
using System.Globalization;

namespace OrderMall.Bench;

/// <summary>What was used between two moments.</summary>
/// <param name="Usage">By each of the measured programs, with its memory at the end.</param>
/// <param name="OthersCores">How many cores were at work for what is not this program, and not started by it: figures of a machine that is not quiet say little.</param>
internal sealed record CpuReading(IReadOnlyList<ProcessUsage> Usage, double OthersCores)
{
    public TimeSpan Total => TimeSpan.FromTicks(Usage.Sum(usage => usage.Cpu.Ticks));
}

/// <summary>Measures what processes use from now on.</summary>
internal sealed class CpuMeter
{
    private readonly Func<IReadOnlyList<ProcessUsage>> _measured;
    private readonly IReadOnlyList<ProcessUsage> _before;
    private readonly TimeSpan _othersBefore = Others();
    private readonly long _start = Stopwatch.GetTimestamp();

    /// <summary>Begins.</summary>
    public CpuMeter(Func<IReadOnlyList<ProcessUsage>> measured)
    {
        _measured = measured;
        _before = measured();
    }

    /// <summary>What was used since it began.</summary>
    public CpuReading Read() => new(
        [.. _measured().Select(after => after with { Cpu = after.Cpu - (_before.FirstOrDefault(before => before.Name == after.Name)?.Cpu ?? default) })],
        Math.Max(0, (Others() - _othersBefore) / Stopwatch.GetElapsedTime(_start)));

    // man 5 proc: user nice system idle iowait irq softirq steal.
    private static TimeSpan Others()
    {
        if (!File.Exists("/proc/stat"))
            return default;
        var ticks = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(8).Select(field => long.Parse(field, CultureInfo.InvariantCulture)).ToArray();
        return ProcessUsage.Time(ticks.Sum() - ticks[3] - ticks[4]) - TimeSpan.FromTicks(ProcessUsage.OfTree(Environment.ProcessId, MallProcess.Mark).Sum(usage => usage.Cpu.Ticks));
    }
}
