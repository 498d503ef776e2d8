using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace OrderMall.Services.Tests;

/// <summary>
/// What a service needs of a sidecar: remembers what is published, keeps state in memory with ETags as Redis does, and
/// answers invocations as a test says.
/// </summary>
public sealed class StubSidecar : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<PublishedEvent> _published = new();
    private readonly Dictionary<string, (string Value, int ETag)> _state = [];
    private readonly Lock _lock = new();
    private int _reads;
    private int _writes;

    public StubSidecar()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        _app = builder.Build();
        _app.MapPost("/v1.0-alpha1/publish/bulk/pubsub/{topic}", PublishAsync);
        _app.MapGet("/v1.0/state/statestore/{key}", GetAsync);
        _app.MapPost("/v1.0/state/statestore", SaveAsync);
        _app.MapPost("/v1.0/state/statestore/bulk", GetManyAsync);
        _app.Map("/v1.0/invoke/{app}/method/{**path}", InvokeAsync);
    }

    public sealed record PublishedEvent(string Topic, string Id, string Type, string Key, JsonElement Data);

    public int Port => new Uri(_app.Urls.First()).Port;

    public IReadOnlyCollection<PublishedEvent> Published => _published;

    /// <summary>How the called services answer, by <c>app/path</c>; 500 where nothing is said.</summary>
    public ConcurrentDictionary<string, RequestDelegate> Called { get; } = new();

    /// <summary>Fails a write of such a key when it says so.</summary>
    public Func<string, bool> FailsToWrite { get; set; } = _ => false;

    /// <summary>State calls so far, but for those about <c>rebuild</c>.</summary>
    public (int Reads, int Writes) StateCalls => (_reads, _writes);

    /// <summary>Loses every key.</summary>
    public void ForgetState()
    {
        lock (_lock)
            _state.Clear();
    }

    public Task StartAsync() => _app.StartAsync();

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task PublishAsync(HttpContext context)
    {
        var entries = await JsonSerializer.DeserializeAsync<JsonElement>(context.Request.Body);
        foreach (var e in entries.EnumerateArray().Select(entry => entry.GetProperty("event")))
        {
            _published.Enqueue(new PublishedEvent(
                (string)context.Request.RouteValues["topic"]!,
                e.GetProperty("id").GetString()!,
                e.GetProperty("type").GetString()!,
                e.GetProperty("subject").GetString()!,
                e.GetProperty("data")));
        }

        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private Task GetAsync(HttpContext context)
    {
        // How far pages are made again is looked at now and then.
        if ((string)context.Request.RouteValues["key"]! != "rebuild")
            Interlocked.Increment(ref _reads);
        (string Value, int ETag) entry;
        lock (_lock)
        {
            if (!_state.TryGetValue((string)context.Request.RouteValues["key"]!, out entry))
            {
                context.Response.StatusCode = StatusCodes.Status204NoContent;
                return Task.CompletedTask;
            }
        }

        context.Response.Headers["Etag"] = entry.ETag.ToString(CultureInfo.InvariantCulture);
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(entry.Value);
    }

    private async Task GetManyAsync(HttpContext context)
    {
        Interlocked.Increment(ref _reads);
        var asked = await JsonSerializer.DeserializeAsync<JsonElement>(context.Request.Body);
        var answers = new List<string>();
        lock (_lock)
        {
            foreach (var key in asked.GetProperty("keys").EnumerateArray().Select(key => key.GetString()!))
            {
                answers.Add(_state.TryGetValue(key, out var entry)
                    ? $$"""{"key":{{JsonSerializer.Serialize(key)}},"data":{{entry.Value}},"etag":"{{entry.ETag}}"}"""
                    : $$"""{"key":{{JsonSerializer.Serialize(key)}}}""");
            }
        }

        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync($"[{string.Join(',', answers)}]");
    }

    private async Task SaveAsync(HttpContext context)
    {
        var item = (await JsonSerializer.DeserializeAsync<JsonElement>(context.Request.Body)).EnumerateArray().Single();
        var key = item.GetProperty("key").GetString()!;
        if (key != "rebuild")
            Interlocked.Increment(ref _writes);
        context.Response.StatusCode = FailsToWrite(key) ? StatusCodes.Status500InternalServerError : Save(key, item);
        if (context.Response.StatusCode != StatusCodes.Status204NoContent)
            await context.Response.WriteAsync("""{"errorCode":"ERR_STATE_SAVE","message":"failed saving state"}""");
    }

    private int Save(string key, JsonElement item)
    {
        lock (_lock)
        {
            var exists = _state.TryGetValue(key, out var entry);
            var etag = item.TryGetProperty("etag", out var given) ? given.GetString() : null;
            // As Redis: creating what exists is no conflict but an error.
            if (etag is null && exists)
                return StatusCodes.Status500InternalServerError;
            if (etag is not null && (!exists || etag != entry.ETag.ToString(CultureInfo.InvariantCulture)))
                return StatusCodes.Status409Conflict;
            _state[key] = (item.GetProperty("value").GetRawText(), entry.ETag + 1);
            return StatusCodes.Status204NoContent;
        }
    }

    private Task InvokeAsync(HttpContext context)
    {
        if (Called.TryGetValue($"{context.Request.RouteValues["app"]}/{context.Request.RouteValues["path"]}", out var answer))
            return answer(context);
        context.Response.StatusCode = StatusCodes.Status500InternalServerError;
        return context.Response.WriteAsync("""{"errorCode":"ERR_DIRECT_INVOKE","message":"failed to invoke"}""");
    }
}
