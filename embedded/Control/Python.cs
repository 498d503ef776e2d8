using System.Diagnostics;

namespace OrderMall.Control;

/// <summary>The Python of this machine: services in it need no more than its standard library.</summary>
/// <param name="Program">The interpreter itself, not what finds it; <see langword="null"/> where there is none that will do.</param>
/// <param name="Missing">Why there is none, and what to do about it.</param>
public sealed record Python(string? Program, string Missing)
{
    private const string Question = "import sys; print('%d.%d' % sys.version_info[:2]); print(sys.executable)";
    private static readonly Version Oldest = new(3, 9);
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(5);

    /// <summary>Looks for it on the PATH, as python3 and as python.</summary>
    public static async Task<Python> FindAsync(CancellationToken cancellationToken)
    {
        var tried = new List<string>();
        foreach (var name in new[] { "python3", "python" })
        {
            if (OnPath.Find(name) is not { } program)
                continue;
            var (version, executable) = await AskAsync(program, cancellationToken);
            if (version >= Oldest && File.Exists(executable))
                return new Python(executable, "");
            tried.Add(version is null ? $"{program} does not run" : $"{program} is {version}");
        }

        var why = tried.Count == 0 ? "" : $" ({string.Join(", ", tried)})";
        return new Python(null, $"no Python {Oldest} or later is on the PATH{why}. Install one (python3) and open the mall again");
    }

    // By running it: what lies on the PATH may be older, broken, or only an offer to install it.
    private static async Task<(Version? Version, string? Executable)> AskAsync(string program, CancellationToken cancellationToken)
    {
        var run = await ProgramRun.RunAsync(new ProcessStartInfo(program, ["-I", "-c", Question]), AnswerLimit, cancellationToken);
        var lines = run?.Output.Split('\n', StringSplitOptions.TrimEntries) ?? [""];
        return Version.TryParse(lines[0], out var version) ? (version, lines.ElementAtOrDefault(1)) : default;
    }
}
