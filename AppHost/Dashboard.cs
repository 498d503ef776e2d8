using System.Globalization;
using OrderMall.Postgres;

namespace OrderMall.AppHost;

/// <summary>Where the Aspire dashboard and what is sent to it are found, where nothing else is said.</summary>
internal static class Dashboard
{
    private const int Port = 18888;

    /// <summary>Chooses what Aspire would ask a launch profile for: all on loopback. A second mall on this machine gets other ports.</summary>
    public static void ChooseAddresses(string[] args)
    {
        Default("ASPIRE_ALLOW_UNSECURED_TRANSPORT", "true");
        if (!args.Any(arg => arg.Contains("urls", StringComparison.OrdinalIgnoreCase)))
            Default("ASPNETCORE_URLS", At(LoopbackPort.IsFree(Port) ? Port : LoopbackPort.Find(1)[0]));
        Default("ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL", At(LoopbackPort.Find(1)[0]));
        Default("ASPIRE_DASHBOARD_OTLP_HTTP_ENDPOINT_URL", At(LoopbackPort.Find(1)[0]));
        Default("ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL", At(LoopbackPort.Find(1)[0]));
    }

    private static void Default(string name, string value)
    {
        if (Environment.GetEnvironmentVariable(name) is not { Length: > 0 })
            Environment.SetEnvironmentVariable(name, value);
    }

    private static string At(int port) => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}");
}
