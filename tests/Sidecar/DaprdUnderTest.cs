using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using OrderMall.Postgres;

namespace OrderMall.Sidecar.Tests;

/// <summary>Two real daprd processes on loopback, with the Redis that REDIS_HOST names.</summary>
internal sealed class DaprdUnderTest : SidecarUnderTest
{
    private readonly List<Process> _processes = [];
    private readonly ConcurrentQueue<string> _log = new();
    private readonly string _names = Directory.CreateTempSubdirectory("ordermall-names-").FullName;

    /// <summary>Why these tests cannot run here, or <see langword="null"/> when they can.</summary>
    public static string? Missing =>
        Environment.GetEnvironmentVariable("DAPRD_PATH") is not { Length: > 0 } path ? "DAPRD_PATH names no daprd"
        : !File.Exists(path) ? $"DAPRD_PATH names {path}, which does not exist"
        : Environment.GetEnvironmentVariable("REDIS_HOST") is not { Length: > 0 } ? "REDIS_HOST names no Redis (host:port)"
        : null;

    public override IReadOnlyCollection<string> Warnings => _log;

    public override async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
        }

        await base.DisposeAsync();
        Directory.Delete(_names, recursive: true);
    }

    protected override async Task StartSidecarAsync(Setup setup)
    {
        // Names are found in a file of the test's own: by mDNS, another test's app of the same id would answer.
        var nameResolution = Path.Combine(_names, "names.yaml");
        await File.WriteAllTextAsync(nameResolution, $"""
            apiVersion: dapr.io/v1alpha1
            kind: Configuration
            metadata:
              name: names
            spec:
              nameResolution:
                component: sqlite
                version: v1
                configuration:
                  connectionString: "{Path.Combine(_names, "names.db")}"
            """);
        Start(setup.AppIds.A, SidecarPortA, GrpcPortA, AppA.Port, setup, nameResolution);
        // One after the other: two that create the file's tables at once do so only once, and the other knows no names from then on.
        await Eventually.TrueAsync(() => IsUpAsync(SidecarA), "the first sidecar is up");
        Start(setup.AppIds.B, SidecarPortB, GrpcPortB, AppB.Port, setup, nameResolution);
    }

    private static async Task<bool> IsUpAsync(HttpClient sidecar)
    {
        try
        {
            using var health = await sidecar.GetAsync("/v1.0/healthz/outbound");
            return health.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private void Start(string appId, int sidecarPort, int grpcPort, int appPort, Setup setup, string nameResolution)
    {
        var ports = LoopbackPort.Find(2);
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DAPRD_PATH")!) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (option, value) in new (string, string)[]
        {
            ("--app-id", appId),
            ("--app-port", Text(appPort)),
            ("--dapr-http-port", Text(sidecarPort)),
            ("--dapr-grpc-port", Text(grpcPort)),
            ("--dapr-internal-grpc-port", Text(ports[0])),
            ("--metrics-port", Text(ports[1])),
            ("--resources-path", Resources),
            ("--config", Path.Combine(Resources, "config.yaml")),
            ("--config", nameResolution),
            ("--dapr-listen-addresses", "127.0.0.1"),
            ("--dapr-internal-grpc-listen-address", "127.0.0.1"),
            ("--metrics-listen-address", "127.0.0.1"),
            ("--app-health-check-path", "/health"),
            ("--app-health-probe-interval", "1"),
            // At its default of half a second, a busy machine would look like a dead app.
            ("--app-health-probe-timeout", "1000"),
            ("--app-health-threshold", "2"),
            ("--log-level", "warn"),
        })
        {
            start.ArgumentList.Add(option);
            start.ArgumentList.Add(value);
        }

        start.ArgumentList.Add("--enable-app-health-check");
        // Where it tells the other one to find it; else that is the machine's first network address, where nothing listens.
        start.Environment["DAPR_HOST_IP"] = "127.0.0.1";
        if (setup.ApiToken is not null)
            start.Environment["DAPR_API_TOKEN"] = setup.ApiToken;
        if (setup.AppToken is not null)
            start.Environment["APP_API_TOKEN"] = setup.AppToken;
        var process = Process.Start(start)!;
        process.OutputDataReceived += Keep;
        process.ErrorDataReceived += Keep;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        _processes.Add(process);
    }

    private void Keep(object process, DataReceivedEventArgs line)
    {
        if (line.Data is { Length: > 0 } text)
            _log.Enqueue(text);
    }

    private static string Text(int port) => port.ToString(CultureInfo.InvariantCulture);
}
