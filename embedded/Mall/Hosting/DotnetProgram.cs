using System.Reflection;

namespace OrderMall.Mall.Hosting;

/// <summary>The .NET programs that came with this one.</summary>
internal static class DotnetProgram
{
    // Where the build has published them, compiled ahead of time; where this program was copied to another machine they are beside it.
    private static readonly string Folder =
        typeof(DotnetProgram).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().First(metadata => metadata.Key == "Programs").Value is { } published && Directory.Exists(published)
            ? published
            : AppContext.BaseDirectory;

    /// <summary>The command of a program.</summary>
    public static string[] Command(string assembly, params string[] arguments) =>
        [Dotnet(), "exec", Path.Combine(Folder, assembly + ".dll"), .. arguments];

    private static string Dotnet() =>
        Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? Environment.ProcessPath!
        : Environment.GetEnvironmentVariable("DOTNET_ROOT") is { Length: > 0 } root ? Path.Combine(root, "dotnet")
        : "dotnet";
}
