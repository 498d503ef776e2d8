using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace OrderMall.Azure.Tests;

/// <summary>The Bicep compiler as a process, asked by JSON-RPC: one start for many templates.</summary>
internal sealed class BicepCompiler : IDisposable
{
    /// <summary>The subscription that templates are evaluated for.</summary>
    public const string Subscription = "00000000-0000-0000-0000-000000000001";

    /// <summary>The region.</summary>
    public const string Region = "koreacentral";

    private static readonly TimeSpan TimeLimit = TimeSpan.FromMinutes(2);
    private readonly Process _process;
    private int _asked;

    /// <param name="environment">What azd's environment has, for <c>readEnvironmentVariable</c>; what it keeps of images is added.</param>
    public BicepCompiler(IEnumerable<KeyValuePair<string, string>> environment)
    {
        var start = new ProcessStartInfo(Paths.Bicep!, ["jsonrpc", "--stdio"]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        // No matter what libraries for languages this machine has.
        start.Environment["DOTNET_SYSTEM_GLOBALIZATION_INVARIANT"] = "1";
        // It is asked a few hundred times: code that is measured first and then compiled once more does not pay.
        start.Environment["DOTNET_TieredPGO"] = "0";
        var images = Deployment.AppsIn(Path.Combine(Paths.Checkout, "infra")).Select(app => KeyValuePair.Create(Deployment.ImageOf(app), $"registry.azurecr.io/ordermall/{app}:1"));
        foreach (var (name, value) in environment.Concat(images))
            start.Environment[name] = value;
        _process = Process.Start(start)!;
    }

    /// <summary>Compiles a file of parameters with its template.</summary>
    /// <returns>With <c>template</c>, <c>parameters</c> and <c>diagnostics</c>.</returns>
    public async Task<JsonNode> CompileAsync(string file) => await AskAsync("bicep/compileParams", new JsonObject { ["path"] = file, ["parameterOverrides"] = new JsonObject() });

    /// <summary>Which files it reads to compile a file of parameters, that one too.</summary>
    public async Task<IReadOnlyList<string>> FilesAsync(string file) =>
        [.. (await AskAsync("bicep/getFileReferences", new JsonObject { ["path"] = file }))["filePaths"]!.AsArray().Select(path => (string)path!)];

    /// <summary>Evaluates a file of parameters with its template as Azure would.</summary>
    /// <returns>With <c>predictedResources</c> and <c>diagnostics</c>.</returns>
    public async Task<JsonNode> EvaluateAsync(string file, string? resourceGroup)
    {
        var metadata = new JsonObject
        {
            ["tenantId"] = null,
            ["subscriptionId"] = Subscription,
            ["resourceGroup"] = resourceGroup,
            ["location"] = Region,
            ["deploymentName"] = "test",
        };
        var answer = await AskAsync("bicep/getSnapshot", new JsonObject { ["path"] = file, ["metadata"] = metadata });
        return JsonNode.Parse((string)answer["snapshot"]!)!;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }

    private async Task<JsonNode> AskAsync(string method, JsonObject question)
    {
        using var limit = new CancellationTokenSource(TimeLimit);
        var body = Encoding.UTF8.GetBytes(new JsonObject { ["jsonrpc"] = "2.0", ["id"] = ++_asked, ["method"] = method, ["params"] = question }.ToJsonString());
        var stream = _process.StandardInput.BaseStream;
        await stream.WriteAsync(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"Content-Length: {body.Length}\r\n\r\n")), limit.Token);
        await stream.WriteAsync(body, limit.Token);
        await stream.FlushAsync(limit.Token);
        var answer = JsonNode.Parse(await ReadAsync(limit.Token))!;
        return answer["result"] ?? throw new InvalidOperationException($"{method}: {answer["error"]?.ToJsonString()}");
    }

    // A header, an empty line, and as many bytes as the header says.
    private async Task<byte[]> ReadAsync(CancellationToken cancellationToken)
    {
        var stream = _process.StandardOutput.BaseStream;
        var header = new List<byte>();
        var one = new byte[1];
        while (!header.TakeLast(4).SequenceEqual("\r\n\r\n"u8.ToArray()))
        {
            await stream.ReadExactlyAsync(one, cancellationToken);
            header.Add(one[0]);
        }

        var length = Encoding.ASCII.GetString([.. header]).Split("\r\n").First(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase)).Split(':')[1];
        var body = new byte[int.Parse(length, CultureInfo.InvariantCulture)];
        await stream.ReadExactlyAsync(body, cancellationToken);
        return body;
    }
}
