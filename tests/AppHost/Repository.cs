namespace OrderMall.AppHost.Tests;

/// <summary>The files of this repository.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    public static string PathOf(string path) => Path.Combine(Root, path);

    public static string Read(string path) => File.ReadAllText(PathOf(path));

    /// <summary>The source of a service.</summary>
    public static string Sources(string folder) =>
        string.Join('\n', Directory.EnumerateFiles(PathOf(folder), "*.cs").Order(StringComparer.Ordinal).Select(File.ReadAllText));

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "OrderMall.sln")))
                return folder.FullName;
        }

        throw new InvalidOperationException($"OrderMall.sln is in no folder above {AppContext.BaseDirectory}.");
    }
}
