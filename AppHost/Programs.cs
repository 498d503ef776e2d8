namespace OrderMall.AppHost;

/// <summary>How the mall's programs are started.</summary>
internal static class Programs
{
    // Published by the build into one folder, compiled ahead of time, with the same configuration as this program: bin/{configuration}/{framework}.
    private static readonly string Folder = Path.Combine(
        Path.GetDirectoryName(new Projects.Mall().ProjectPath)!, "bin", new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name, "published");

    // What a dozen processes need that share few cores and little memory. The runtime reads most of it from nowhere else.
    private static readonly (string Name, string Value)[] Frugal =
    [
        ("DOTNET_gcServer", "0"),
        ("DOTNET_gcConcurrent", "0"),
        // In bytes, hexadecimal. Otherwise as much is allocated before the first collection as the processor's cache holds.
        ("DOTNET_GCgen0size", "0x200000"),
        ("DOTNET_GCConserveMemory", "7"),
        // Compiled code would be mapped twice, once to be written.
        ("DOTNET_EnableWriteXorExecute", "0"),
        ("DOTNET_TieredPGO", "0"),
        // Both in hexadecimal. A method is compiled again, better, when it was called so often, and not while all of them start (for
        // so many milliseconds without a new method): with the usual 30 calls that takes half of all CPU for minutes on 2 cores.
        ("DOTNET_TC_CallCountThreshold", "200"),
        ("DOTNET_TC_CallCountingDelayMs", "2000"),
        // Threads that wait for work would look out for it for a while, in the way of the other processes' work.
        ("DOTNET_ThreadPool_UnfairSemaphoreSpinLimit", "0"),
        ("MALLOC_ARENA_MAX", "2"),
        ("MALLOC_TRIM_THRESHOLD_", "131072"),
    ];

    /// <summary>Has everything that this process starts, the dashboard too, be frugal where nothing else is said.</summary>
    public static void AreFrugal()
    {
        foreach (var (name, value) in Frugal)
        {
            if (Environment.GetEnvironmentVariable(name) is not { Length: > 0 })
                Environment.SetEnvironmentVariable(name, value);
        }
    }

    /// <summary>
    /// Starts a project's built program itself. Aspire would start <c>dotnet run</c> for each: measured, a hundred megabytes and six
    /// seconds of CPU more for every one of a dozen.
    /// </summary>
    public static IResourceBuilder<ProjectResource> StartedDirectly(this IResourceBuilder<ProjectResource> project) =>
        project
            .WithAnnotation(new ExecutableAnnotation
            {
                Command = Path.Combine(Folder, $"OrderMall.{Path.GetFileNameWithoutExtension(project.Resource.GetProjectMetadata().ProjectPath)}{(OperatingSystem.IsWindows() ? ".exe" : "")}"),
                WorkingDirectory = Folder,
            })
            .WithEnvironment(context =>
            {
                var variables = context.EnvironmentVariables;
                // Settings of services are variables: there is no file to be watched.
                variables["DOTNET_hostBuilder__reloadConfigOnChange"] = "false";
                // Aspire has them exported every second.
                variables["OTEL_METRIC_EXPORT_INTERVAL"] = "60000";
                variables["OTEL_BSP_SCHEDULE_DELAY"] = "5000";
                variables["OTEL_BLRP_SCHEDULE_DELAY"] = "5000";
            });
}
