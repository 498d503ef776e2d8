using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using OrderMall.Contracts;
using OrderMall.Contracts.Events;
using OrderMall.ServiceDefaults;
using OrderMall.ServiceDefaults.Api;
using OrderMall.ServiceDefaults.Dapr;
using OrderMall.ServiceDefaults.Messaging;

namespace OrderMall.Services.Tests;

/// <summary>A service in this process with an empty database, beside a <see cref="StubSidecar"/>.</summary>
public sealed class RunningService<TService>(ServiceFixture fixture) : IAsyncLifetime
    where TService : IMallService
{
    private const string Token = "app-token";
    // Payments are the demo's; its offers, accounts and limits would stand in the way of the tests' own.
    private static readonly string HasDemo = TService.AppId is AppIds.Catalog or AppIds.Gateway or AppIds.Notification ? "false" : "true";
    private readonly Dictionary<Uri, WebApplication> _replicas = [];

    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public StubSidecar Sidecar { get; } = new();

    /// <summary>The clock of every replica.</summary>
    public ShiftedTime Time { get; } = new();

    /// <summary>Configuration of every replica, as <c>Key=value</c>.</summary>
    public IReadOnlyList<string> Settings { get; init; } = [];

    public string ConnectionString { get; private set; } = "";

    /// <summary>Calls the first replica as its sidecar does.</summary>
    public HttpClient Internal { get; private set; } = null!;

    /// <summary>Warnings and errors of all replicas.</summary>
    public FakeLogCollector Logs { get; } = new();

    /// <summary>What the first replica is made of.</summary>
    public IServiceProvider Services => ServicesOf(Internal.BaseAddress!);

    /// <summary>What a replica is made of.</summary>
    public IServiceProvider ServicesOf(Uri replica) => _replicas[replica].Services;

    /// <summary>What the first replica has mapped.</summary>
    public IReadOnlyList<RouteEndpoint> Endpoints =>
        [.. Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()];

    public async Task InitializeAsync()
    {
        ConnectionString = await fixture.CreateDatabaseAsync(TService.AppId.Replace('-', '_'));
        await Sidecar.StartAsync();
        Internal = Client(await StartReplicaAsync());
    }

    /// <summary>Starts one more replica.</summary>
    /// <param name="settings">Its own configuration, as <c>Key=value</c>.</param>
    /// <returns>Its address.</returns>
    public async Task<Uri> StartReplicaAsync(params IReadOnlyList<string> settings)
    {
        Clocked.Time = Time;
        var app = ServiceHost.Create<Clocked>(
        [
            "--urls", "http://127.0.0.1:0",
            "--DAPR_HTTP_PORT", Sidecar.Port.ToString(System.Globalization.CultureInfo.InvariantCulture),
            "--DAPR_GRPC_PORT", Sidecar.GrpcPort.ToString(System.Globalization.CultureInfo.InvariantCulture),
            "--APP_API_TOKEN", Token,
            $"--ConnectionStrings:{TService.AppId}", ConnectionString,
            "--Mall:Demo", HasDemo,
            "--Logging:LogLevel:Default", "Warning",
            .. Settings,
            .. settings,
        ]);
        app.Services.GetRequiredService<ILoggerFactory>().AddProvider(new FakeLoggerProvider(Logs));
        try
        {
            await app.StartAsync();
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }

        var address = new Uri(app.Urls.First());
        _replicas[address] = app;
        return address;
    }

    /// <summary>Stops a replica as an orchestrator does.</summary>
    public async Task StopReplicaAsync(Uri address)
    {
        _replicas.Remove(address, out var replica);
        await replica!.StopAsync();
        await replica.DisposeAsync();
    }

    /// <summary>Calls as the gateway does for a person.</summary>
    public HttpClient As(string personId, string role, Uri? replica = null)
    {
        var client = Client(replica ?? Internal.BaseAddress!);
        client.DefaultRequestHeaders.Add(GatewayIdentity.CallerHeader, AppIds.Gateway);
        client.DefaultRequestHeaders.Add(GatewayIdentity.UserHeader, personId);
        client.DefaultRequestHeaders.Add(GatewayIdentity.RolesHeader, role);
        return client;
    }

    /// <summary>Delivers an event as the sidecar does.</summary>
    /// <returns>The status the service answered with: <c>SUCCESS</c>, or the HTTP status where it failed.</returns>
    public async Task<string> TryDeliverAsync<T>(string type, T data, string? id = null, Uri? replica = null)
        where T : class, IEvent<T> => Assert.Single(await DeliverAllAsync<T>(type, [Envelope(type, data, id)], replica));

    /// <summary>An event as the sidecar delivers it.</summary>
    public static object Envelope<T>(string type, T data, string? id = null)
        where T : class, IEvent<T> => new { id = id ?? Guid.CreateVersion7().ToString(), source = "test", type, specversion = "1.0", datacontenttype = "application/json", topic = T.TopicOf(type), pubsubname = "pubsub", data };

    /// <summary>Delivers several events at once as the sidecar does.</summary>
    /// <param name="type">One whose topic all of them are of.</param>
    /// <param name="envelopes">CloudEvents.</param>
    /// <returns>The status of each, or the HTTP status of each where the service failed.</returns>
    public async Task<IReadOnlyList<string>> DeliverAllAsync<T>(string type, IReadOnlyList<object> envelopes, Uri? replica = null)
        where T : class, IEvent<T>
    {
        var topic = T.TopicOf(type);
        var entries = envelopes.Select((envelope, i) => new { entryId = $"{i}", @event = envelope, contentType = "application/cloudevents+json" });
        using var content = JsonContent.Create(new { id = "bulk", type = "com.dapr.event.sent.bulk", topic, pubsubname = "pubsub", entries }, options: Json);
        using var response = await Internal.PostAsync(new Uri(replica ?? Internal.BaseAddress!, $"/events/{topic}"), content);
        if (!response.IsSuccessStatusCode)
            return [.. envelopes.Select(_ => $"{(int)response.StatusCode}")];
        var statuses = (await response.Content.ReadFromJsonAsync<JsonElement>(Json)).GetProperty("statuses").EnumerateArray()
            .ToDictionary(status => status.GetProperty("entryId").GetString()!, status => status.GetProperty("status").GetString()!);
        return [.. envelopes.Select((_, i) => statuses[$"{i}"])];
    }

    /// <summary>Delivers an order event that must be handled.</summary>
    public async Task DeliverAsync(string type, OrderEvent order, string? id = null) =>
        Assert.Equal("SUCCESS", await TryDeliverAsync(type, order, id));

    public async Task<TAnswer> AskAsync<TAnswer>(string path, object question, Uri? replica = null)
    {
        using var response = await Internal.PostAsJsonAsync(new Uri(replica ?? Internal.BaseAddress!, path), question, Json);
        Assert.Equal(System.Net.HttpStatusCode.OK, response.StatusCode);
        return (await response.Content.ReadFromJsonAsync<TAnswer>(Json))!;
    }

    /// <summary>Waits until everything that was committed is published.</summary>
    /// <returns>What was published of one order, in order.</returns>
    public async Task<IReadOnlyList<StubSidecar.PublishedEvent>> PublishedAsync(Guid orderId, Uri? replica = null)
    {
        await Eventually.BecomesAsync(true, async () => (await AskAsync<AuditedMessaging>("/audit/messaging", new { }, replica)).Outbox == 0);
        return [.. Sidecar.Published.Where(e => e.Key == orderId.ToString())];
    }

    public async Task DisposeAsync()
    {
        Internal?.Dispose();
        foreach (var replica in _replicas.Keys.ToList())
            await StopReplicaAsync(replica);

        await Sidecar.DisposeAsync();
    }

    /// <summary>The service as it is, on the tests' clock.</summary>
    private sealed class Clocked : IMallService
    {
        [ThreadStatic]
        private static ShiftedTime? _time;

        public static ShiftedTime? Time { set => _time = value; }

        public static string AppId => TService.AppId;

        public static bool IsPublic => TService.IsPublic;

        public static void Configure(WebApplicationBuilder builder)
        {
            TService.Configure(builder);
            builder.Services.AddSingleton<TimeProvider>(_time!);
        }

        public static void UseMiddleware(WebApplication app) => TService.UseMiddleware(app);

        public static void Map(WebApplication app) => TService.Map(app);
    }

    private static HttpClient Client(Uri address)
    {
        var client = new HttpClient { BaseAddress = address, Timeout = TimeSpan.FromSeconds(30) };
        client.DefaultRequestHeaders.Add(SidecarEndpoint.TokenHeader, Token);
        return client;
    }
}
