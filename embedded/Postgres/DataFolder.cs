using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrderMall.Postgres;

/// <summary>
/// The mall's folder, held for one mall at a time. Holds <c>postgres/</c>, <c>logs/</c> and <c>run/</c>:
/// who has it open and which processes belong to it.
/// </summary>
internal sealed class DataFolder : IDisposable
{
    private static readonly TimeSpan LeftoversLimit = TimeSpan.FromSeconds(1);
    private readonly string run;
    private readonly FileStream held;

    private DataFolder(string path, string run, FileStream held) => (Path, this.run, this.held) = (path, run, held);

    public string Path { get; }

    public string Postgres => System.IO.Path.Combine(Path, "postgres");

    public string Logs => System.IO.Path.Combine(Path, "logs");

    public string RunFile(string name) => System.IO.Path.Combine(run, name);

    /// <summary>Takes the folder, making it where it is missing, and ends what a killed mall left running in it.</summary>
    /// <exception cref="PostgresClusterException">Another mall has it open, or it cannot be written to.</exception>
    public static DataFolder Open(string dataDirectory)
    {
        var path = System.IO.Path.GetFullPath(dataDirectory);
        var run = System.IO.Path.Combine(path, "run");
        try
        {
            Directory.CreateDirectory(path);
            MakePrivate(run);
            MakePrivate(System.IO.Path.Combine(path, "logs"));
        }
        catch (Exception refused) when (refused is UnauthorizedAccessException or IOException)
        {
            throw new PostgresClusterException($"The data folder '{path}' cannot be written to ({refused.Message}) Choose another with --data (--Mall:Data of the AppHost).", refused);
        }

        FileStream held;
        try
        {
            held = new FileStream(System.IO.Path.Combine(run, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (UnauthorizedAccessException refused)
        {
            throw new PostgresClusterException($"The data folder '{path}' cannot be written to: {refused.Message} Choose another with --data (--Mall:Data of the AppHost).", refused);
        }
        catch (IOException taken)
        {
            throw new PostgresClusterException($"A mall is already open on the data folder '{path}'{Holder(run)}. Stop that one, or choose another folder with --data (--Mall:Data of the AppHost).", taken);
        }

        var folder = new DataFolder(path, run, held);
        folder.EndLeftovers();
        return folder;
    }

    /// <summary>Says for others who has the folder open.</summary>
    public void Announce(Uri address) =>
        File.WriteAllBytes(RunFile("mall.json"), JsonSerializer.SerializeToUtf8Bytes(new Announcement(Environment.ProcessId, address), RunJson.Default.Announcement));

    /// <summary>Remembers a process of this mall, so that the next one can end it if this one is killed.</summary>
    public void Remember(string name, Process process) =>
        File.WriteAllText(RunFile(name + ".pid"), string.Create(CultureInfo.InvariantCulture, $"{process.Id} {process.StartTime.ToUniversalTime().Ticks}"));

    public void Forget(string name) => File.Delete(RunFile(name + ".pid"));

    public void Dispose()
    {
        File.Delete(RunFile("mall.json"));
        held.Dispose();
    }

    private void EndLeftovers()
    {
        var killed = new List<Process>();
        foreach (var file in Directory.EnumerateFiles(run, "*.pid"))
        {
            var words = File.ReadAllText(file).Split(' ');
            if (words.Length == 2 && int.TryParse(words[0], out var id) && long.TryParse(words[1], out var ticks)
                && Kill(id, new DateTime(ticks, DateTimeKind.Utc)) is { } process)
                killed.Add(process);
            File.Delete(file);
        }

        // They cannot refuse, but in a container whose first process does not reap they look alive for ever.
        SpinWait.SpinUntil(() => killed.TrueForAll(process => process.HasExited), LeftoversLimit);
        killed.ForEach(process => process.Dispose());
    }

    private static Process? Kill(int id, DateTime start)
    {
        try
        {
            var process = Process.GetProcessById(id);
            // Another process may have got the id since.
            if ((process.StartTime.ToUniversalTime() - start).Duration() < TimeSpan.FromSeconds(1))
            {
                process.Kill();
                return process;
            }

            process.Dispose();
        }
        catch (Exception gone) when (gone is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
        }

        return null;
    }

    private static string Holder(string run)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllText(System.IO.Path.Combine(run, "mall.json")), RunJson.Default.Announcement) is { } mall
                ? $": {mall.Address.GetLeftPart(UriPartial.Authority)}, process {mall.ProcessId}"
                : "";
        }
        catch (Exception unsaid) when (unsaid is IOException or JsonException)
        {
            return ""; // it is just opening
        }
    }

    private static void MakePrivate(string folder)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(folder);
        else
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}

/// <summary>Who has a data folder open.</summary>
internal sealed record Announcement(int ProcessId, Uri Address);

[JsonSerializable(typeof(Announcement))]
internal sealed partial class RunJson : JsonSerializerContext;
