using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace OrderMall.Gateway.OpenApi;

/// <summary>
/// The whole public API as one document: the gateway's own and each service's, asked through the sidecar. The last answer
/// of a service that is down stays; the paths of one that was never reached are missing until it is.
/// </summary>
internal sealed partial class OpenApiApi(
    Invocation invocation,
    [FromKeyedServices("v1")] IOpenApiDocumentProvider own,
    IConfiguration configuration,
    TimeProvider time,
    ILogger<OpenApiApi> logger) : IDisposable
{
    private const int LargestDocument = 1024 * 1024;
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan FreshWhileIncomplete = TimeSpan.FromSeconds(3);

    private readonly IReadOnlyList<ServiceRoute> _routes = Routes.Of(configuration);
    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly ConcurrentDictionary<string, JsonObject> _last = new();
    private Merged? _merged;

    public static void Map(WebApplication app) =>
        app.MapGet("/openapi/v1.json", async (OpenApiApi documents, CancellationToken cancellationToken) =>
            TypedResults.Bytes(await documents.GetAsync(cancellationToken), "application/json")).ExcludeFromDescription();

    public void Dispose() => _one.Dispose();

    private async Task<byte[]> GetAsync(CancellationToken cancellationToken)
    {
        if (_merged is { } known && time.GetUtcNow() < known.Until)
            return known.Document;
        await _one.WaitAsync(cancellationToken);
        try
        {
            if (_merged is { } meanwhile && time.GetUtcNow() < meanwhile.Until)
                return meanwhile.Document;
            var merged = await MergeAsync();
            _merged = merged;
            return merged.Document;
        }
        finally
        {
            _one.Release();
        }
    }

    // Not ended by the one who asked first: others wait for the same document.
    private async Task<Merged> MergeAsync()
    {
        using var limit = new CancellationTokenSource(TimeLimit);
        var services = _routes.Select(route => route.AppId).Distinct().ToList();
        var answered = await Task.WhenAll(services.Select(appId => AskAsync(appId, limit.Token)));
        var merge = new OpenApiMerge(_routes);
        merge.Add(AppIds.Gateway, await OwnAsync());
        foreach (var appId in services)
        {
            if (_last.TryGetValue(appId, out var document))
                merge.Add(appId, document);
        }

        return new Merged(
            JsonSerializer.SerializeToUtf8Bytes((JsonNode)merge.ToDocument(), GatewayJson.Default.JsonNode),
            time.GetUtcNow() + (answered.All(yes => yes) ? Fresh : FreshWhileIncomplete));
    }

    private async Task<JsonObject> OwnAsync()
    {
        var document = await own.GetOpenApiDocumentAsync(CancellationToken.None);
        return (JsonObject)JsonNode.Parse(await document.SerializeAsJsonAsync(OpenApiSpecVersion.OpenApi3_1, CancellationToken.None))!;
    }

    private async Task<bool> AskAsync(string appId, CancellationToken cancellationToken)
    {
        try
        {
            using var request = invocation.Request(HttpMethod.Get, appId, "openapi/v1.json");
            using var response = await invocation.SendAsync(request, cancellationToken);
            response.EnsureSuccessStatusCode();
            await response.Content.LoadIntoBufferAsync(LargestDocument, cancellationToken);
            _last[appId] = JsonNode.Parse(await response.Content.ReadAsStringAsync(cancellationToken)) as JsonObject
                ?? throw new JsonException("The document is not an object.");
            return true;
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or OperationCanceledException)
        {
            LogMissing(appId, e.Message);
            return false;
        }
    }

    [LoggerMessage(LogLevel.Information, "{AppId} did not describe its API: {Reason}")]
    private partial void LogMissing(string appId, string reason);

    private sealed record Merged(byte[] Document, DateTimeOffset Until);
}
