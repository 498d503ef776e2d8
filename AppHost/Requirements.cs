using System.ComponentModel;
using System.Diagnostics;
using Microsoft.Extensions.Configuration;
using OrderMall.AppHost.Servers;

namespace OrderMall.AppHost;

/// <summary>Looks for what the mall needs on this machine before anything is started, and tells all at once what is missing.</summary>
internal static class Requirements
{
    /// <summary>The interpreter of the services that are written in Python.</summary>
    public static readonly string Python = OperatingSystem.IsWindows() ? "python" : "python3";

    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(15);

    /// <summary>Whether nothing is missing; else says on the console what, and how to get it.</summary>
    public static async Task<bool> AreMetAsync(IConfiguration configuration)
    {
        var missing = new List<string>();
        if (ExistingServers.AreGiven(configuration))
            missing.AddRange(await ExistingServers.FindFaultsAsync(configuration));
        else if (await ContainerRuntimeAsync(configuration) is { } runtime)
            missing.Add(runtime);
        if (!IsDaprThere())
            missing.Add("The dapr CLI, which starts the sidecars. Install it: https://docs.dapr.io/getting-started/install-dapr-cli/");
        if (!File.Exists(Daprd))
            missing.Add($"daprd, the sidecar, at {Daprd}. Install it: dapr init --slim");
        if (!await AnswersAsync(Python, "--version"))
            missing.Add($"{Python}, for the recommendations. Install Python 3.9 or later: https://www.python.org/downloads/");
        if (missing.Count == 0)
            return true;
        await Console.Error.WriteLineAsync($"""
            The mall cannot be opened, something is missing on this machine:

            {string.Join(Environment.NewLine, missing.Select(what => $"  - {what}"))}

            Without any of it there is the embedded mall: dotnet run mall.cs --mode embedded
            """);
        return false;
    }

    // Where dapr run looks for it.
    private static string Daprd => Path.Combine(
        Environment.GetEnvironmentVariable("DAPR_RUNTIME_PATH") is { Length: > 0 } path ? path : Home,
        ".dapr", "bin", Executable("daprd"));

    private static string Home => Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);

    // The places where the Dapr integration looks for it, and the search path.
    private static bool IsDaprThere()
    {
        var folders = new List<string> { Path.Combine(Home, "dapr"), "/usr/local/bin" };
        if (OperatingSystem.IsWindows())
            folders = [Path.Combine(Path.GetPathRoot(Environment.SystemDirectory) ?? "C:", "dapr")];
        return folders.Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator))
            .Any(folder => File.Exists(Path.Combine(folder, Executable("dapr"))));
    }

    private static string Executable(string name) => OperatingSystem.IsWindows() ? $"{name}.exe" : name;

    private static async Task<string?> ContainerRuntimeAsync(IConfiguration configuration)
    {
        string[] wanted = (configuration["ASPIRE_CONTAINER_RUNTIME"] ?? configuration["DOTNET_ASPIRE_CONTAINER_RUNTIME"]) is { Length: > 0 } chosen ? [chosen] : ["docker", "podman"];
        foreach (var runtime in wanted)
        {
            if (await AnswersAsync(runtime, "ps"))
                return null;
        }

        return $"A container runtime that runs ({string.Join(" or ", wanted)}), for PostgreSQL, Redis and the mail catcher. Install and start Docker: "
            + "https://docs.docker.com/get-docker/ or use servers that are there already, by the variables ConnectionStrings__postgres "
            + "(Host=localhost;Username=postgres;Password=...) and ConnectionStrings__redis (localhost:6379)";
    }

    private static async Task<bool> AnswersAsync(string program, string argument)
    {
        using var patience = new CancellationTokenSource(TimeLimit);
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, [argument]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            try
            {
                await Task.WhenAll(
                    process.StandardOutput.ReadToEndAsync(patience.Token),
                    process.StandardError.ReadToEndAsync(patience.Token),
                    process.WaitForExitAsync(patience.Token));
                return process.ExitCode == 0;
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                return false;
            }
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}
