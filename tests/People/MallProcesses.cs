using System.Globalization;
using System.Net;

namespace OrderMall.People;

/// <summary>What anybody with an account on the machine sees of a mall's processes, and a little more. On Linux only.</summary>
public static class MallProcesses
{
    private const string Listening = "0A";
    private static readonly string[] Tables = ["tcp", "tcp6"];

    /// <summary>The program and arguments of a process.</summary>
    public static string CommandLine(int processId) => Read($"/proc/{processId}/cmdline").Replace('\0', ' ');

    /// <summary>The variables of a process.</summary>
    public static Dictionary<string, string> Environment(int processId) => Read($"/proc/{processId}/environ")
        .Split('\0', StringSplitOptions.RemoveEmptyEntries)
        .Select(variable => variable.Split('=', 2))
        .Where(variable => variable.Length == 2)
        .GroupBy(variable => variable[0])
        .ToDictionary(variable => variable.Key, variable => variable.Last()[1]);

    /// <summary>Where processes listen.</summary>
    public static List<IPEndPoint> PortsOf(IEnumerable<int> processIds)
    {
        var sockets = processIds.SelectMany(SocketsOf).ToHashSet();
        return [.. Tables.SelectMany(table => File.ReadLines($"/proc/net/{table}").Skip(1))
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(row => row[3] == Listening && sockets.Contains($"socket:[{row[9]}]"))
            .Select(row => EndPoint(row[1]))];
    }

    private static IEnumerable<string> SocketsOf(int processId)
    {
        try
        {
            return [.. Directory.EnumerateFileSystemEntries($"/proc/{processId}/fd").Select(file => new FileInfo(file).LinkTarget).OfType<string>()];
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    // As the kernel has it in memory: 0100007F:1F90 is 127.0.0.1:8080.
    private static IPEndPoint EndPoint(string hex)
    {
        var (address, port) = (hex.Split(':')[0], hex.Split(':')[1]);
        var bytes = Convert.FromHexString(address);
        for (var word = 0; word < bytes.Length; word += 4)
            Array.Reverse(bytes, word, 4);
        return new IPEndPoint(new IPAddress(bytes), int.Parse(port, NumberStyles.HexNumber, CultureInfo.InvariantCulture));
    }

    private static string Read(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
