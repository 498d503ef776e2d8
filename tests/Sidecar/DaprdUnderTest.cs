using System.Diagnostics;
using System.Globalization;

namespace OrderMall.Sidecar.Tests;

/// <summary>Two real daprd processes on loopback, with the Redis that REDIS_HOST names.</summary>
internal sealed class DaprdUnderTest : SidecarUnderTest
{
    private readonly List<Process> _processes = [];

    /// <summary>Why these tests cannot run here, or <see langword="null"/> when they can.</summary>
    public static string? Missing =>
        Environment.GetEnvironmentVariable("DAPRD_PATH") is not { Length: > 0 } path ? "DAPRD_PATH names no daprd"
        : !File.Exists(path) ? $"DAPRD_PATH names {path}, which does not exist"
        : Environment.GetEnvironmentVariable("REDIS_HOST") is not { Length: > 0 } ? "REDIS_HOST names no Redis (host:port)"
        : null;

    public override async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
        }

        await base.DisposeAsync();
    }

    protected override Task StartSidecarAsync(Setup setup)
    {
        // The mDNS name resolution of self-hosted mode needs app ids that no other run on this machine uses at the same time.
        Start("app-a", SidecarPortA, AppA.Port, setup);
        Start("app-b", SidecarPortB, AppB.Port, setup);
        return Task.CompletedTask;
    }

    private void Start(string appId, int sidecarPort, int appPort, Setup setup)
    {
        var ports = LoopbackPorts.Free(3);
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DAPRD_PATH")!) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (option, value) in new (string, string)[]
        {
            ("--app-id", appId),
            ("--app-port", Text(appPort)),
            ("--dapr-http-port", Text(sidecarPort)),
            ("--dapr-grpc-port", Text(ports[0])),
            ("--dapr-internal-grpc-port", Text(ports[1])),
            ("--metrics-port", Text(ports[2])),
            ("--resources-path", Resources),
            ("--dapr-listen-addresses", "127.0.0.1"),
            ("--dapr-internal-grpc-listen-address", "127.0.0.1"),
            ("--metrics-listen-address", "127.0.0.1"),
            ("--app-health-check-path", "/health"),
            ("--app-health-probe-interval", "1"),
            ("--app-health-threshold", "2"),
            ("--log-level", "warn"),
        })
        {
            start.ArgumentList.Add(option);
            start.ArgumentList.Add(value);
        }

        start.ArgumentList.Add("--enable-app-health-check");
        if (setup.ApiToken is not null)
            start.Environment["DAPR_API_TOKEN"] = setup.ApiToken;
        if (setup.AppToken is not null)
            start.Environment["APP_API_TOKEN"] = setup.AppToken;
        var process = Process.Start(start)!;
        process.OutputDataReceived += static (_, _) => { };
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        _processes.Add(process);
    }

    private static string Text(int port) => port.ToString(CultureInfo.InvariantCulture);
}
