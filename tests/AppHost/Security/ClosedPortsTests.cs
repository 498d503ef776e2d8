using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using OrderMall.AppHost.Supervision;
using OrderMall.Contracts;

namespace OrderMall.AppHost.Tests.Security;

/// <summary>A mall has many ports and one door: whoever comes to another gets nothing, on this machine and less from elsewhere.</summary>
[Collection(AppHostCollection.Name)]
public sealed class ClosedPortsTests(OpenAppHost mall)
{
    private static readonly (string Verb, string Path)[] Asked =
    [
        ("GET", "/v1.0/metadata"), ("POST", "/v1.0/publish/pubsub/orders"), ("POST", "/v1.0-alpha1/publish/bulk/pubsub/orders"),
        ("POST", "/v1.0/state/statestore"), ("GET", "/v1.0/state/statestore/alice"), ("POST", "/v1.0/invoke/payment/method/charges"), ("GET", "/v1.0/invoke/ordering/method/api/orders/1"),
        ("POST", "/charges"), ("POST", "/holds"), ("POST", "/provider/charges"), ("PUT", "/mode"), ("POST", "/events/orders"), ("GET", "/dapr/subscribe"), ("POST", "/audit/orders"), ("POST", "/audit/messaging"), ("GET", "/alarms"), ("GET", "/dead-letters"),
        ("GET", "/api/mypage/orders"), ("GET", "/api/ops/services"), ("POST", "/api/ops/services/catalog/stop"), ("GET", "/circuits"), ("POST", "/probe/catalog"),
    ];

    private static readonly string[] AskedOverGrpc = ["GetMetadata", "PublishEvent", "BulkPublishEvent", "GetState", "SaveState", "DeleteState", "ExecuteStateTransaction", "GetSecret"];

    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(20) };

    [LinuxFact]
    public async Task Every_other_port_refuses_whoever_has_no_token()
    {
        await mall.IsWellAsync();
        Assert.All(
            MallProcesses.PortsOf(mall.Mall.ProcessIds().Append(Environment.ProcessId)),
            port => Assert.True(IPAddress.IsLoopback(port.Address), $"{port} can be reached from elsewhere."));

        // Those of Aspire itself have keys of their own, PostgreSQL's its password.
        var services = mall.App.Services.GetRequiredService<MallServices>();
        var ports = MallProcesses.PortsOf(mall.Mall.ProcessIds().Except([mall.Mall.PostgresProcessId!.Value])).Select(port => port.Port)
            .Append(services.Control.Instances[0].Port).Distinct().ToArray();
        Assert.Contains(mall.Address.Port, ports);
        await AreRefusedAsync(ports);
        await TokensOpenAsync(Path.Combine(mall.Data, "run", "sidecar.json"));
    }

    private static async Task AreRefusedAsync(int[] ports)
    {
        var (refusals, grpcPorts) = (0, 0);
        foreach (var port in ports)
        {
            // Kestrel's answer where only HTTP/2 is spoken.
            if (await AskAsync(port, "GET", "/", null) == HttpStatusCode.BadRequest)
            {
                grpcPorts++;
                await RefusesGrpcAsync(port);
                continue;
            }

            foreach (var (verb, path) in Asked)
            {
                foreach (var token in new[] { null, "", "0123456789abcdef0123456789abcdef" })
                {
                    var status = await AskAsync(port, verb, path, token);
                    Assert.True(status is HttpStatusCode.Unauthorized or HttpStatusCode.NotFound or null, $"{verb} {path} at {port} with '{token}': {status}");
                    refusals += status == HttpStatusCode.Unauthorized ? 1 : 0;
                }
            }
        }

        // Every service and the sidecar of each; all but the door know no public path.
        Assert.True(refusals > 20 * Asked.Length * 3, $"Only {refusals} of the questions to {ports.Length} ports were refused.");
        Assert.True(grpcPorts > 10, $"Only {grpcPorts} of {ports.Length} ports speak gRPC.");
    }

    private static async Task RefusesGrpcAsync(int port)
    {
        const string Unauthenticated = "16";
        const string Unimplemented = "12";
        foreach (var method in AskedOverGrpc)
        {
            foreach (var token in new[] { null, "", "0123456789abcdef0123456789abcdef" })
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, $"http://127.0.0.1:{port}/dapr.proto.runtime.v1.Dapr/{method}")
                {
                    Version = HttpVersion.Version20,
                    VersionPolicy = HttpVersionPolicy.RequestVersionExact,
                    Content = new ByteArrayContent(new byte[5]) { Headers = { ContentType = new("application/grpc") } },
                };
                if (token is not null)
                    request.Headers.TryAddWithoutValidation("dapr-api-token", token);
                using var answer = await Http.SendAsync(request);
                var status = Assert.Single(answer.Headers.GetValues("grpc-status"));
                // What is not on the list of APIs is not there for anybody.
                Assert.Equal(method == "GetSecret" ? Unimplemented : Unauthenticated, status);
            }
        }
    }

    // What was refused is there for those who have the token.
    private static async Task TokensOpenAsync(string file)
    {
        using var sidecar = JsonDocument.Parse(await File.ReadAllTextAsync(file));
        foreach (var app in sidecar.RootElement.GetProperty("apps").EnumerateArray())
        {
            var token = app.GetProperty("apiToken").GetString()!;
            // Who keeps no state has no store, which daprd calls not configured.
            var keepsState = app.GetProperty("appId").GetString() is AppIds.MyPage or AppIds.Marketing or AppIds.Web;
            Assert.Equal(
                keepsState ? HttpStatusCode.NoContent : HttpStatusCode.InternalServerError,
                await AskAsync(app.GetProperty("port").GetInt32(), "GET", "/v1.0/state/statestore/nothing", token));
            // It opens the sidecar and not the service behind it.
            Assert.NotEqual(token, app.GetProperty("appToken").GetString());
        }
    }

    /// <returns><see langword="null"/> where nobody speaks HTTP.</returns>
    private static async Task<HttpStatusCode?> AskAsync(int port, string verb, string path, string? token)
    {
        using var request = new HttpRequestMessage(new HttpMethod(verb), $"http://127.0.0.1:{port}{path}");
        if (verb != "GET")
            request.Content = new StringContent("{}", new System.Net.Http.Headers.MediaTypeHeaderValue("application/json"));
        // Not sampled: what is asked here is nothing that people did.
        request.Headers.Add("traceparent", $"00-{System.Diagnostics.ActivityTraceId.CreateRandom()}-{System.Diagnostics.ActivitySpanId.CreateRandom()}-00");
        foreach (var (name, value) in new[] { ("Dapr-Caller-App-Id", path is "/alarms" or "/audit/messaging" ? "operations" : "gateway"), ("X-Mall-User", "operator"), ("X-Mall-Roles", "operator,customer") })
            request.Headers.Add(name, value);
        if (token is not null)
            request.Headers.TryAddWithoutValidation("dapr-api-token", token);
        try
        {
            using var answer = await Http.SendAsync(request);
            return answer.StatusCode;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }
}
