using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using OrderMall.Postgres;
using OrderMall.Sidecar;

namespace OrderMall.Mall.Hosting;

/// <summary>The sidecar as a process of its own, started again when it dies.</summary>
internal sealed class SidecarProcess : ISidecarHost
{
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(2);
    private readonly InstanceSupervisor supervised;
    private readonly HttpClient http;
    private readonly Uri circuits;
    private readonly string adminToken;
    private readonly SidecarOptions options;

    private SidecarProcess(InstanceSupervisor supervised, HttpClient http, Uri circuits, string adminToken, SidecarOptions options) =>
        (this.supervised, this.http, this.circuits, this.adminToken, this.options) = (supervised, http, circuits, adminToken, options);

    public SidecarPorts PortsOf(string appId) => SidecarPorts.Of(options, appId);

    public int? ProcessId => (supervised.Run as ProcessRun)?.ProcessId;

    public static async Task<SidecarProcess> StartAsync(SidecarOptions options, int adminPort, DataFolder folder, HttpClient http, ILogger logger, CancellationToken ct)
    {
        var token = AppPlan.Token();
        var file = folder.RunFile("sidecar.json");
        var settings = new SidecarFile(options.ResourcesPath, options.ConnectionString, options.Apps, adminPort, token, Environment.ProcessId);
        await File.WriteAllBytesAsync(file, JsonSerializer.SerializeToUtf8Bytes(settings, SidecarJson.Default.SidecarFile), ct);

        var circuits = new Uri(AppPlan.At(adminPort), "/circuits");
        var plan = new ProcessPlan(
            "sidecar",
            DotnetProgram.Command(typeof(EmbeddedSidecar).Assembly.GetName().Name!, "--options", file),
            new Dictionary<string, string>(),
            Health: circuits,
            Alive: circuits,
            token);
        var supervised = new InstanceSupervisor("sidecar", () => new ProcessRun(plan, folder, http), static () => { }, logger);
        await supervised.StartAsync(ct);
        return new SidecarProcess(supervised, http, circuits, token, options);
    }

    public async Task<IReadOnlyList<CircuitState>> CircuitsAsync(CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(AnswerLimit);
        try
        {
            using var response = await AskAsync(HttpMethod.Get, circuits, limit.Token);
            return await response.EnsureSuccessStatusCode().Content.ReadFromJsonAsync(SidecarJson.Default.IReadOnlyListCircuitState, limit.Token) ?? [];
        }
        catch (Exception absent) when (absent is HttpRequestException || (absent is OperationCanceledException && !ct.IsCancellationRequested))
        {
            return []; // it is being started again: its breakers begin anew
        }
    }

    public async Task HealthyAsync(string appId, int instances, CancellationToken ct)
    {
        for (; await ProbeAsync(appId) < instances; await Task.Delay(20, ct))
            ct.ThrowIfCancellationRequested();
    }

    public void Probe(string appId) => _ = ProbeAsync(appId);

    public async ValueTask DisposeAsync() => await supervised.StopAsync();

    // Has it ask at once and not within a second. What it does not answer, because it is being started again, it will see by itself.
    private async Task<int> ProbeAsync(string appId)
    {
        using var limit = new CancellationTokenSource(AnswerLimit);
        try
        {
            using var response = await AskAsync(HttpMethod.Post, new Uri(circuits, "/probe/" + appId), limit.Token);
            return response.IsSuccessStatusCode && int.TryParse(await response.Content.ReadAsStringAsync(limit.Token), CultureInfo.InvariantCulture, out var healthy) ? healthy : 0;
        }
        catch (Exception absent) when (absent is HttpRequestException or OperationCanceledException)
        {
            return 0;
        }
    }

    private async Task<HttpResponseMessage> AskAsync(HttpMethod method, Uri uri, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(method, uri);
        request.Headers.Add("dapr-api-token", adminToken);
        return await http.SendAsync(request, ct);
    }
}

/// <summary>What the sidecar's program reads: its options, where its state can be asked for, and with whom it ends.</summary>
internal sealed record SidecarFile(string ResourcesPath, string ConnectionString, IReadOnlyList<SidecarApp> Apps, int AdminPort, string AdminToken, int ParentPid);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(SidecarFile))]
[JsonSerializable(typeof(IReadOnlyList<CircuitState>))]
internal sealed partial class SidecarJson : JsonSerializerContext;
