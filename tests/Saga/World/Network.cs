using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dapr.Client.Autogen.Grpc.v1;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using OrderMall.Contracts;
using OrderMall.ServiceDefaults.Dapr;
using OrderMall.Sidecar.Grpc;

namespace OrderMall.Saga.Tests.World;

/// <summary>
/// The sidecar of every service and the network between them. Events stay in it until a case has them delivered; calls go
/// through at once, except those that meet a fault.
/// </summary>
internal sealed class Network : IAsyncDisposable
{
    /// <summary>The secret between services and their sidecars.</summary>
    public const string AppToken = "app-token";

    private const int MostTogether = 5;
    private readonly WebApplication _app;
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(30) };
    private readonly Lock _lock = new();
    private readonly Dictionary<string, WorldService> _services = [];
    private readonly Dictionary<string, List<(string AppId, string Path)>> _subscribers = [];
    private readonly List<Message> _pending = [];
    private readonly List<EventMessage> _handled = [];
    private readonly List<(int CallsBefore, Fault Fault)> _faults = [];
    private readonly Dictionary<string, bool> _publishFaults = [];
    private readonly List<PublishedEvent> _published = [];
    private readonly List<Guid> _orders = [];

    public Network()
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

    /// <summary>The port of the sidecar's HTTP API.</summary>
    public int HttpPort => new Uri(_app.Urls.First()).Port;

    /// <summary>The port of its gRPC API.</summary>
    public int GrpcPort => new Uri(_app.Urls.Last()).Port;

    /// <summary>What is still to be delivered, oldest first.</summary>
    public IReadOnlyList<Message> Pending => Locked(() => _pending.ToList());

    /// <summary>Events that were handled: they can be delivered again.</summary>
    public IReadOnlyList<EventMessage> Handled => Locked(() => _handled.ToList());

    /// <summary>Everything that was published.</summary>
    public IReadOnlyList<PublishedEvent> Published => Locked(() => _published.ToList());

    /// <summary>The orders that anything was held for, in that order.</summary>
    public IReadOnlyList<Guid> Orders => Locked(() => _orders.ToList());

    /// <summary>How many wait for a slow call, or with a statement.</summary>
    public int Waiting => Locked(() => _pending.Count(message => message is Statement or CallMessage { Waiting: not null }));

    /// <summary>Grows with everything that goes through.</summary>
    public long Traffic { get; private set; }

    public Task StartAsync() => _app.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _http.Dispose();
    }

    /// <summary>Learns what a service subscribes to.</summary>
    public async Task ConnectAsync(WorldService service)
    {
        _services.Add(service.AppId, service);
        using var response = await SendAsync(service.Life, HttpMethod.Get, "dapr/subscribe", null);
        var announced = response is { IsSuccessStatusCode: true } ? await JsonNode.ParseAsync(await response.Content.ReadAsStreamAsync()) : null;
        foreach (var subscription in announced?.AsArray() ?? [])
        {
            var topic = (string)subscription!["topic"]!;
            if (!_subscribers.TryGetValue(topic, out var subscribers))
                _subscribers.Add(topic, subscribers = []);
            subscribers.Add((service.AppId, ((string)subscription["route"]!).TrimStart('/')));
        }
    }

    /// <summary>The call after so many others meets this fault.</summary>
    public void Arm(int callsBefore, Fault fault) => Locked(() => _faults.Add((callsBefore, fault)));

    /// <summary>The next events that a service publishes are refused; taken all the same, or not.</summary>
    public void RefuseToPublish(string appId, bool taken) => Locked(() => _publishFaults[appId] = taken);

    /// <summary>No more faults.</summary>
    public void BeHonest() => Locked(() =>
    {
        _faults.Clear();
        _publishFaults.Clear();
    });

    /// <summary>Nothing has ever happened.</summary>
    public void Forget() => Locked(() =>
    {
        _pending.Clear();
        _handled.Clear();
        _published.Clear();
        _orders.Clear();
    });

    /// <summary>Something waits from now on, until it is delivered.</summary>
    public Task WaitAsync(Life sender)
    {
        var statement = new Statement(sender, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        Locked(() => _pending.Add(statement));
        return statement.Waiting.Task;
    }

    /// <summary>Nobody waits any longer, or only one service does not: who waits for a slow call gives up, though it is still on its way.</summary>
    public void TimeOut(Life? of = null) => Locked(() =>
    {
        foreach (var message in _pending.ToList())
        {
            switch (message)
            {
                case CallMessage { Waiting: { } waiting } call when of is null || call.Caller == of:
                    _pending[_pending.IndexOf(call)] = call with { Waiting = null };
                    waiting.SetResult(null);
                    break;
                case Statement statement when of is null || statement.Sender == of:
                    _pending.Remove(statement);
                    statement.Waiting.SetResult();
                    break;
            }
        }
    });

    /// <summary>Delivers a message. An event whose subscriber does not handle it stays.</summary>
    public async Task DeliverAsync(Message message)
    {
        switch (message)
        {
            case Statement statement when Locked(() => _pending.Remove(statement)):
                statement.Waiting.SetResult();
                break;
            case CallMessage call when Locked(() => _pending.Remove(call)):
                var answer = await ReachAsync(call);
                call.Waiting?.SetResult(call.Caller!.IsOver ? null : answer);
                break;
            case EventMessage e:
                // Every other time with what else waits for the same subscriber.
                await DeliverAsync(Traffic % 2 == 0 ? [e] : Locked(() => _pending.OfType<EventMessage>().Where(other => other.To == e.To && other.Path == e.Path).Prepend(e).Distinct().Take(MostTogether).ToList()));
                break;
        }
    }

    private async Task DeliverAsync(List<EventMessage> together)
    {
        var entries = new JsonArray([.. together.Select((e, i) => new JsonObject { ["entryId"] = $"{i}", ["event"] = JsonNode.Parse(e.Body) })]);
        var body = JsonSerializer.SerializeToUtf8Bytes(new JsonObject { ["type"] = "com.dapr.event.sent.bulk", ["entries"] = entries });
        if (await ReachAsync(together[0] with { Body = body }) is not { Status: StatusCodes.Status200OK } answer)
            return;
        foreach (var status in JsonNode.Parse(answer.Body)!["statuses"]!.AsArray())
        {
            var (e, said) = (together[int.Parse((string)status!["entryId"]!, System.Globalization.CultureInfo.InvariantCulture)], (string?)status["status"]);
            Assert.True(said is "SUCCESS" or "RETRY", $"{e} was not understood: {said}");
            if (said == "SUCCESS")
            {
                Locked(() =>
                {
                    _pending.Remove(e);
                    _handled.Add(e);
                });
            }
        }
    }

    /// <summary>Calls a service that is up, as its sidecar does.</summary>
    /// <returns>Nothing where the service crashed before it answered.</returns>
    public async Task<HttpResponseMessage?> SendAsync(Life life, HttpMethod method, string path, HttpContent? content, params (string Name, string Value)[] headers)
    {
        if (life.IsOver)
            return null;
        using var request = new HttpRequestMessage(method, new Uri(life.Address!, path)) { Content = content };
        request.Headers.Add(SidecarEndpoint.TokenHeader, AppToken);
        foreach (var (name, value) in headers)
            request.Headers.Add(name, value);
        try
        {
            var response = await _http.SendAsync(request);
            if (!life.IsOver)
                return response;
            response.Dispose();
        }
        catch (HttpRequestException) when (life.IsOver)
        {
        }

        return null;
    }

    private async Task<Answer?> ReachAsync(Letter message)
    {
        Locked(() => Traffic++);
        using var content = new ByteArrayContent(message.Body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var response = await SendAsync(_services[message.To].Life, HttpMethod.Post, message.Path, content);
        return response is null
            ? null
            : new Answer((int)response.StatusCode, response.Content.Headers.ContentType?.ToString(), await response.Content.ReadAsByteArrayAsync());
    }

    private async Task InvokeAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        var caller = CallerOf(context.Request.Headers[SidecarEndpoint.TokenHeader]);
        var call = new CallMessage((string)context.Request.RouteValues["app"]!, (string)context.Request.RouteValues["path"]!, body.ToArray(), caller);
        if (caller is not null && await CarryAsync(call) is { } answer && !caller.IsOver)
        {
            context.Response.StatusCode = answer.Status;
            context.Response.ContentType = answer.ContentType;
            await context.Response.Body.WriteAsync(answer.Body);
            return;
        }

        context.Response.StatusCode = StatusCodes.Status500InternalServerError;
        await context.Response.WriteAsync("""{"errorCode":"ERR_DIRECT_INVOKE","message":"failed to invoke"}""");
    }

    private async Task<Answer?> CarryAsync(CallMessage call)
    {
        if (call.Path == "holds")
            Remember(JsonSerializer.Deserialize(call.Body, ContractsJson.Default.HoldRequest)!.OrderId);
        switch (NextFault())
        {
            case Fault.Lost:
                return null;
            case Fault.AnswerLost:
                await ReachAsync(call);
                return null;
            case Fault.Twice:
                await ReachAsync(call);
                return await ReachAsync(call);
            case Fault.Late:
                Locked(() => _pending.Add(call));
                return null;
            case Fault.Slow:
                var waiting = new TaskCompletionSource<Answer?>(TaskCreationOptions.RunContinuationsAsynchronously);
                Locked(() => _pending.Add(call with { Waiting = waiting }));
                return await waiting.Task;
            default:
                return await ReachAsync(call);
        }
    }

    private void Publish(BulkPublishRequest request, string? token)
    {
        var caller = CallerOf(token);
        var (refused, taken) = caller is null ? (true, false) : Locked(() => (_publishFaults.Remove(caller.AppId, out var taken), taken));
        if (!refused || taken)
            Take(request.Topic, request.Entries.Select(entry => JsonNode.Parse(entry.Event.Span)!.AsObject()));
        if (refused)
            throw new RpcException(new Grpc.Core.Status(StatusCode.Internal, "error when publishing"));
    }

    private void Take(string topic, IEnumerable<JsonObject> events) => Locked(() =>
    {
        foreach (var e in events)
        {
            Traffic++;
            var (id, type) = (Guid.Parse((string)e["id"]!), (string)e["type"]!);
            _published.Add(new PublishedEvent(topic, id, type, (string)e["subject"]!, (long)e["data"]!["version"]!));
            e["topic"] = topic;
            e["pubsubname"] = "pubsub";
            var body = JsonSerializer.SerializeToUtf8Bytes(e);
            foreach (var (appId, path) in _subscribers.GetValueOrDefault(topic, []))
                _pending.Add(new EventMessage(appId, path, body, type, id));
        }
    });

    private void Remember(Guid order) => Locked(() =>
    {
        if (!_orders.Contains(order))
            _orders.Add(order);
    });

    private Fault? NextFault() => Locked(() =>
    {
        Fault? fault = null;
        for (var i = _faults.Count - 1; i >= 0; i--)
        {
            var (before, armed) = _faults[i];
            if (before > 0)
            {
                _faults[i] = (before - 1, armed);
                continue;
            }

            fault = armed;
            _faults.RemoveAt(i);
        }

        return fault;
    });

    // Nobody, where the caller has crashed.
    private Life? CallerOf(string? token) =>
        _services.Values.Select(service => service.Life).FirstOrDefault(life => life.Token == token && !life.IsOver);

    private T Locked<T>(Func<T> look)
    {
        lock (_lock)
            return look();
    }

    private void Locked(Action change)
    {
        lock (_lock)
            change();
    }

    private sealed class Runtime(Network network) : DaprRuntimeBase
    {
        public override Task<BulkPublishResponse> BulkPublishEvent(BulkPublishRequest request, ServerCallContext context)
        {
            network.Publish(request, context.RequestHeaders.GetValue(SidecarEndpoint.TokenHeader));
            return Task.FromResult(new BulkPublishResponse());
        }
    }
}
