using System.Diagnostics;
using Microsoft.Extensions.Configuration;
using OrderMall.Control;

namespace OrderMall.AppHost;

/// <summary>Docker or Podman of this machine.</summary>
internal static class ContainerRuntime
{
    /// <summary>What to do where none runs.</summary>
    public const string Missing =
        "No container runtime runs (docker or podman): install and start one, https://docs.docker.com/get-docker/, or open the mall without --Mall:Servers containers.";

    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(15);

    /// <summary>The first that runs; <see langword="null"/> where none does.</summary>
    public static async Task<string?> FindAsync(IConfiguration configuration)
    {
        string[] wanted = (configuration["ASPIRE_CONTAINER_RUNTIME"] ?? configuration["DOTNET_ASPIRE_CONTAINER_RUNTIME"]) is { Length: > 0 } chosen ? [chosen] : ["docker", "podman"];
        foreach (var runtime in wanted)
        {
            if (await ProgramRun.RunAsync(new ProcessStartInfo(runtime, "ps"), TimeLimit, CancellationToken.None) is { ExitCode: 0 })
                return runtime;
        }

        return null;
    }
}
