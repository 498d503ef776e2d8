namespace OrderMall.AppHost;

/// <summary>How the mall's programs are started.</summary>
internal static class Programs
{
    // Published by the build into one folder, compiled ahead of time, with the same configuration as this program: bin/{configuration}/{framework}.
    private static readonly string Folder = Path.Combine(
        Path.GetDirectoryName(new Projects.Mall().ProjectPath)!, "bin", new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name, "published");

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
                // A dozen processes share few cores and little memory.
                variables["DOTNET_gcServer"] = "0";
                variables["DOTNET_gcConcurrent"] = "0";
                variables["DOTNET_TieredPGO"] = "0";
                // Both in hexadecimal. A method is compiled again, better, when it was called so often, and not while all of them start (for
                // so many milliseconds without a new method): with the usual 30 calls that takes half of all CPU for minutes on 2 cores.
                variables["DOTNET_TC_CallCountThreshold"] = "200";
                variables["DOTNET_TC_CallCountingDelayMs"] = "2000";
                // Threads that wait for work would look out for it for a while, in the way of the other processes' work.
                variables["DOTNET_ThreadPool_UnfairSemaphoreSpinLimit"] = "0";
                // Settings of services are variables: there is no file to be watched.
                variables["DOTNET_hostBuilder__reloadConfigOnChange"] = "false";
                // Aspire has them exported every second.
                variables["OTEL_METRIC_EXPORT_INTERVAL"] = "15000";
                variables["OTEL_BSP_SCHEDULE_DELAY"] = "2000";
                variables["OTEL_BLRP_SCHEDULE_DELAY"] = "2000";
            });
}
