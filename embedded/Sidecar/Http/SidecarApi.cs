using System.Diagnostics;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace OrderMall.Sidecar;

/// <summary>Dapr's HTTP API: finds who calls by the port, checks the token, and hands the request to what it is for.</summary>
internal sealed class SidecarApi(
    IReadOnlyDictionary<int, App> callers,
    IReadOnlySet<string>? allowedApis,
    Invoker invoker,
    PublishApi publishing,
    StateApi state,
    MetadataApi metadata)
{
    private const string InvokePrefix = "/v1.0/invoke/";
    private const string MethodMark = "/method/";

    // Parts of Dapr's API that the embedded sidecar has not.
    private static readonly string[] Elsewhere =
    [
        "actors", "bindings", "configuration", "conversation", "crypto", "jobs", "job", "lock", "unlock", "reminders",
        "secrets", "shutdown", "subscribe", "unsubscribe", "subtlecrypto", "workflows",
    ];

    public Task HandleAsync(HttpContext http)
    {
        var caller = callers[http.Connection.LocalPort];
        // The raw target, since Kestrel's decoded path cannot be encoded again as the caller wrote it.
        var target = http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        if (!target.StartsWith('/'))
            target = $"{http.Request.Path.ToUriComponent()}{http.Request.QueryString}";
        var mark = target.IndexOf('?', StringComparison.Ordinal);
        var (path, query) = mark < 0 ? (target, "") : (target[..mark], target[mark..]);

        // Whoever watches over the process needs no token for this.
        if (path is ("/v1.0/healthz" or "/v1.0/healthz/outbound") && HttpMethods.IsGet(http.Request.Method))
        {
            http.Response.StatusCode = StatusCodes.Status204NoContent;
            return Task.CompletedTask;
        }

        if (!AppToken.IsShown(http.Request, caller.Settings.ApiToken))
            return RefuseAsync(http.Response);

        var trace = TraceContext.From(http.Request.Headers.TraceParent).Begin(caller, path);
        http.Response.Headers[HeaderNames.TraceParent] = trace.Child();
        var handling = http.Request.Headers.TryGetValue("dapr-app-id", out var appId) && appId is [{ Length: > 0 } named]
            ? IsAllowed("v1.0", "invoke") ? invoker.InvokeAsync(http, caller, named, path, query, trace) : NoAppIdAsync(http)
            : path.StartsWith("/v1.0", StringComparison.Ordinal) ? HandleApiAsync(http, caller, path, query, trace) : NoAppIdAsync(http);
        return trace.Span is null ? handling : trace.EndAfterAsync(handling, http.Response);
    }

    private async Task HandleApiAsync(HttpContext http, App caller, string path, string query, TraceContext trace)
    {
        try
        {
            await RouteAsync(http, caller, path, query, trace);
        }
        catch (DaprErrorException refused)
        {
            await refused.Error.WriteAsync(http.Response);
        }
    }

    private Task RouteAsync(HttpContext http, App caller, string path, string query, TraceContext trace)
    {
        // As in daprd, what is not allowed is as if it were not there.
        if (path.Split('/', 4) is not ["", var version, var name, ..] || !IsAllowed(version, name))
            return NoAppIdAsync(http);
        if (path.StartsWith(InvokePrefix, StringComparison.Ordinal))
        {
            var end = path.IndexOf(MethodMark, InvokePrefix.Length, StringComparison.Ordinal);
            if (end <= InvokePrefix.Length)
                return NoAppIdAsync(http);
            var calleeId = Uri.UnescapeDataString(path[InvokePrefix.Length..end]);
            return invoker.InvokeAsync(http, caller, calleeId, path[(end + MethodMark.Length - 1)..], query, trace);
        }

        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        for (var i = 0; i < parts.Length; i++)
            parts[i] = Uri.UnescapeDataString(parts[i]);
        Describe(trace.Span, parts);
        return (http.Request.Method, parts) switch
        {
            ("POST" or "PUT", [_, "publish", "bulk", var pubsub, .. var topic]) => publishing.PublishBulkAsync(http, caller, pubsub, string.Join('/', topic), trace),
            ("POST" or "PUT", ["v1.0", "publish", var pubsub, .. var topic]) => publishing.PublishAsync(http, caller, pubsub, string.Join('/', topic), trace),
            ("POST" or "PUT", ["v1.0", "state", var store]) => state.SaveAsync(http, caller, store),
            ("POST" or "PUT", ["v1.0", "state", var store, "bulk"]) => state.GetBulkAsync(http, caller, store),
            ("POST" or "PUT", ["v1.0", "state", var store, "transaction"]) => state.TransactAsync(http, caller, store),
            ("GET", ["v1.0", "state", var store, var key]) => state.GetAsync(http, caller, store, key),
            ("DELETE", ["v1.0", "state", var store, var key]) => state.DeleteAsync(http, caller, store, key),
            ("GET", ["v1.0", "metadata"]) => metadata.WriteAsync(http, caller),
            (_, [_, var api, ..]) when Elsewhere.Contains(api) || api is "state" or "publish" or "metadata" => UnsupportedAsync(http, path),
            _ => NoAppIdAsync(http),
        };
    }

    private static void Describe(Activity? span, string[] parts)
    {
        if (span is null)
            return;
        if (parts is [_, "state", var store, ..])
        {
            span.DisplayName = $"/v1.0/state/{store}"; // daprd has the key in it too
            span.SetTag("db.system", "state").SetTag("db.name", store);
        }
        else if (parts is [_, "publish", .., var topic])
        {
            span.SetTag("messaging.system", "pubsub").SetTag("messaging.destination.name", topic);
        }
    }

    private bool IsAllowed(string version, string api) => allowedApis is null || allowedApis.Contains($"{version}/{api}");

    private static Task RefuseAsync(HttpResponse response)
    {
        response.StatusCode = StatusCodes.Status401Unauthorized;
        response.ContentType = "text/plain; charset=utf-8";
        return response.WriteAsync("invalid api token\n");
    }

    private static Task NoAppIdAsync(HttpContext http) =>
        new DaprError(
            StatusCodes.Status404NotFound,
            "ERR_DIRECT_INVOKE",
            "failed getting app id either from the URL path or the header dapr-app-id").WriteAsync(http.Response);

    private static Task UnsupportedAsync(HttpContext http, string path) =>
        new DaprError(
            StatusCodes.Status501NotImplemented,
            "ERR_API_UNIMPLEMENTED",
            $"the embedded sidecar has no {http.Request.Method} {path}; it has service invocation, publish and state. Run with daprd for the rest").WriteAsync(http.Response);
}
