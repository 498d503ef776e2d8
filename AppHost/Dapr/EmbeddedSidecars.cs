using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using OrderMall.AppHost.Postgres;
using OrderMall.Control;
using OrderMall.Postgres;

namespace OrderMall.AppHost.Dapr;

/// <summary>
/// The mall's own Dapr-compatible sidecar: one process for all apps, with ports of its own for each. It keeps events and state in PostgreSQL.
/// </summary>
internal sealed class EmbeddedSidecars : Sidecars
{
    private const string Name = "sidecar";
    private const int Connections = 12; // and three of its own: for acknowledgements, and to hold its database
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private readonly IDistributedApplicationBuilder _builder;
    private readonly IResourceBuilder<ProjectResource> _sidecar;
    private readonly Dictionary<string, (MallApp App, int Http, int Grpc)> _apps = [];
    private readonly SidecarProgram _program;

    public EmbeddedSidecars(IDistributedApplicationBuilder builder, string components, DataFolder folder, Databases databases)
    {
        _builder = builder;
        var admin = LoopbackPort.Find(1)[0];
        _program = new SidecarProgram(Name, new Uri($"http://127.0.0.1:{admin}/circuits"), Mall.Secret());
        var file = folder.RunFile("sidecar.json");
        _sidecar = builder.AddProject<Projects.Sidecar>(Name, project => project.ExcludeLaunchProfile = true)
            .StartedDirectly()
            .WithIconName("ArrowSwap")
            .WithArgs("--options", file)
            .WithTokenHealthCheck(_program)
            .WithEnvironment("ConnectionStrings__postgres", "")
            // What it needs is in a file that nobody else may read: arguments are visible to every user of the machine.
            .WithEnvironment(async context => await WriteAsync(
                file,
                new
                {
                    ResourcesPath = components,
                    ConnectionString = await databases.ConnectionStringAsync("sidecar", Connections, context.CancellationToken),
                    AdminPort = admin,
                    AdminToken = _program.Token,
                    Apps = _apps.Values.Select(each => new
                    {
                        each.App.AppId,
                        Port = each.Http,
                        GrpcPort = each.Grpc,
                        Instances = each.App.Instances.Select(instance => instance.Address),
                        each.App.ApiToken,
                        each.App.AppToken,
                    }),
                },
                context.CancellationToken));
        databases.WaitedForBy(_sidecar);
    }

    public override IReadOnlyList<SidecarProgram> Programs => [_program];

    public override void Join(MallApp app, IReadOnlyList<IResourceBuilder<IResourceWithEnvironment>> instances)
    {
        if (LoopbackPort.Find(2) is not [var http, var grpc])
            throw new InvalidOperationException();
        _apps[app.AppId] = (app, http, grpc);
        foreach (var instance in instances)
        {
            Tell(instance, app, http, grpc);
            instance.WithEnvironment("Dapr__BulkSubscribe", "true");
        }
    }

    public override void WaitedForBy<T>(IResourceBuilder<T> app) => app.WaitFor(_sidecar);

    public override int HttpPortOf(string appId) => _apps[appId].Http;

    public override async Task<IReadOnlyList<CircuitView>> CircuitsAsync(string appId, CancellationToken cancellationToken)
    {
        var circuits = await SidecarRequests.SendAsync(
            new HttpRequestMessage(HttpMethod.Get, _program.Alive), _program.Token, content => content.ReadFromJsonAsync<List<Circuit>>(Json, cancellationToken), cancellationToken);
        // None while it is being started again: its breakers begin anew.
        return [.. (circuits ?? []).Where(circuit => circuit.AppId == appId).Select(circuit => new CircuitView(circuit.Target, circuit.State))];
    }

    public override async Task<int?> HealthyInstancesAsync(string appId, CancellationToken cancellationToken)
    {
        var answer = await SidecarRequests.SendAsync(
            new HttpRequestMessage(HttpMethod.Post, new Uri(_program.Alive, $"/probe/{appId}")), _program.Token, content => content.ReadAsStringAsync(cancellationToken), cancellationToken);
        return int.TryParse(answer, CultureInfo.InvariantCulture, out var healthy) ? healthy : 0;
    }

    private static async Task WriteAsync<T>(string file, T content, CancellationToken cancellationToken)
    {
        await using var stream = PrivateFile.Open(file, FileMode.Create);
        await JsonSerializer.SerializeAsync(stream, content, Json, cancellationToken);
    }

    private sealed record Circuit(string AppId, string Target, string State);
}
