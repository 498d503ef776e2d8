using System.Globalization;
using System.Security.Cryptography;
using OrderMall.Contracts;
using OrderMall.Mall.Hosting;
using OrderMall.Postgres;
using OrderMall.ServiceDefaults;
using OrderMall.Sidecar;

namespace OrderMall.Mall;

/// <summary>
/// Where an app of this run is and what it is told: ports and tokens are new at every start of the mall, and stay
/// while it is open, however often the app is stopped and started.
/// </summary>
internal sealed record AppPlan(string AppId, SidecarPorts Sidecar, IReadOnlyList<Uri> Instances, string ApiToken, string AppToken)
{
    private static readonly TimeSpan Leaving = TimeSpan.FromSeconds(6);

    /// <summary>How long an instance may take to end: it says that it leaves, and goes on with what it took.</summary>
    public static readonly TimeSpan EndLimit = Leaving + ServiceHost.DrainTime + TimeSpan.FromSeconds(2);

    /// <summary>Plans the services and the mall's own control app, which comes last.</summary>
    /// <param name="options">How many instances there are of each.</param>
    /// <param name="gateway">Where the gateway listens, where it has the public port to itself; <see langword="null"/> where its instances share it.</param>
    public static IReadOnlyList<AppPlan> Make(IReadOnlyList<MallApp> apps, MallOptions options, Uri? gateway)
    {
        var ids = apps.Select(app => app.AppId).Append(AppIds.MallControl).ToList();
        var instances = ids.ConvertAll(id => id == AppIds.MallControl ? 1 : options.InstancesOf(id));
        var ports = new Queue<int>(LoopbackPort.Find((2 * ids.Count) + instances.Sum()));
        return [.. ids.Zip(instances, (id, count) => new AppPlan(
            id,
            new SidecarPorts(ports.Dequeue(), ports.Dequeue()),
            id == AppIds.Gateway && gateway is not null ? [gateway] : [.. Enumerable.Range(0, count).Select(_ => At(ports.Dequeue()))],
            Token(),
            Token()))];
    }

    public static Uri At(int port) => new($"http://127.0.0.1:{port}");

    public static string Token() => RandomNumberGenerator.GetHexString(32, lowercase: true);

    /// <summary>The app as the sidecar is told of it.</summary>
    /// <param name="links">What stands between the two.</param>
    public SidecarApp ToSidecarApp(ILinks? links) => new()
    {
        AppId = AppId,
        Port = Sidecar.Http,
        GrpcPort = Sidecar.Grpc,
        Instances = links is null ? Instances : [.. Instances.Select((address, instance) => links.ToInstance(AppId, instance, address))],
        ApiToken = ApiToken,
        AppToken = AppToken,
    };

    /// <summary>The configuration of one instance.</summary>
    /// <param name="connectionString">Of its database, where it has one.</param>
    public Dictionary<string, string> Settings(Uri instance, SidecarPorts sidecar, string? connectionString, Uri publicAddress)
    {
        var settings = new Dictionary<string, string>
        {
            ["urls"] = instance.GetLeftPart(UriPartial.Authority),
            ["http_ports"] = "", // set in container images, and would only be warned about
            ["APP_PORT"] = instance.Port.ToString(CultureInfo.InvariantCulture),
            ["DAPR_HTTP_PORT"] = sidecar.Http.ToString(CultureInfo.InvariantCulture),
            ["DAPR_GRPC_PORT"] = sidecar.Grpc.ToString(CultureInfo.InvariantCulture),
            ["DAPR_API_TOKEN"] = ApiToken,
            ["APP_API_TOKEN"] = AppToken,
            ["Mall:Demo"] = "true",
            // Where there is no other instance, saying that one leaves would help nobody.
            ["Drain:Seconds"] = Instances.Count > 1 ? Leaving.TotalSeconds.ToString(CultureInfo.InvariantCulture) : "0",
            ["PublicUrl"] = publicAddress.GetLeftPart(UriPartial.Authority),
        };
        if (connectionString is not null)
            settings["ConnectionStrings:" + AppId] = connectionString;
        return settings;
    }
}
