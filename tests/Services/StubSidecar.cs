using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Dapr.Client.Autogen.Grpc.v1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using OrderMall.Sidecar.Grpc;

namespace OrderMall.Services.Tests;

/// <summary>
/// What a service needs of a sidecar: remembers what is published, keeps state in memory with ETags as Redis does, and
/// answers invocations as a test says.
/// </summary>
public sealed class StubSidecar : IAsyncDisposable
{
    private const string Rebuild = "rebuild";
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<PublishedEvent> _published = new();
    private readonly Dictionary<string, (Google.Protobuf.ByteString Value, int ETag)> _state = [];
    private readonly Lock _lock = new();
    private int _publishCalls;
    private int _reads;
    private int _writes;

    public StubSidecar()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, endpoint => endpoint.Protocols = HttpProtocols.Http1);
            kestrel.Listen(IPAddress.Loopback, 0, endpoint => endpoint.Protocols = HttpProtocols.Http2);
        });
        builder.Logging.ClearProviders();
        builder.Services.AddDaprRuntime(new Runtime(this));
        _app = builder.Build();
        _app.MapDaprRuntime<Runtime>();
        _app.Map("/v1.0/invoke/{app}/method/{**path}", InvokeAsync);
    }

    public sealed record PublishedEvent(string Topic, string Id, string Type, string Key, JsonElement Data);

    /// <summary>Of the HTTP API.</summary>
    public int Port => new Uri(_app.Urls.First()).Port;

    /// <summary>Of the gRPC API.</summary>
    public int GrpcPort => new Uri(_app.Urls.Last()).Port;

    public IReadOnlyCollection<PublishedEvent> Published => _published;

    /// <summary>How called services answer of which <see cref="Called"/> says nothing: not at all, as Dapr says it.</summary>
    public RequestDelegate OtherwiseCalled { get; set; } = context =>
    {
        context.Response.StatusCode = StatusCodes.Status500InternalServerError;
        return context.Response.WriteAsync("""{"errorCode":"ERR_DIRECT_INVOKE","message":"failed to invoke"}""");
    };

    /// <summary>How the called services answer, by <c>app/path</c>.</summary>
    public ConcurrentDictionary<string, RequestDelegate> Called { get; } = new();

    /// <summary>Fails a write of such a key when it says so.</summary>
    public Func<string, bool> FailsToWrite { get; set; } = _ => false;

    /// <summary>No key is read until it opens.</summary>
    public Task ReadGate { get; set; } = Task.CompletedTask;

    /// <summary>Calls that come are not answered until it opens, and nothing is published.</summary>
    public Task PublishGate { get; set; } = Task.CompletedTask;

    /// <summary>How often anything was to be published.</summary>
    public int PublishCalls => _publishCalls;

    /// <summary>State calls so far, but for those about <c>rebuild</c>: how far pages are made again is looked at now and then.</summary>
    public (int Reads, int Writes) StateCalls => (_reads, _writes);

    /// <summary>Loses every key.</summary>
    public void ForgetState()
    {
        lock (_lock)
            _state.Clear();
    }

    /// <summary>What is kept under a key.</summary>
    public string StateOf(string key)
    {
        lock (_lock)
            return _state[key].Value.ToStringUtf8();
    }

    public Task StartAsync() => _app.StartAsync();

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private void Publish(BulkPublishRequest request)
    {
        foreach (var entry in request.Entries)
        {
            var e = JsonSerializer.Deserialize<JsonElement>(entry.Event.Span);
            _published.Enqueue(new PublishedEvent(
                request.Topic,
                e.GetProperty("id").GetString()!,
                e.GetProperty("type").GetString()!,
                e.GetProperty("subject").GetString()!,
                e.GetProperty("data")));
        }
    }

    private async Task<BulkStateItem> ReadAsync(string key)
    {
        await ReadGate;
        lock (_lock)
        {
            return _state.TryGetValue(key, out var entry)
                ? new BulkStateItem { Key = key, Data = entry.Value, Etag = entry.ETag.ToString(CultureInfo.InvariantCulture) }
                : new BulkStateItem { Key = key };
        }
    }

    private void Save(StateItem item)
    {
        if (FailsToWrite(item.Key))
            throw Refused(StatusCode.Internal);
        lock (_lock)
        {
            var exists = _state.TryGetValue(item.Key, out var entry);
            // As Redis: creating what exists is no conflict but an error.
            if (item.Etag is null && exists)
                throw Refused(StatusCode.Internal);
            if (item.Etag is not null && (!exists || item.Etag.Value != entry.ETag.ToString(CultureInfo.InvariantCulture)))
                throw Refused(StatusCode.Aborted);
            _state[item.Key] = (item.Value, entry.ETag + 1);
        }
    }

    private static RpcException Refused(StatusCode code) => new(new Grpc.Core.Status(code, "failed saving state"));

    private Task InvokeAsync(HttpContext context) =>
        Called.GetValueOrDefault($"{context.Request.RouteValues["app"]}/{context.Request.RouteValues["path"]}", OtherwiseCalled)(context);

    private sealed class Runtime(StubSidecar stub) : DaprRuntimeBase
    {
        public override async Task<BulkPublishResponse> BulkPublishEvent(BulkPublishRequest request, ServerCallContext context)
        {
            var gate = stub.PublishGate;
            Interlocked.Increment(ref stub._publishCalls);
            await gate;
            stub.Publish(request);
            return new BulkPublishResponse();
        }

        public override async Task<GetStateResponse> GetState(GetStateRequest request, ServerCallContext context)
        {
            if (request.Key != Rebuild)
                Interlocked.Increment(ref stub._reads);
            var item = await stub.ReadAsync(request.Key);
            return new GetStateResponse { Data = item.Data, Etag = item.Etag };
        }

        public override async Task<GetBulkStateResponse> GetBulkState(GetBulkStateRequest request, ServerCallContext context)
        {
            Interlocked.Increment(ref stub._reads);
            return new GetBulkStateResponse { Items = { await Task.WhenAll(request.Keys.Select(stub.ReadAsync)) } };
        }

        public override Task<Empty> SaveState(SaveStateRequest request, ServerCallContext context)
        {
            if (request.States.Any(item => item.Key != Rebuild))
                Interlocked.Increment(ref stub._writes);
            // As Redis: each by itself, and one that is refused is told for all.
            RpcException? refused = null;
            foreach (var item in request.States)
            {
                try
                {
                    stub.Save(item);
                }
                catch (RpcException refusal)
                {
                    refused = refusal;
                }
            }

            return refused is null ? Task.FromResult(new Empty()) : Task.FromException<Empty>(refused);
        }
    }
}
