using System.Globalization;
using OrderMall.Control;
using OrderMall.Postgres;
using OrderMall.ServiceDefaults;

namespace OrderMall.AppHost.Dapr;

/// <summary>The <c>daprd</c> of this machine, and how the mall runs it.</summary>
internal static class DaprdProgram
{
    /// <summary>Where it is: as the variable DAPRD_PATH says, on the PATH, or where <c>dapr init --slim</c> puts it.</summary>
    /// <exception cref="MallException">It is not there.</exception>
    public static string Find()
    {
        if (Environment.GetEnvironmentVariable("DAPRD_PATH") is { Length: > 0 } given)
            return File.Exists(given) ? given : throw new MallException($"DAPRD_PATH names {given}, which does not exist.");
        var installed = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".dapr", "bin", OperatingSystem.IsWindows() ? "daprd.exe" : "daprd");
        return OnPath.Find("daprd")
            ?? (File.Exists(installed) ? installed : throw new MallException(
                "There is no daprd: it is not on the PATH, not in ~/.dapr/bin, and DAPRD_PATH does not name one. Install the Dapr CLI and run `dapr init --slim`, or open the mall with its embedded sidecar."));
    }

    /// <summary>The arguments with which a <c>daprd</c> stands beside one instance of an app, all of it on loopback.</summary>
    /// <param name="configuration">The file that <see cref="WriteConfigurationAsync"/> made.</param>
    public static IReadOnlyList<string> Arguments(string appId, int appPort, DaprdPorts ports, string components, string configuration) =>
    [
        "--app-id", appId,
        "--app-port", Text(appPort),
        "--dapr-http-port", Text(ports.Http),
        "--dapr-grpc-port", Text(ports.Grpc),
        "--dapr-internal-grpc-port", Text(ports.Internal),
        "--metrics-port", Text(ports.Metrics),
        "--dapr-listen-addresses", "127.0.0.1",
        "--dapr-internal-grpc-listen-address", "127.0.0.1",
        "--metrics-listen-address", "127.0.0.1",
        "--resources-path", components,
        "--config", configuration,
        // Events for a service that is down stay in the broker instead of being tried and parked: so its sidecar must notice soon.
        "--enable-app-health-check",
        "--app-health-check-path", Probes.Ready,
        // In seconds, and in milliseconds: at its default of half a second a busy machine would look like a dead app.
        "--app-health-probe-interval", "1",
        "--app-health-probe-timeout", "1000",
        "--app-health-threshold", "3",
        "--log-level", "warn",
    ];

    /// <summary>
    /// Writes the mall's configuration, with a name resolution of this mall's own: by default daprd finds apps over the network, where
    /// another mall has apps of the same names.
    /// </summary>
    /// <param name="components">The folder that has <c>config.yaml</c>.</param>
    /// <param name="file">Where it is written. The names are in a file beside it, which begins anew.</param>
    public static async Task WriteConfigurationAsync(string components, string file, CancellationToken cancellationToken)
    {
        var names = Path.Combine(Path.GetDirectoryName(file)!, "names.sqlite");
        File.Delete(names);
        var given = await File.ReadAllTextAsync(Path.Combine(components, "config.yaml"), cancellationToken);
        await PrivateFile.WriteAsync(
            file,
            $"{given.TrimEnd()}\n  nameResolution:\n    component: sqlite\n    version: v1\n    configuration:\n      connectionString: \"{names.Replace('\\', '/')}\"\n",
            cancellationToken);
    }

    private static string Text(int port) => port.ToString(CultureInfo.InvariantCulture);
}

/// <summary>The ports of a <c>daprd</c>, on 127.0.0.1.</summary>
public sealed record DaprdPorts(int Http, int Grpc, int Internal, int Metrics);

/// <summary>Where Redis is.</summary>
/// <param name="Host">As <c>host:port</c>.</param>
/// <param name="Password">Empty where it asks for none.</param>
public sealed record RedisAddress(string Host, string Password)
{
    /// <summary>Reads <c>host:port</c> with an optional <c>,password=…</c>, as .NET's Redis clients write it.</summary>
    /// <exception cref="MallException">It is something else.</exception>
    public static RedisAddress Parse(string text)
    {
        var parts = text.Split(',', StringSplitOptions.TrimEntries);
        var password = parts.Skip(1).FirstOrDefault(part => part.StartsWith("password=", StringComparison.OrdinalIgnoreCase))?["password=".Length..] ?? "";
        // Not repeated: it may hold the password.
        return parts[0].Split(':') is [{ Length: > 0 }, var port] && int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out _)
            ? new RedisAddress(parts[0], password)
            : throw new MallException("ConnectionStrings__redis must be like 127.0.0.1:6379 or 127.0.0.1:6379,password=secret.");
    }
}
