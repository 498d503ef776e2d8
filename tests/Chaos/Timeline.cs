using System.Diagnostics;
using System.Globalization;
using Spectre.Console;

namespace OrderMall.Chaos;

/// <summary>What was found.</summary>
/// <param name="Around">The faults of that time.</param>
internal sealed record Finding(string What, IReadOnlyList<string> Around);

/// <summary>What happened when: told as it happens, kept in a file, and looked up when something is found.</summary>
internal sealed class Timeline : IDisposable
{
    private const int MostFindings = 200;
    // What went wrong shows later than its cause.
    private static readonly TimeSpan Aftermath = TimeSpan.FromSeconds(20);

    private readonly Lock _lock = new();
    private readonly IAnsiConsole _console;
    private readonly StreamWriter _file;
    private readonly DateTimeOffset _beganAt = DateTimeOffset.UtcNow;
    private readonly Stopwatch _elapsed = Stopwatch.StartNew();
    private readonly List<Happening> _happenings = [];
    private readonly Dictionary<string, Finding> _findings = [];

    public Timeline(IAnsiConsole console, string file)
    {
        _console = console;
        _file = new StreamWriter(file) { AutoFlush = true };
    }

    /// <summary>Since the beginning.</summary>
    public TimeSpan Elapsed => _elapsed.Elapsed;

    public IReadOnlyCollection<Finding> Findings
    {
        get
        {
            lock (_lock)
                return [.. _findings.Values];
        }
    }

    /// <summary>Something begins; it ends when what is returned is disposed.</summary>
    public IDisposable Begin(string what)
    {
        var happening = new Happening(this, Elapsed, what);
        lock (_lock)
            _happenings.Add(happening);
        Say(what);
        return happening;
    }

    public void Say(string what)
    {
        lock (_lock)
        {
            var line = string.Create(CultureInfo.InvariantCulture, $"{Elapsed.TotalSeconds,7:0.0} s  {what}");
            _console.WriteLine(line);
            _file.WriteLine($"{DateTimeOffset.UtcNow:HH:mm:ss.fff} {line}");
        }
    }

    /// <summary>Something is not as it must be.</summary>
    /// <param name="from">Since when it may have gone wrong; now if left out.</param>
    public void Find(string what, DateTimeOffset? from = null, DateTimeOffset? to = null)
    {
        var (first, last) = (from - _beganAt ?? Elapsed, to - _beganAt ?? Elapsed);
        lock (_lock)
        {
            if (_findings.Count == MostFindings || !_findings.TryAdd(what, new Finding(what, [.. _happenings.Where(happening => happening.IsBetween(first - Aftermath, last)).Select(happening => happening.ToString())])))
                return;
        }

        Say($"FOUND {what}");
    }

    public void Dispose() => _file.Dispose();

    private sealed class Happening(Timeline timeline, TimeSpan from, string what) : IDisposable
    {
        private TimeSpan? _to;

        public bool IsBetween(TimeSpan first, TimeSpan last) => from <= last && (_to ?? TimeSpan.MaxValue) >= first;

        public void Dispose() => _to = timeline.Elapsed;

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{from.TotalSeconds:0.0} to {(_to ?? timeline.Elapsed).TotalSeconds:0.0} s: {what}");
    }
}
