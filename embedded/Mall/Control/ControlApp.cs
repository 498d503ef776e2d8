using System.Security.Cryptography;
using System.Text;
using OrderMall.Contracts;
using OrderMall.ServiceDefaults;
using OrderMall.ServiceDefaults.Api;

namespace OrderMall.Mall.Control;

/// <summary>
/// The app <see cref="AppIds.MallControl"/>: what the gateway forwards operators to. It exists in the embedded mall only,
/// and its sidecar is also the mall's own way to see what other apps can reach.
/// </summary>
internal sealed class ControlApp : IAsyncDisposable
{
    private const string TokenHeader = "dapr-api-token";
    private readonly AppPlan plan;
    private readonly WebApplication app;

    /// <summary>Makes the app; it does not listen yet.</summary>
    /// <param name="plan">Where it is.</param>
    /// <param name="mall">What it controls.</param>
    /// <param name="providerMode">Where the instances of the payment provider take their mode, and the token they want.</param>
    public ControlApp(AppPlan plan, EmbeddedMall mall, Func<(IReadOnlyList<Uri> Addresses, string Token)> providerMode)
    {
        this.plan = plan;
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions
        {
            Args = [$"--urls={plan.Instances[0].GetLeftPart(UriPartial.Authority)}", "--http_ports="],
            ContentRootPath = AppContext.BaseDirectory,
        });
        builder.Logging.ClearProviders();
        builder.Services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, ControlJson.Default));
        builder.Services.AddProblemDetails();
        app = builder.Build();
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        app.MapGet(Probes.Ready, () => "Healthy");
        app.MapGet(Probes.Alive, () => "Healthy");
        var ops = app.MapGroup("/api/ops").AddEndpointFilter(OperatorsOnlyAsync);
        ops.MapServices(mall, app.Lifetime.ApplicationStopping);
        ops.MapPaymentProvider(providerMode);
    }

    public async Task StartAsync(CancellationToken ct)
    {
        await app.StartAsync(ct);
        // Ctrl+C is the mall's to answer, in its order: the lifetime that listens to signals has done its part.
        (app.Services.GetService<IHostLifetime>() as IDisposable)?.Dispose();
    }

    /// <summary>Whether the sidecar passes a call on to that app, as it would any other app's.</summary>
    public async Task<bool> ReachesAsync(string appId, int sidecarPort, HttpClient http, CancellationToken ct)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(AppPlan.At(sidecarPort), $"/v1.0/invoke/{appId}/method{Probes.Alive}"));
            request.Headers.Add(TokenHeader, plan.ApiToken);
            using var response = await http.SendAsync(request, ct);
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    // The gateway has checked the person; a call from any other app, or past the sidecar, is nobody's.
    private async ValueTask<object?> OperatorsOnlyAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var headers = context.HttpContext.Request.Headers;
        if (!CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(headers[TokenHeader].ToString()), Encoding.UTF8.GetBytes(plan.AppToken)))
            return Problems.Of(StatusCodes.Status401Unauthorized, "sign-in", "Sign in first.", "This is reached through the gateway.");
        var isOperator = headers[GatewayIdentity.CallerHeader] == AppIds.Gateway
            && headers[GatewayIdentity.RolesHeader].ToString().Split(',').Contains(Roles.Operator);
        return isOperator
            ? await next(context)
            : Problems.Of(StatusCodes.Status403Forbidden, "forbidden", "Not for you.", "Only an operator may do this.");
    }
}
