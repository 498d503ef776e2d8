using System.Globalization;

namespace OrderMall.Bench;

/// <summary>What a process, or the processes of one program together, used.</summary>
/// <param name="Cpu">User and kernel time since it began.</param>
/// <param name="MemoryBytes">Anonymous and shared memory that is resident. A page of several processes is divided among them, so that their sum has each once; files that are mapped, which the kernel can drop, are left out.</param>
internal sealed record ProcessUsage(string Name, TimeSpan Cpu, long MemoryBytes)
{
    private const int TicksPerSecond = 100;
    private const int Kilobyte = 1024;

    /// <summary>Reads the usage of a process and all its descendants from <c>/proc</c>. Empty where there is none.</summary>
    /// <param name="mark">What those have in their environment that belong to it and are no descendants, as programs that the AppHost's orchestrator starts.</param>
    public static IReadOnlyList<ProcessUsage> OfTree(int rootId, string? mark = null) =>
        [.. Tree(rootId, mark)
            .GroupBy(entry => entry.Name)
            .Select(program => new ProcessUsage(
                program.Key,
                Time(program.Sum(entry => entry.CpuTicks)),
                program.Sum(entry => MemoryOf(entry.Id))))
            .OrderByDescending(usage => usage.Cpu)];

    /// <summary>The ids of the same processes.</summary>
    public static IReadOnlyList<int> IdsOfTree(int rootId, string mark) => [.. Tree(rootId, mark).Select(entry => entry.Id)];

    private static IEnumerable<Entry> Tree(int rootId, string? mark)
    {
        if (!Directory.Exists("/proc/self"))
            return [];
        var all = Directory.EnumerateDirectories("/proc")
            .Select(path => int.TryParse(Path.GetFileName(path), out var id) ? Read(id) : null)
            .OfType<Entry>()
            .ToDictionary(entry => entry.Id);
        bool IsInTree(Entry entry) => entry.Id == rootId || (mark is not null && HasMark(entry.Id, mark)) || (all.TryGetValue(entry.ParentId, out var parent) && IsInTree(parent));
        return all.Values.Where(IsInTree);
    }

    private static bool HasMark(int id, string mark)
    {
        try
        {
            return File.ReadAllText($"/proc/{id}/environ").Split('\0').Contains(mark);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>So many of the kernel's ticks.</summary>
    public static TimeSpan Time(long ticks) => TimeSpan.FromSeconds((double)ticks / TicksPerSecond);

    private static Entry? Read(int id)
    {
        try
        {
            // man 5 proc: pid (comm) state ppid ... utime(14) stime(15) cutime(16) cstime(17); the name may hold spaces.
            var stat = File.ReadAllText($"/proc/{id}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            long Number(int field) => long.Parse(fields[field - 3], CultureInfo.InvariantCulture);
            var command = File.ReadAllText($"/proc/{id}/cmdline").Split('\0', StringSplitOptions.RemoveEmptyEntries);
            var name = command.FirstOrDefault(part => part.EndsWith(".dll", StringComparison.Ordinal)) ?? command.FirstOrDefault() ?? stat[(stat.IndexOf('(') + 1)..stat.LastIndexOf(')')];
            // A parent counts what its ended children used: connections that PostgreSQL has closed are in there.
            return new Entry(id, (int)Number(4), Path.GetFileName(name.Split(':', ' ')[0]), Number(14) + Number(15) + Number(16) + Number(17));
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException or FormatException or IndexOutOfRangeException)
        {
            return null;
        }
    }

    // None of a process that ends in this moment.
    private static long MemoryOf(int id)
    {
        try
        {
            return File.ReadLines($"/proc/{id}/smaps_rollup")
                .Where(line => line.StartsWith("Pss_Anon:", StringComparison.Ordinal) || line.StartsWith("Pss_Shmem:", StringComparison.Ordinal))
                .Sum(line => long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture)) * Kilobyte;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    private sealed record Entry(int Id, int ParentId, string Name, long CpuTicks);
}
