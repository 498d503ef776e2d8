using System.Security.Cryptography;
using System.Text;
using Dapr.Client;
using Grpc.Net.Client;
using OrderMall.ServiceDefaults.Api;
using OrderMall.ServiceDefaults.Connections;

namespace OrderMall.ServiceDefaults.Dapr;

/// <summary>Where the service's sidecar is, from the variables that <c>daprd</c> sets for its app.</summary>
/// <param name="ApiToken">What the sidecar wants to see of us (<c>DAPR_API_TOKEN</c>).</param>
/// <param name="AppToken">What we want to see of the sidecar (<c>APP_API_TOKEN</c>).</param>
public sealed record SidecarEndpoint(string AppId, Uri HttpEndpoint, Uri GrpcEndpoint, string? ApiToken, string AppToken)
{
    /// <summary>The header that carries the token, both ways.</summary>
    public const string TokenHeader = "dapr-api-token";

    /// <summary>The pub/sub component, of <c>Dapr:PubSub</c>: on Azure each service has one of its own, with its own identity.</summary>
    public required string PubSub { get; init; }

    /// <summary>The state store component, of <c>Dapr:StateStore</c>.</summary>
    public required string StateStore { get; init; }

    /// <summary>
    /// Whether events come in bulk, of <c>Dapr:BulkSubscribe</c>. Not from <c>daprd</c> on a broker that has no bulks itself, such as Redis: after an
    /// outage of the app it hands out no event any more, and none while one of them is retried (seen with 1.18.3).
    /// </summary>
    public required bool BulkSubscribe { get; init; }

    // Beyond every timeout of components/resiliency.yaml with its retries: those should act first.
    internal static readonly TimeSpan CallTimeLimit = TimeSpan.FromSeconds(12);
}

/// <summary>Connects a service to its sidecar.</summary>
public static class DaprSetup
{
    private const string DefaultPubSub = "pubsub";
    private const string DefaultStateStore = "statestore";

    internal static void AddSidecar(this WebApplicationBuilder builder, string appId)
    {
        var configuration = builder.Configuration;
        var sidecar = new SidecarEndpoint(
            appId,
            At(configuration.GetValue("DAPR_HTTP_PORT", 3500)),
            At(configuration.GetValue<int?>("DAPR_GRPC_PORT")
                ?? throw new InvalidOperationException($"{appId}: DAPR_GRPC_PORT is not set. Start the service beside its sidecar and name the port of the sidecar's gRPC API: events are published and state is kept through it.")),
            configuration["DAPR_API_TOKEN"] is { Length: > 0 } token ? token : null,
            configuration["APP_API_TOKEN"] is { Length: > 0 } appToken
                ? appToken
                : throw new InvalidOperationException($"{appId}: APP_API_TOKEN is not set. Give the service and its sidecar the same secret: without it anybody could call the service past its sidecar."))
        {
            PubSub = configuration["Dapr:PubSub"] is { Length: > 0 } pubsub ? pubsub : DefaultPubSub,
            StateStore = configuration["Dapr:StateStore"] is { Length: > 0 } store ? store : DefaultStateStore,
            BulkSubscribe = configuration.GetValue("Dapr:BulkSubscribe", false),
        };
        builder.Services.AddSingleton(sidecar);
        builder.Services.AddDaprClient(dapr => dapr
            .UseHttpEndpoint(sidecar.HttpEndpoint.ToString())
            .UseGrpcEndpoint(sidecar.GrpcEndpoint.ToString())
            .UseGrpcChannelOptions(new GrpcChannelOptions
            {
                HttpHandler = new SidecarConnections(sidecar),
                DisposeHttpClient = true,
                ThrowOperationCanceledOnCancellation = true,
            }));
        builder.Services.AddSingleton<Invocation>();
        builder.Services.AddSingleton<EventPublisher>();
        builder.Services.AddSingleton(services => new StateStore(services.GetRequiredService<DaprClient>(), sidecar.StateStore));
    }

    /// <summary>Adds the client through which this service calls another; inject it with <c>[FromKeyedServices(appId)]</c>.</summary>
    /// <exception cref="InvalidOperationException">Its configured policy cannot be read.</exception>
    public static void AddServiceClient(this WebApplicationBuilder builder, string appId)
    {
        var policy = CallPolicy.Read(builder.Configuration, appId);
        builder.Services.AddKeyedSingleton(appId, (services, _) =>
            new ServiceClient(appId, InvocationClient(services.GetRequiredService<SidecarEndpoint>(), appId), policy is null ? null : () => policy(services.GetRequiredService<TimeProvider>())));
    }

    /// <summary>
    /// Adds the client through which this service calls one that is no part of the mall, at an address of its own. There is no sidecar
    /// between: its policy is kept here.
    /// </summary>
    /// <param name="appId">What it is called in the mall, and injected by.</param>
    /// <param name="address">With a slash at the end.</param>
    /// <param name="key">What it knows the mall by; sent as bearer token, and told nobody else.</param>
    /// <exception cref="InvalidOperationException">Its configured policy cannot be read.</exception>
    public static void AddExternalClient(this WebApplicationBuilder builder, string appId, Uri address, string key)
    {
        var policy = CallPolicy.Read(builder.Configuration, appId) ?? CallPolicy.External;
        builder.Services.AddKeyedSingleton(appId, (services, _) => new ServiceClient(
            appId,
            ExternalProvider.Client(address, key, SidecarEndpoint.CallTimeLimit),
            () => policy(services.GetRequiredService<TimeProvider>())));
    }

    /// <summary>Refuses every request that does not come through this service's own sidecar.</summary>
    internal static void UseAppToken(this WebApplication app)
    {
        var isFromSidecar = IsFromSidecar(app);
        app.Use((context, next) =>
        {
            if (isFromSidecar(context))
                return next(context);
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return Task.CompletedTask;
        });
    }

    /// <summary>Maps what a service that people reach answers to one other service alone, through the sidecars: to everybody else it is not there.</summary>
    internal static void MapFor(this WebApplication app, string caller, Action<IEndpointRouteBuilder> map)
    {
        var isFromCaller = IsFrom(app, caller);
        app.MapWhen(context => isFromCaller(context), branch => branch.UseRouting().UseEndpoints(map));
    }

    /// <summary>Whether a request comes from one other app, through the sidecars: whatever else it says of itself, anybody could.</summary>
    public static Func<HttpContext, bool> IsFrom(WebApplication app, string caller)
    {
        var isFromSidecar = IsFromSidecar(app);
        return context => isFromSidecar(context) && context.Request.Headers[GatewayIdentity.CallerHeader] == caller;
    }

    // Whoever does not know the token has not come through our sidecar.
    private static Func<HttpContext, bool> IsFromSidecar(WebApplication app)
    {
        var expected = Encoding.UTF8.GetBytes(app.Services.GetRequiredService<SidecarEndpoint>().AppToken);
        return context => CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(context.Request.Headers[SidecarEndpoint.TokenHeader].ToString()), expected);
    }

    // As DaprClient.CreateInvokableHttpClient makes it, but over our own connections: its would go through a proxy, follow redirects and keep cookies.
    private static HttpClient InvocationClient(SidecarEndpoint sidecar, string appId) =>
        new(new InvocationHandler { DaprEndpoint = sidecar.HttpEndpoint.ToString(), DefaultAppId = appId, InnerHandler = new SidecarConnections(sidecar) })
        {
            BaseAddress = new Uri($"http://{appId}"),
            Timeout = SidecarEndpoint.CallTimeLimit,
        };

    private static Uri At(int port) => new($"http://127.0.0.1:{port}/");
}
