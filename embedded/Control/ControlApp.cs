using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Hosting;
using OrderMall.Contracts;
using OrderMall.ServiceDefaults;
using OrderMall.ServiceDefaults.Api;

namespace OrderMall.Control;

/// <summary>
/// The app <see cref="AppIds.MallControl"/>: what the gateway forwards operators to. It exists where the mall runs on one machine, in
/// the process that opened it, and its sidecar is also that process' own way to see what other apps can reach.
/// </summary>
public sealed class ControlApp : IAsyncDisposable
{
    private const string TokenHeader = "dapr-api-token";
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(5);
    private readonly string _apiToken;
    private readonly string _appToken;
    private readonly WebApplication _app;

    /// <summary>Makes the app; it does not listen yet.</summary>
    /// <param name="apiToken">What its sidecar wants to be called with.</param>
    /// <param name="appToken">What its sidecar calls it with.</param>
    /// <param name="paymentProvider">Where it is, and the token it wants; none where there is no demo.</param>
    public ControlApp(Uri address, string apiToken, string appToken, IMallControl mall, (Uri Address, string Token)? paymentProvider)
    {
        (_apiToken, _appToken) = (apiToken, appToken);
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions
        {
            Args = ["--http_ports="],
            ContentRootPath = AppContext.BaseDirectory,
        });
        // Not by configuration: the environment's addresses are those of the process, not of this app.
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, address.Port));
        builder.Logging.ClearProviders();
        builder.Services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, ControlJson.Default));
        builder.Services.AddProblemDetails();
        _app = builder.Build();
        HeadAsGet.Use(_app);
        _app.UseExceptionHandler();
        _app.UseStatusCodePages();
        _app.MapGet(Probes.Ready, () => "Healthy");
        _app.MapGet(Probes.Alive, () => "Healthy");
        var ops = _app.MapGroup("/api/ops").AddEndpointFilter(OperatorsOnlyAsync);
        ops.MapServices(mall, _app.Lifetime.ApplicationStopping);
        ops.MapPaymentProvider(paymentProvider);
    }

    /// <summary>Begins to listen.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await _app.StartAsync(cancellationToken);
        // Ctrl+C is the mall's to answer, in its order: the lifetime that listens to signals has done its part.
        (_app.Services.GetService<IHostLifetime>() as IDisposable)?.Dispose();
    }

    /// <summary>Whether the sidecar forwards a call to that app, as it would any other app's.</summary>
    public async Task<bool> ReachesAsync(string appId, int sidecarPort, HttpClient http, CancellationToken cancellationToken)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(new Uri($"http://127.0.0.1:{sidecarPort}"), $"/v1.0/invoke/{appId}/method{Probes.Alive}"));
            request.Headers.Add(TokenHeader, _apiToken);
            using var response = await http.SendAsync(request, cancellationToken);
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        // What it waits for ends with it: restarts in flight.
        using var limit = new CancellationTokenSource(StopLimit);
        await _app.StopAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _app.DisposeAsync();
    }

    // The gateway has checked the person; a call from any other app, or past the sidecar, is nobody's.
    private async ValueTask<object?> OperatorsOnlyAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var headers = context.HttpContext.Request.Headers;
        if (!CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(headers[TokenHeader].ToString()), Encoding.UTF8.GetBytes(_appToken)))
            return Problems.Of(StatusCodes.Status401Unauthorized, "sign-in", "Sign in first.", "This is reached through the gateway.");
        var isOperator = headers[GatewayIdentity.CallerHeader] == AppIds.Gateway
            && headers[GatewayIdentity.RolesHeader].ToString().Split(',').Contains(Roles.Operator);
        return isOperator
            ? await next(context)
            : Problems.Of(StatusCodes.Status403Forbidden, "forbidden", "Not for you.", "Only an operator may do this.");
    }
}
