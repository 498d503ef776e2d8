using System.Globalization;
using System.Security.Cryptography;
using OrderMall.Contracts;
using OrderMall.Postgres;
using OrderMall.Sidecar;

namespace OrderMall.Mall;

/// <summary>
/// Where an app of this run is and what it is told: ports and tokens are new at every start of the mall, and stay
/// while it is open, however often the app is stopped and started.
/// </summary>
internal sealed record AppPlan(string AppId, Uri Address, int SidecarPort, int SidecarGrpcPort, string ApiToken, string AppToken)
{
    /// <summary>Plans the services and the mall's own control app, which comes last.</summary>
    public static IReadOnlyList<AppPlan> Make(IEnumerable<string> services, Uri gateway, Uri web)
    {
        var ids = services.Append(AppIds.MallControl).ToList();
        var ports = LoopbackPort.Find(3 * ids.Count);
        return [.. ids.Select((id, i) => new AppPlan(
            id,
            id == AppIds.Gateway ? gateway : id == AppIds.Web ? web : At(ports[3 * i]),
            ports[(3 * i) + 1],
            ports[(3 * i) + 2],
            Token(),
            Token()))];
    }

    public static Uri At(int port) => new($"http://127.0.0.1:{port}");

    /// <summary>The app as the sidecar is told of it.</summary>
    public SidecarApp ToSidecarApp() => new()
    {
        AppId = AppId,
        Port = SidecarPort,
        GrpcPort = SidecarGrpcPort,
        Instances = [Address],
        ApiToken = ApiToken,
        AppToken = AppToken,
    };

    /// <summary>The configuration of the service.</summary>
    /// <param name="connectionString"><see langword="null"/> for a service without a database.</param>
    public Dictionary<string, string> Settings(string? connectionString, Uri publicAddress, MallOptions options)
    {
        var settings = new Dictionary<string, string>(options.Settings)
        {
            ["urls"] = Address.GetLeftPart(UriPartial.Authority),
            ["http_ports"] = "", // set in container images, and would only be warned about
            ["DAPR_HTTP_PORT"] = SidecarPort.ToString(CultureInfo.InvariantCulture),
            ["DAPR_GRPC_PORT"] = SidecarGrpcPort.ToString(CultureInfo.InvariantCulture),
            ["DAPR_API_TOKEN"] = ApiToken,
            ["APP_API_TOKEN"] = AppToken,
            ["Dapr:BulkSubscribe"] = "true",
            ["Mall:Demo"] = options.Demo ? "true" : "false",
            ["PublicUrl"] = publicAddress.GetLeftPart(UriPartial.Authority),
        };
        if (connectionString is not null)
            settings["ConnectionStrings:" + AppId] = connectionString;
        return settings;
    }

    private static string Token() => RandomNumberGenerator.GetHexString(32, lowercase: true);
}
