using System.Globalization;
using OrderMall.Postgres;

namespace OrderMall.AppHost;

/// <summary>Where the Aspire dashboard and what is sent to it are found, where nothing else is said.</summary>
internal static class Dashboard
{
    private const int Port = 18888;

    /// <summary>Chooses what Aspire would ask a launch profile for: all on loopback. A second mall on this machine gets other ports.</summary>
    /// <returns>As arguments; those that are given, or in the environment, stay.</returns>
    public static IEnumerable<string> ChooseAddresses(string[] args)
    {
        if (!args.Any(arg => arg.Contains("urls", StringComparison.OrdinalIgnoreCase)))
            yield return Default("ASPNETCORE_URLS", () => At(LoopbackPort.IsFree(Port) ? Port : LoopbackPort.Find(1)[0]));
        yield return Default("ASPIRE_ALLOW_UNSECURED_TRANSPORT", () => "true");
        foreach (var endpoint in new[] { "ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL", "ASPIRE_DASHBOARD_OTLP_HTTP_ENDPOINT_URL", "ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL" })
            yield return Default(endpoint, () => At(LoopbackPort.Find(1)[0]));
    }

    // Not by the environment: what this process starts, and a second mall in it, would take it for their own.
    private static string Default(string name, Func<string> value) =>
        $"--{name}={(Environment.GetEnvironmentVariable(name) is { Length: > 0 } given ? given : value())}";

    private static string At(int port) => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}");
}
