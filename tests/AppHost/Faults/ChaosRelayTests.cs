using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using OrderMall.Chaos.Relays;
using OrderMall.Postgres;

namespace OrderMall.AppHost.Tests.Faults;

/// <summary>The relays that a chaos run puts on every link between processes: they inject the faults asked for, and none else.</summary>
[Collection(AloneCollection.Name)]
public sealed class ChaosRelayTests : IAsyncLifetime
{
    private static readonly TimeSpan Arrival = TimeSpan.FromMilliseconds(250);

    private readonly int _target = LoopbackPort.Find(1)[0];
    private readonly ConcurrentQueue<string> _received = new();
    private readonly TaskCompletionSource _streaming = new();
    private readonly HttpClient _http;
    private readonly Relay _relay;
    private WebApplication? _server;

    public ChaosRelayTests()
    {
        _relay = new Relay(LoopbackPort.Find(1)[0], _target, isHttp: true);
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri($"http://127.0.0.1:{_relay.Port}"), Timeout = TimeSpan.FromSeconds(20) };
    }

    public Task InitializeAsync() => StartAsync();

    public async Task DisposeAsync()
    {
        _http.Dispose();
        _streaming.TrySetResult();
        await StopAsync();
        await _relay.DisposeAsync();
    }

    [Fact]
    public async Task Without_a_fault_every_request_arrives_once_and_is_answered()
    {
        foreach (var number in Enumerable.Range(0, 20))
            Assert.Equal($"\"{number}\"", await SendAsync("/calls", $"{number}"));
        using var large = await _http.PostAsync("/calls", new ByteArrayContent(new byte[100_000]));

        Assert.Equal(100_000, (await large.Content.ReadAsByteArrayAsync()).Length);
        Assert.Equal(21, _received.Count);
    }

    [Fact]
    public async Task A_stream_comes_as_it_is_written()
    {
        using var response = await _http.GetAsync("/stream", HttpCompletionOption.ResponseHeadersRead);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync());

        Assert.Equal("first", await lines.ReadLineAsync());
        _streaming.SetResult();
        Assert.Equal("second", await lines.ReadLineAsync());
    }

    [Fact]
    public async Task Who_calls_a_process_that_is_not_there_is_refused_until_it_is()
    {
        await SendAsync("/calls", "before");

        await StopAsync();
        await IsRefusedAsync();
        await StartAsync();

        await IsServedAsync();
    }

    [Fact]
    public async Task While_it_refuses_nobody_listens()
    {
        var fault = Begin(NetworkFaultKind.Refusing);
        await IsRefusedAsync();
        _relay.End(fault);

        await IsServedAsync();
    }

    [Fact]
    public async Task An_event_comes_three_times_and_anything_else_once()
    {
        Begin(NetworkFaultKind.Duplicating);

        await SendAsync("/events/orders", "an event");
        await SendAsync("/calls", "a call");

        await Eventually.Is(4, () => Task.FromResult(_received.Count));
        Assert.Equal(["a call", "an event", "an event", "an event"], _received.Order());
    }

    [Fact]
    public async Task Events_overtake_each_other_and_all_arrive()
    {
        Begin(NetworkFaultKind.Reordering);
        var events = Enumerable.Range(0, 30).Select(number => $"{number:00}").ToList();

        // The next when the one before has arrived or is held back: by themselves they would come in order.
        var sent = new List<Task>();
        foreach (var number in events)
        {
            sent.Add(SendAsync("/events/orders", number));
            await Task.WhenAny(sent[^1], Task.Delay(Arrival));
        }

        await Task.WhenAll(sent);

        Assert.NotEqual(events, _received);
        Assert.Equal(events, _received.Order());
    }

    [Fact]
    public async Task What_loses_answers_loses_no_request()
    {
        Begin(NetworkFaultKind.LosingAnswers);
        var lost = 0;

        foreach (var number in Enumerable.Range(0, 40))
        {
            try
            {
                await SendAsync("/calls", $"{number}");
            }
            catch (HttpRequestException)
            {
                lost++;
            }
        }

        Assert.InRange(lost, 1, 39);
        Assert.Equal(40, _received.Distinct().Count());
    }

    [Fact]
    public async Task What_drops_connections_loses_some_requests()
    {
        Begin(NetworkFaultKind.Dropping);
        var lost = 0;

        foreach (var number in Enumerable.Range(0, 60))
        {
            try
            {
                await SendAsync("/calls", $"{number}");
            }
            catch (HttpRequestException)
            {
                lost++;
            }
        }

        Assert.InRange(lost, 1, 59);
        Assert.Equal(60 - lost, _received.Count);
    }

    [Fact]
    public async Task What_is_slow_takes_its_time()
    {
        Begin(NetworkFaultKind.Slow, TimeSpan.FromMilliseconds(300));
        var took = System.Diagnostics.Stopwatch.StartNew();

        await SendAsync("/calls", "a call");

        Assert.True(took.Elapsed >= TimeSpan.FromMilliseconds(290), $"It took {took.Elapsed}.");
    }

    private NetworkFault Begin(NetworkFaultKind kind, TimeSpan delay = default)
    {
        var fault = new NetworkFault(kind, delay, seed: 1);
        _relay.Begin(fault);
        return fault;
    }

    // As services call each other: the body in chunks.
    private async Task<string> SendAsync(string path, string text)
    {
        using var response = await _http.PostAsJsonAsync(path, text);
        return await response.Content.ReadAsStringAsync();
    }

    private Task IsRefusedAsync() => Eventually.Is(SocketError.ConnectionRefused, async () =>
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync("127.0.0.1", _relay.Port);
            return SocketError.Success;
        }
        catch (SocketException failed)
        {
            return failed.SocketErrorCode;
        }
    });

    private Task IsServedAsync() => Eventually.Is("\"again\"", async () =>
    {
        try
        {
            return await SendAsync("/calls", "again");
        }
        catch (HttpRequestException failed)
        {
            return failed.Message;
        }
    });

    private async Task StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder(["--urls", $"http://127.0.0.1:{_target}"]);
        builder.Logging.ClearProviders();
        _server = builder.Build();
        _server.MapPost("/{**path}", async (HttpContext context) =>
        {
            using var body = new StreamReader(context.Request.Body);
            var text = await body.ReadToEndAsync();
            _received.Enqueue(text.Trim('"'));
            return Results.Text(text);
        });
        _server.MapGet("/stream", async (HttpContext context) =>
        {
            await context.Response.WriteAsync("first\n");
            await context.Response.Body.FlushAsync();
            await _streaming.Task;
            await context.Response.WriteAsync("second\n");
        });
        await _server.StartAsync();
        await Eventually.Is(true, async () =>
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            return await socket.ConnectAsync("127.0.0.1", _relay.Port).ContinueWith(connected => connected.IsCompletedSuccessfully, TaskScheduler.Default);
        });
    }

    private async Task StopAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
    }
}
