using System.Diagnostics;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Metadata;

namespace OrderMall.ServiceDefaults;

/// <summary>Names spans by what was asked: a request by its method and route, a call through the sidecar by whom it asks for what.</summary>
internal static partial class SpanNames
{
    private const string Route = "http.route";
    private const string InvokePrefix = "/v1.0/invoke/";
    private const string MethodMark = "/method/";
    private const string DaprService = "/dapr.proto.runtime.v1.";

    /// <summary>Adds to the span of a request what is known at its end, as .NET 11 does by itself: route, status, and whether it failed.</summary>
    public static void UseSpanNames(this WebApplication app) => app.Use(async (context, next) =>
    {
        if (context.Features.Get<IHttpActivityFeature>()?.Activity is not { Recorded: true } span)
        {
            await next(context);
            return;
        }

        span.DisplayName = context.Request.Method;
        await next(context);
        var status = context.Response.StatusCode;
        span.SetTag("http.response.status_code", status);
        if (status >= StatusCodes.Status500InternalServerError)
            span.SetTag("error.type", $"{status}").SetStatus(ActivityStatusCode.Error);
        // Handling an exception takes the endpoint away.
        var endpoint = context.Features.Get<IExceptionHandlerFeature>()?.Endpoint ?? context.GetEndpoint();
        if (endpoint?.Metadata.GetMetadata<IRouteDiagnosticsMetadata>()?.Route is not { } route)
            return;
        // A route that takes any path says nothing of what was asked.
        route = route.Contains("{**", StringComparison.Ordinal) ? Template(context.Request.Path) : $"/{route.Trim('/')}";
        span.SetTag(Route, route);
        span.DisplayName = $"{context.Request.Method} {route}";
    });

    /// <summary>Names a call of another service, which .NET names by its method alone.</summary>
    public static void Complete(Activity span)
    {
        if (span.Kind != ActivityKind.Client || span.GetTagItem("url.full") is not string url || !Uri.TryCreate(url, UriKind.Absolute, out var uri))
            return;
        var path = uri.AbsolutePath;
        if (path.StartsWith(DaprService, StringComparison.Ordinal))
        {
            span.DisplayName = path[DaprService.Length..];
        }
        else if (path.StartsWith(InvokePrefix, StringComparison.Ordinal) && path.IndexOf(MethodMark, StringComparison.Ordinal) is > 0 and var end)
        {
            var appId = path[InvokePrefix.Length..end];
            span.SetTag("peer.service", appId);
            span.DisplayName = $"{span.GetTagItem("http.request.method")} {appId}{Template(path[(end + MethodMark.Length - 1)..])}";
        }
    }

    // Paths of the mall are made of lower-case words; everything else is an id.
    private static string Template(string path) => NoWord().Replace(path.TrimEnd('/'), "/{id}");

    [GeneratedRegex("/(?![a-z][a-z-]*(?=/|$))[^/]*")]
    private static partial Regex NoWord();
}
