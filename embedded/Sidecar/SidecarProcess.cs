using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace OrderMall.Sidecar;

/// <summary>What the file given by <c>--options</c> holds: <see cref="SidecarOptions"/>, and where circuit states can be asked for.</summary>
internal sealed record SidecarProcessOptions : SidecarOptions
{
    // By reflection: generated code would set what the file leaves out to null or zero, past its default.
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow };

    /// <summary>The loopback port of <c>GET /circuits</c>, and of <c>POST /probe/{appId}</c>, which answers how many instances were healthy; none where it is missing.</summary>
    public int? AdminPort { get; init; }

    /// <summary>What those must be asked with, in <c>dapr-api-token</c>.</summary>
    public string? AdminToken { get; init; }

    /// <exception cref="JsonException">It is no JSON, or lacks or has members that it should not.</exception>
    public static SidecarProcessOptions Read(string json) =>
        JsonSerializer.Deserialize<SidecarProcessOptions>(json, Json) ?? throw new JsonException("it is empty");
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(IReadOnlyList<CircuitState>))]
internal sealed partial class SidecarProcessJson : JsonSerializerContext;

/// <summary>Runs an <see cref="EmbeddedSidecar"/> until SIGTERM or SIGINT.</summary>
internal static class SidecarProcess
{
    /// <returns>0 after a graceful stop; 1, with one line on standard error, when it cannot start; 2 for a wrong command line.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        if (args is not ["--options", var file])
        {
            await Console.Error.WriteLineAsync("usage: OrderMall.Sidecar --options FILE");
            return 2;
        }

        // Numbers are written the same on every machine.
        CultureInfo.DefaultThreadCurrentCulture = CultureInfo.InvariantCulture;
        using var stop = new CancellationTokenSource();
        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var loggers = LoggerFactory.Create(logging => logging
            .AddFilter("Microsoft.AspNetCore", LogLevel.Warning)
            .AddFilter("Grpc", LogLevel.Warning)
            .AddSimpleConsole(console => console.SingleLine = true));
        try
        {
            var options = SidecarProcessOptions.Read(await File.ReadAllTextAsync(file, stop.Token));
            await using var sidecar = await EmbeddedSidecar.StartAsync(options, loggers, stop.Token);
            using var admin = await StartAdminAsync(sidecar, options, loggers, stop.Token);
            await Task.Delay(Timeout.Infinite, stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return 0;
        }
        catch (JsonException mistake)
        {
            return await FailAsync($"{file}: {mistake.Message}");
        }
        catch (Exception failure)
        {
            return await FailAsync(failure.Message);
        }

        return 0;

        void Stop(PosixSignalContext context)
        {
            // Stopping is done here, so that the runtime does not end the process under it.
            context.Cancel = true;
            stop.Cancel();
        }
    }

    private static async Task<int> FailAsync(string problem)
    {
        await Console.Error.WriteLineAsync(problem.ReplaceLineEndings(" "));
        return 1;
    }

    private static async Task<SidecarServer?> StartAdminAsync(
        EmbeddedSidecar sidecar, SidecarProcessOptions options, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        if (options.AdminPort is not { } port)
            return null;
        var server = new SidecarServer([port], HttpProtocols.Http1, http => AnswerAsync(http, sidecar, options.AdminToken), loggers);
        await server.StartAsync(cancellationToken);
        return server;
    }

    private static async Task AnswerAsync(HttpContext http, EmbeddedSidecar sidecar, string? token)
    {
        var path = http.Request.Path.Value ?? "";
        if (!AppToken.IsShown(http.Request, token))
        {
            http.Response.StatusCode = (int)HttpStatusCode.Unauthorized;
        }
        else if (path == "/circuits" && HttpMethods.IsGet(http.Request.Method))
        {
            http.Response.ContentType = "application/json";
            await JsonSerializer.SerializeAsync(http.Response.Body, sidecar.Circuits, SidecarProcessJson.Default.IReadOnlyListCircuitState, http.RequestAborted);
        }
        else if (path.StartsWith("/probe/", StringComparison.Ordinal) && HttpMethods.IsPost(http.Request.Method)
            && sidecar.HealthyInstances.TryGetValue(path["/probe/".Length..], out var healthy))
        {
            sidecar.Probe(path["/probe/".Length..]);
            http.Response.ContentType = "application/json";
            await http.Response.WriteAsync(healthy.ToString(CultureInfo.InvariantCulture), http.RequestAborted);
        }
        else
        {
            http.Response.StatusCode = (int)HttpStatusCode.NotFound;
        }
    }
}
