using System.Globalization;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using OrderMall.Web.Api;

namespace OrderMall.Web.Session;

/// <summary>
/// Who is signed in, with the tokens, in an encrypted cookie that scripts cannot read. It is all that the screens know of a person between two requests.
/// </summary>
internal static class SessionCookie
{
    private const string AccessToken = "access_token";
    private const string RefreshToken = "refresh_token";
    private const string ExpiresAt = "expires_at";
    private const string BusinessRole = "business_role";

    // Before the gateway refuses it: a page asks for several things.
    private static readonly TimeSpan Early = TimeSpan.FromSeconds(30);

    public static void Configure(CookieAuthenticationOptions cookie)
    {
        cookie.Cookie.Name = "mall";
        cookie.Cookie.HttpOnly = true;
        cookie.Cookie.SameSite = SameSiteMode.Lax;
        cookie.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
        // The refresh token's own life, which begins anew with each refresh.
        cookie.ExpireTimeSpan = TimeSpan.FromDays(14);
        cookie.SlidingExpiration = true;
        cookie.LoginPath = "/sign-in";
        cookie.AccessDeniedPath = "/not-yours";
        cookie.ReturnUrlParameter = "back";
        cookie.Events.OnValidatePrincipal = ValidateAsync;
        cookie.Events.OnRedirectToAccessDenied = LookAgainAsync;
    }

    /// <summary>Signs a person in with new tokens.</summary>
    /// <returns><see langword="false"/> where the gateway does not say whose they are.</returns>
    public static async Task<bool> SignInAsync(HttpContext context, MallClient api, Tokens tokens)
    {
        if ((await api.WhoIsAsync(tokens.AccessToken)).Value is not { } account)
            return false;
        var properties = new AuthenticationProperties { IsPersistent = true };
        Keep(properties, tokens, context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow());
        await context.SignInAsync(CookieAuthenticationDefaults.AuthenticationScheme, Principal(account), properties);
        return true;
    }

    /// <summary>The token to ask the gateway with; <see langword="null"/> where nobody is signed in.</summary>
    public static string? TokenOf(HttpContext? context) =>
        context?.Features.Get<IAuthenticateResultFeature>()?.AuthenticateResult?.Properties?.GetTokenValue(AccessToken);

    /// <summary>Whether somebody is staff of a business, and no owner of it.</summary>
    public static bool IsStaff(ClaimsPrincipal user) => user.FindFirstValue(BusinessRole) == "staff";

    /// <summary>Has the cookie say what its person may do by now.</summary>
    /// <returns>Whether it said something else.</returns>
    public static async Task<bool> LookAgainAsync(HttpContext context)
    {
        if (TokenOf(context) is not { } token || context.Features.Get<IAuthenticateResultFeature>()?.AuthenticateResult?.Properties is not { } properties
            || (await context.RequestServices.GetRequiredService<MallClient>().WhoIsAsync(token)).Value is not { } account)
        {
            return false;
        }

        var now = Principal(account);
        if (Said(now).SetEquals(Said(context.User)))
            return false;
        await context.SignInAsync(CookieAuthenticationDefaults.AuthenticationScheme, now, properties);
        return true;

        static HashSet<(string, string)> Said(ClaimsPrincipal person) => [.. person.Claims.Select(claim => (claim.Type, claim.Value))];
    }

    private static async Task ValidateAsync(CookieValidatePrincipalContext context)
    {
        var (properties, time) = (context.Properties, context.HttpContext.RequestServices.GetRequiredService<TimeProvider>());
        if (!DateTimeOffset.TryParse(properties.GetTokenValue(ExpiresAt), CultureInfo.InvariantCulture, out var expires)
            || properties.GetTokenValue(RefreshToken) is not { } refreshToken)
        {
            context.RejectPrincipal();
            return;
        }

        if (expires - Early > time.GetUtcNow())
            return;
        var refreshed = await context.HttpContext.RequestServices.GetRequiredService<Refreshes>().OnceAsync(refreshToken);
        if (refreshed.Tokens is { } tokens)
        {
            Keep(properties, tokens, refreshed.At);
            // As the person is now: roles may have changed. Who cannot be asked stays who they were.
            if ((await context.HttpContext.RequestServices.GetRequiredService<MallClient>().WhoIsAsync(tokens.AccessToken)).Value is { } account)
                context.ReplacePrincipal(Principal(account));
            context.ShouldRenew = true;
        }
        else if (refreshed.IsOver && HttpMethods.IsGet(context.Request.Method))
        {
            // What was sent is still taken as from who sent it, so that it can be kept until that person has signed in again.
            context.RejectPrincipal();
            await context.HttpContext.SignOutAsync(CookieAuthenticationDefaults.AuthenticationScheme);
        }
    }

    // The cookie has the roles of when it was made: whoever was given one since is admitted, and whoever was not is told so.
    private static async Task LookAgainAsync(RedirectContext<CookieAuthenticationOptions> context)
    {
        var request = context.Request;
        if (HttpMethods.IsGet(request.Method) && await LookAgainAsync(context.HttpContext))
            context.RedirectUri = request.PathBase.ToUriComponent() + request.Path.ToUriComponent() + request.QueryString.ToUriComponent();

        context.Response.Redirect(context.RedirectUri);
    }

    private static void Keep(AuthenticationProperties properties, Tokens tokens, DateTimeOffset since)
    {
        var expires = since + TimeSpan.FromSeconds(tokens.ExpiresIn);
        properties.StoreTokens(
        [
            new() { Name = AccessToken, Value = tokens.AccessToken },
            new() { Name = RefreshToken, Value = tokens.RefreshToken },
            new() { Name = ExpiresAt, Value = expires.ToString("O", CultureInfo.InvariantCulture) },
        ]);
    }

    private static ClaimsPrincipal Principal(Account account) => new(new ClaimsIdentity(
        [
            new(ClaimTypes.NameIdentifier, account.Id), new(ClaimTypes.Name, account.Name), new(ClaimTypes.Email, account.Email),
            .. account.Roles.Select(role => new Claim(ClaimTypes.Role, role)),
            .. account.BusinessId is { } business ? [new Claim(GatewayIdentity.BusinessHeader, business), new Claim(BusinessRole, account.BusinessRole ?? "")] : Array.Empty<Claim>(),
        ],
        CookieAuthenticationDefaults.AuthenticationScheme));
}
