using System.IO.Pipes;

#pragma warning disable CA1050, IDE0130 // The runtime looks for this name, in no namespace.
/// <summary>
/// Runs in every .NET process of the measured mall, before its program (DOTNET_STARTUP_HOOKS): tells whoever connects to its pipe, which is
/// in the folder of <see cref="FolderKey"/>, how many bytes the process has allocated since it began. Nothing else of it is known from outside.
/// </summary>
internal static class StartupHook
{
    internal const string FolderKey = "MALL_BENCH_FOLDER";
    private const string PipePrefix = "allocated-";
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(10);

    public static void Initialize()
    {
        if (Environment.GetEnvironmentVariable(FolderKey) is { Length: > 0 } folder)
            new Thread(() => Answer(Path.Combine(folder, $"{PipePrefix}{Environment.ProcessId}"))) { IsBackground = true }.Start();
    }

    /// <summary>Asks all processes that have such a pipe in a folder.</summary>
    internal static long Allocated(string folder)
    {
        var bytes = 0L;
        foreach (var path in Directory.EnumerateFiles(folder, PipePrefix + "*"))
        {
            using var pipe = new NamedPipeClientStream(".", path, PipeDirection.In);
            pipe.Connect(AnswerTime);
            using var reader = new BinaryReader(pipe);
            bytes += reader.ReadInt64();
        }

        return bytes;
    }

    private static void Answer(string path)
    {
        while (true)
        {
            using var pipe = new NamedPipeServerStream(path, PipeDirection.Out);
            pipe.WaitForConnection();
            using var writer = new BinaryWriter(pipe);
            writer.Write(GC.GetTotalAllocatedBytes(precise: true));
        }
    }
}
