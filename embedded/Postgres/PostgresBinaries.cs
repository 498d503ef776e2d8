using System.Diagnostics;
using System.Text.RegularExpressions;

namespace OrderMall.Postgres;

/// <summary>One installed PostgreSQL server: the folder with <c>initdb</c> and <c>postgres</c>, and its major version.</summary>
internal sealed partial record PostgresBinaries(string Folder, int Version)
{
    private static readonly string Exe = OperatingSystem.IsWindows() ? ".exe" : "";

    public string Initdb => Path.Combine(Folder, "initdb" + Exe);

    public string Postgres => Path.Combine(Folder, "postgres" + Exe);

    public string PgCtl => Path.Combine(Folder, "pg_ctl" + Exe);

    private bool Exist => File.Exists(Initdb) && File.Exists(Postgres);

    /// <summary>The server in a folder.</summary>
    /// <exception cref="PostgresClusterException">There is none that runs.</exception>
    public static PostgresBinaries In(string folder)
    {
        var found = new PostgresBinaries(folder, 0);
        return found.Exist && VersionOf(found.Postgres) is { } version
            ? found with { Version = version }
            : throw new PostgresClusterException($"There is no PostgreSQL server in {folder} that runs on this machine.");
    }

    /// <summary>Finds a server: the first of <see cref="Folders"/>, or the first of that major version where data of one is already there.</summary>
    /// <returns><see langword="null"/> where none is installed.</returns>
    /// <exception cref="PostgresClusterException">None of that version is installed, or none where <c>POSTGRES_BIN</c> or <c>PGROOT</c> says.</exception>
    public static PostgresBinaries? Find(int? version)
    {
        var seen = new List<PostgresBinaries>();
        foreach (var folder in Folders())
        {
            var found = new PostgresBinaries(folder, 0);
            if (!found.Exist || VersionOf(found.Postgres) is not { } installed)
                continue;
            found = found with { Version = installed };
            if (version is null || version == installed)
                return found;
            seen.Add(found);
        }

        if (seen.Count == 0)
            return Override() is { } forced ? throw new PostgresNotFoundException($"POSTGRES_BIN or PGROOT says {forced}") : null;

        throw new PostgresClusterException(
            $"The data folder was made by PostgreSQL {version}, but this machine has {string.Join(", ", seen.Select(s => $"{s.Version} in {s.Folder}"))}. " +
            $"Install PostgreSQL {version}, or start with another data folder.");
    }

    private static string? Override() =>
        Environment.GetEnvironmentVariable("POSTGRES_BIN") is { Length: > 0 } bin ? bin
        : Environment.GetEnvironmentVariable("PGROOT") is { Length: > 0 } root ? Path.Combine(root, "bin")
        : null;

    private static IEnumerable<string> Folders()
    {
        if (Override() is { } forced)
            return [forced];
        var path = (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return path
            .Concat(Newest("/usr/lib/postgresql", "*"))                                // Debian, Ubuntu
            .Concat(Newest("/usr", "pgsql-*"))                                          // Fedora and RHEL, PGDG's packages
            .Concat(Newest("/opt/homebrew/opt", "postgresql*"))                         // macOS on Apple silicon
            .Concat(Newest("/usr/local/opt", "postgresql*"))                            // macOS on Intel
            .Concat(Newest("/Applications/Postgres.app/Contents/Versions", "*"))
            .Concat(OperatingSystem.IsWindows() ? Newest(@"C:\Program Files\PostgreSQL", "*") : [])
            .Distinct();
    }

    private static IEnumerable<string> Newest(string parent, string pattern) =>
        Directory.Exists(parent)
            ? Directory.EnumerateDirectories(parent, pattern)
                .OrderByDescending(d => int.TryParse(FirstNumber().Match(Path.GetFileName(d)).Value, out var n) ? n : 0)
                .Select(d => Path.Combine(d, "bin"))
            : [];

    private static int? VersionOf(string postgres)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(postgres, "--version") { RedirectStandardOutput = true })!;
            var words = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return int.TryParse(FirstNumber().Match(words).Value, out var version) ? version : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    [GeneratedRegex(@"\d+")]
    private static partial Regex FirstNumber();
}
