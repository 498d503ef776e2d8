using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.Net.Http.Headers;

namespace OrderMall.Gateway.Forwarding;

/// <summary>
/// Lets pages of other origins use the API from a browser: those of <c>Gateway:Origins</c>, such as <c>https://shop.example</c>, several separated by commas; none by
/// default. Tokens travel in a header that a page sets itself, so no cookies are allowed.
/// </summary>
internal static class Origins
{
    private const string Key = "Gateway:Origins";
    private const string IdempotencyKeyHeader = "Idempotency-Key";
    private const string PreferHeader = "Prefer";
    private const string LastEventIdHeader = "Last-Event-ID";
    private static readonly TimeSpan PreflightLife = TimeSpan.FromHours(1);

    public static void Add(WebApplicationBuilder builder)
    {
        if (Read(builder.Configuration) is { Length: > 0 } origins)
        {
            builder.Services.AddCors(cors => cors.AddDefaultPolicy(policy => policy.WithOrigins(origins)
                .WithMethods(HttpMethods.Get, HttpMethods.Head, HttpMethods.Post, HttpMethods.Put, HttpMethods.Patch, HttpMethods.Delete)
                .WithHeaders(HeaderNames.Authorization, HeaderNames.ContentType, IdempotencyKeyHeader, PreferHeader, LastEventIdHeader)
                .WithExposedHeaders(HeaderNames.Location, HeaderNames.RetryAfter, "Mall-Unreachable")
                .SetPreflightMaxAge(PreflightLife)));
        }
    }

    // Refusals say it too: a page is to read why, and when to try again.
    public static void Use(WebApplication app)
    {
        if (app.Services.GetService<ICorsService>() is not null)
            app.UseCors();
    }

    /// <exception cref="InvalidOperationException">One is none; the message names the key.</exception>
    private static string[] Read(IConfiguration configuration)
    {
        var origins = (configuration[Key] ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return Array.Find(origins, origin => !IsOrigin(origin)) is not { } wrong ? origins
            : throw new InvalidOperationException($"{Key} has '{wrong}': it must be origins such as https://shop.example, without a path, separated by commas.");
    }

    private static bool IsOrigin(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttps || url.Scheme == Uri.UriSchemeHttp)
        && url is { PathAndQuery: "/", Fragment: "", UserInfo: "" } && !text.EndsWith('/') && !text.Contains('*', StringComparison.Ordinal);
}
