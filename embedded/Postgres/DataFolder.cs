using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrderMall.Postgres;

/// <summary>The mall's folder, held for one mall at a time. Holds <c>postgres/</c> and <c>run/</c>: who has it open, and what its programs are told in files.</summary>
internal sealed class DataFolder : IDisposable
{
    private readonly string _run;
    private readonly FileStream _held;

    private DataFolder(string path, string run, FileStream held) => (Path, _run, _held) = (path, run, held);

    public string Path { get; }

    public string Postgres => System.IO.Path.Combine(Path, "postgres");

    public string RunFile(string name) => System.IO.Path.Combine(_run, name);

    /// <summary>Takes the folder, making it where it is missing.</summary>
    /// <exception cref="PostgresClusterException">Another mall has it open, or it cannot be written to.</exception>
    public static DataFolder Open(string dataDirectory)
    {
        var path = System.IO.Path.GetFullPath(dataDirectory);
        var run = System.IO.Path.Combine(path, "run");
        try
        {
            Directory.CreateDirectory(path);
            PrivateFile.MakeFolder(run);
        }
        catch (Exception refused) when (refused is UnauthorizedAccessException or IOException)
        {
            throw new PostgresClusterException($"The data folder '{path}' cannot be written to ({refused.Message}) Choose another with --data (--Mall:Data of the AppHost).", refused);
        }

        FileStream held;
        try
        {
            held = PrivateFile.Open(System.IO.Path.Combine(run, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (UnauthorizedAccessException refused)
        {
            throw new PostgresClusterException($"The data folder '{path}' cannot be written to: {refused.Message} Choose another with --data (--Mall:Data of the AppHost).", refused);
        }
        catch (IOException taken)
        {
            throw new PostgresClusterException($"A mall is already open on the data folder '{path}'{Holder(run)}. Stop that one, or choose another folder with --data (--Mall:Data of the AppHost).", taken);
        }

        return new DataFolder(path, run, held);
    }

    /// <summary>Says for others who has the folder open.</summary>
    public void Announce(Uri address)
    {
        using var file = PrivateFile.Open(RunFile("mall.json"), FileMode.Create);
        JsonSerializer.Serialize(file, new Announcement(Environment.ProcessId, address), RunJson.Default.Announcement);
    }

    public void Dispose()
    {
        File.Delete(RunFile("mall.json"));
        _held.Dispose();
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
}

/// <summary>Who has a data folder open.</summary>
internal sealed record Announcement(int ProcessId, Uri Address);

[JsonSerializable(typeof(Announcement))]
internal sealed partial class RunJson : JsonSerializerContext;
