using System.Diagnostics;
using System.Net;
using OrderMall.Postgres;
using OrderMall.Sidecar;
using Microsoft.Extensions.Logging.Abstractions;

namespace OrderMall.Bench;

/// <summary>How many invocations a second, bare and through the sidecar.</summary>
internal sealed record InvocationBenchResult(int Connections, double BarePerSecond, double SidecarPerSecond);

/// <summary>Compares an endpoint called directly with the same endpoint called by Dapr service invocation.</summary>
internal static class InvocationBench
{
    public static async Task<InvocationBenchResult> RunAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        var data = MallProcess.NewDataFolder();
        try
        {
            await using var endpoint = await StartEndpointAsync(cancellationToken);
            var address = new Uri(endpoint.Urls.First());
            await using var postgres = await PostgresCluster.StartAsync(Path.Combine(data.FullName, "postgres"), cancellationToken);
            var resources = data.CreateSubdirectory("components").FullName;
            var port = LoopbackPort.Find(1)[0];
            await using var sidecar = await EmbeddedSidecar.StartAsync(
                new SidecarOptions
                {
                    ResourcesPath = resources,
                    ConnectionString = await postgres.CreateDatabaseAsync("sidecar", cancellationToken),
                    Apps = [new SidecarApp { AppId = "callee", Port = LoopbackPort.Find(1)[0], Instances = [address] }, new SidecarApp { AppId = "caller", Port = port, Instances = [address] }],
                },
                NullLoggerFactory.Instance,
                cancellationToken);
            var through = new Uri($"http://127.0.0.1:{port}/v1.0/invoke/callee/method/hello");
            var direct = new Uri(address, "hello");
            var time = TimeSpan.FromSeconds(Math.Min(options.Seconds, 10));
            await RateAsync(direct, options.Customers, TimeSpan.FromSeconds(2), cancellationToken);
            await RateAsync(through, options.Customers, TimeSpan.FromSeconds(2), cancellationToken);
            return new InvocationBenchResult(
                options.Customers,
                await RateAsync(direct, options.Customers, time, cancellationToken),
                await RateAsync(through, options.Customers, time, cancellationToken));
        }
        finally
        {
            data.Delete(recursive: true);
        }
    }

    private static async Task<WebApplication> StartEndpointAsync(CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.MapGet("/hello", () => "Hello");
        app.MapGet("/health", () => TypedResults.Ok());
        await app.StartAsync(cancellationToken);
        return app;
    }

    private static async Task<double> RateAsync(Uri address, int connections, TimeSpan time, CancellationToken cancellationToken)
    {
        using var http = new HttpMessageInvoker(new SocketsHttpHandler { UseProxy = false, MaxConnectionsPerServer = connections });
        var done = 0;
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, connections).Select(_ => Task.Run(async () =>
        {
            while (clock.Elapsed < time)
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, address);
                using var answer = await http.SendAsync(request, cancellationToken);
                if (answer.StatusCode != HttpStatusCode.OK)
                    throw new BenchException($"{address} answered {(int)answer.StatusCode}.");
                await answer.Content.ReadAsByteArrayAsync(cancellationToken);
                Interlocked.Increment(ref done);
            }
        }, cancellationToken)));
        return done / clock.Elapsed.TotalSeconds;
    }
}
