using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace OrderMall.ServiceDefaults.Api;

/// <summary>
/// Who a person is, as the gateway tells the services behind it. The headers count only on calls that the sidecar says
/// come from the gateway, which strips them from what people send.
/// </summary>
public static class GatewayIdentity
{
    /// <summary>The Dapr app id of the gateway.</summary>
    public const string GatewayAppId = "gateway";

    /// <summary>The authentication scheme of the services.</summary>
    public const string Scheme = "Gateway";

    /// <summary>The person's id.</summary>
    public const string UserHeader = "X-Mall-User";

    /// <summary>The business that the person belongs to, if there is one, also where the person asks for nobody else.</summary>
    public const string BusinessHeader = "X-Mall-Business";

    /// <summary>The person's roles, separated by commas.</summary>
    public const string RolesHeader = "X-Mall-Roles";

    /// <summary>What the person is called, percent-encoded UTF-8.</summary>
    public const string NameHeader = "X-Mall-Name";

    /// <summary>Every header the gateway alone may set begins like this.</summary>
    public const string HeaderPrefix = "X-Mall-";

    /// <summary>The address of the person whose screens ask: <c>web</c> alone says it to the gateway, which counts limits by it.</summary>
    public const string VisitorHeader = HeaderPrefix + "Visitor";

    /// <summary>Set by the sidecar: which app is calling.</summary>
    public const string CallerHeader = "Dapr-Caller-App-Id";

    /// <summary>The id of the business that the person belongs to, or <see langword="null"/>.</summary>
    public static string? BusinessId(this ClaimsPrincipal user) => user.FindFirstValue(BusinessHeader);

    /// <summary>The id of the person on whose behalf this is.</summary>
    /// <exception cref="InvalidOperationException">Nobody is signed in: the endpoint lacks a role requirement.</exception>
    public static string Id(this ClaimsPrincipal user) =>
        user.FindFirstValue(ClaimTypes.NameIdentifier) ?? throw new InvalidOperationException("Nobody is signed in.");

    /// <summary>What the person on whose behalf this is is called.</summary>
    /// <returns><see langword="null"/> where the gateway does not say.</returns>
    public static string? Name(this ClaimsPrincipal user) => user.FindFirstValue(ClaimTypes.Name);
}

/// <summary>Reads <see cref="GatewayIdentity"/>'s headers.</summary>
internal sealed class GatewayIdentityHandler(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (Request.Headers[GatewayIdentity.CallerHeader] != GatewayIdentity.GatewayAppId
            || Request.Headers[GatewayIdentity.UserHeader].ToString() is not { Length: > 0 } userId)
        {
            return Task.FromResult(AuthenticateResult.NoResult());
        }

        var identity = new ClaimsIdentity(Scheme.Name);
        identity.AddClaim(new Claim(ClaimTypes.NameIdentifier, userId));
        if (Request.Headers[GatewayIdentity.NameHeader].ToString() is { Length: > 0 } name)
            identity.AddClaim(new Claim(ClaimTypes.Name, Uri.UnescapeDataString(name)));
        if (Request.Headers[GatewayIdentity.BusinessHeader].ToString() is { Length: > 0 } business)
            identity.AddClaim(new Claim(GatewayIdentity.BusinessHeader, business));
        foreach (var role in Request.Headers[GatewayIdentity.RolesHeader].ToString().Split(',', StringSplitOptions.RemoveEmptyEntries))
            identity.AddClaim(new Claim(ClaimTypes.Role, role));
        return Task.FromResult(AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), Scheme.Name)));
    }
}
