namespace OrderMall.Mall.Hosting;

/// <summary>The .NET programs that came with this one.</summary>
internal static class DotnetProgram
{
    /// <summary>The command of a program.</summary>
    /// <param name="assembly">Its assembly.</param>
    /// <param name="arguments">Its arguments.</param>
    public static string[] Command(string assembly, params string[] arguments) =>
        [Dotnet(), "exec", .. RuntimeOf(assembly), Path.Combine(AppContext.BaseDirectory, assembly + ".dll"), .. arguments];

    // A program that came here as a reference of this one runs with this one's dependencies.
    private static string[] RuntimeOf(string assembly)
    {
        if (File.Exists(Path.Combine(AppContext.BaseDirectory, assembly + ".runtimeconfig.json")))
            return [];
        var own = Path.Combine(AppContext.BaseDirectory, typeof(ProcessRun).Assembly.GetName().Name!);
        return ["--runtimeconfig", own + ".runtimeconfig.json", "--depsfile", own + ".deps.json"];
    }

    private static string Dotnet() =>
        Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? Environment.ProcessPath!
        : Environment.GetEnvironmentVariable("DOTNET_ROOT") is { Length: > 0 } root ? Path.Combine(root, "dotnet")
        : "dotnet";
}
