using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace OrderMall.Sidecar.Tests;

/// <summary>A request as an app saw it.</summary>
internal sealed record Seen(string Method, string Path, string Query, IReadOnlyDictionary<string, string> Headers, string Body)
{
    public JsonNode Json => JsonNode.Parse(Body)!;
}

/// <summary>An app beside a sidecar: echoes, keeps what it saw, and can be told what to answer.</summary>
internal sealed class TestApp(int port) : IAsyncDisposable
{
    /// <summary>The request's body as JSON, for an answer that depends on it.</summary>
    public static readonly object BodyItem = new();

    private readonly ConcurrentQueue<Seen> _seen = new();
    private WebApplication? _app;
    private int _probes;

    public Uri Address { get; } = new($"http://127.0.0.1:{port}");

    public int Port => port;

    /// <summary>The answer of <c>GET /dapr/subscribe</c>.</summary>
    public string Subscriptions { get; set; } = "[]";

    public bool Healthy { get; set; } = true;

    /// <summary>How often it was asked for its health.</summary>
    public int Probes => Volatile.Read(ref _probes);

    /// <summary>What each path answers; any other echoes what it saw.</summary>
    public ConcurrentDictionary<string, Func<HttpContext, Task>> Answers { get; } = new();

    public IReadOnlyList<Seen> All => [.. _seen];

    public IReadOnlyList<Seen> At(string path) => [.. _seen.Where(seen => seen.Path == path)];

    public int CountAt(string path) => _seen.Count(seen => seen.Path == path);

    public async Task StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(Address.ToString()).ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = null);
        _app = builder.Build();
        _app.Run(AnswerAsync);
        await _app.StartAsync();
    }

    public async Task StopAsync()
    {
        if (_app is null)
            return;
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
        _app = null;
    }

    public ValueTask DisposeAsync() => new(StopAsync());

    public static Func<HttpContext, Task> Status(int status, string body = "") => async http =>
    {
        http.Response.StatusCode = status;
        if (body.Length > 0)
            await http.Response.WriteAsync(body);
    };

    private async Task AnswerAsync(HttpContext http)
    {
        var path = http.Request.Path.Value!;
        if (path == "/health")
        {
            Interlocked.Increment(ref _probes);
            http.Response.StatusCode = Healthy ? 200 : 503;
            return;
        }

        if (path == "/dapr/config")
        {
            http.Response.StatusCode = 404;
            return;
        }

        if (path == "/dapr/subscribe")
        {
            await http.Response.WriteAsync(Subscriptions);
            return;
        }

        using var reader = new StreamReader(http.Request.Body);
        var seen = new Seen(
            http.Request.Method,
            path,
            http.Request.QueryString.Value!,
            http.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase),
            await reader.ReadToEndAsync());
        _seen.Enqueue(seen);
        if (Answers.TryGetValue(path, out var answer))
        {
            http.Items[BodyItem] = seen.Body.StartsWith('{') ? seen.Json : null;
            await answer(http);
            return;
        }

        await http.Response.WriteAsJsonAsync(new
        {
            method = seen.Method,
            path = seen.Path + seen.Query,
            target = http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget,
            headers = seen.Headers,
            body = seen.Body,
        });
    }
}
