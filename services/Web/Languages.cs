using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Localization;
using Microsoft.AspNetCore.WebUtilities;
using OrderMall.Web.Api;

namespace OrderMall.Web;

/// <summary>The languages there are. One is chosen by the switch on every page, else by the browser.</summary>
internal static class Languages
{
    /// <summary>The switch's choice.</summary>
    public const string Cookie = "mall-language";

    /// <summary>Each in its own words.</summary>
    public static readonly IReadOnlyList<(string Code, string Name)> All = [("en", "English"), ("ko", "한국어")];

    // Dates and numbers are written as in a place where the language is spoken.
    private static readonly Dictionary<string, CultureInfo> Cultures = new() { ["en"] = CultureInfo.GetCultureInfo("en-GB"), ["ko"] = CultureInfo.GetCultureInfo("ko-KR") };

    public static string Current => CultureInfo.CurrentUICulture.TwoLetterISOLanguageName;

    public static void Configure(RequestLocalizationOptions options)
    {
        options.SupportedCultures = [.. Cultures.Values];
        options.SupportedUICultures = [.. Cultures.Keys.Select(CultureInfo.GetCultureInfo)];
        options.DefaultRequestCulture = new RequestCulture(Cultures["en"], CultureInfo.GetCultureInfo("en"));
        options.RequestCultureProviders = [new CustomRequestCultureProvider(Choose)];
        options.ApplyCurrentCultureToResponseHeaders = true;
    }

    public static void Map(WebApplication app) => app.MapPost($"{Actions.Prefix}/language/{{code}}", ChooseAsync).WithMetadata(new RequireAntiforgeryTokenAttribute());

    private static async Task<IResult> ChooseAsync(string code, HttpContext context, MallClient api)
    {
        if (!Cultures.ContainsKey(code))
            return TypedResults.NotFound();
        Remember(context, code);
        // Messages are in it too from now on; where that cannot be said now, the pages are.
        if (context.User.Identity?.IsAuthenticated == true)
            await api.SendAsync<ChosenLanguage>(HttpMethod.Put, "notifications/language", new JsonObject { ["language"] = code });
        return TypedResults.LocalRedirect(Back.WithoutOutcome(context.Request.Form["back"]));
    }

    /// <summary>Has the browser come in that language from now on.</summary>
    public static void Remember(HttpContext context, string code) =>
        context.Response.Cookies.Append(Cookie, code, new CookieOptions { MaxAge = TimeSpan.FromDays(365), SameSite = SameSiteMode.Lax, HttpOnly = true, Secure = context.Request.IsHttps, IsEssential = true });

    private static Task<ProviderCultureResult?> Choose(HttpContext context)
    {
        var wanted = context.Request.Cookies[Cookie] is { } chosen && Cultures.ContainsKey(chosen)
            ? chosen
            : context.Request.GetTypedHeaders().AcceptLanguage.OrderByDescending(language => language.Quality ?? 1)
                .Select(language => language.Value.ToString().Split('-')[0].ToLowerInvariant()).FirstOrDefault(Cultures.ContainsKey);
        return Task.FromResult(wanted is null ? null : new ProviderCultureResult(Cultures[wanted].Name, wanted));
    }
}

/// <summary>Where somebody goes back to.</summary>
internal static class Back
{
    /// <summary>An address of these pages, whatever was asked for: links lead nobody elsewhere.</summary>
    public static string Local(string? path) =>
        path is ['/', ..] && path is not ['/', '/' or '\\', ..] && path.All(char.IsAscii) && !path.Any(char.IsControl) && Uri.IsWellFormedUriString(path, UriKind.Relative) ? path : "/";

    /// <summary>The same, with what became of the last thing that was done there.</summary>
    public static string With(string path, string outcome) => $"{path}{(path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}{outcome}";

    /// <summary>The same without what became of the last thing that was done there.</summary>
    public static string WithoutOutcome(string? path)
    {
        var parts = Local(path).Split('?', 2);
        var kept = QueryHelpers.ParseQuery(parts.ElementAtOrDefault(1)).Where(value => value.Key is not ("done" or "failed" or "said" or "draft"));
        return QueryHelpers.AddQueryString(parts[0], kept);
    }
}
