using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace OrderMall.Sidecar.Http;

/// <summary>Dapr's HTTP API: finds who calls by the port, checks the token, and hands the request to what it is for.</summary>
internal sealed partial class SidecarApi(
    IReadOnlyDictionary<int, App> callers,
    IReadOnlySet<string>? allowedApis,
    Invoker invoker,
    PublishApi publishing,
    StateApi state,
    MetadataApi metadata)
{
    private const string AppIdName = "dapr-app-id";
    private const string Basic = "Basic ";

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
        var parts = MethodPath.Parts(path);

        // Whoever watches over the process needs no token for this.
        if (parts is ["v1.0", "healthz"] or ["v1.0", "healthz", "outbound"] && HttpMethods.IsGet(http.Request.Method))
        {
            http.Response.StatusCode = StatusCodes.Status204NoContent;
            return Task.CompletedTask;
        }

        if (!AppToken.IsShown(http.Request, caller.Settings.ApiToken))
            return RefuseAsync(http.Response);

        var trace = TraceContext.From(http.Request.Headers.TraceParent).Begin(caller, path);
        http.Response.Headers[HeaderNames.TraceParent] = trace.Child();
        var handling = Route(http, caller, parts, trace) is { } api ? AnswerAsync(http, api)
            : InvokeAsync(http, caller, path, query, trace) ?? NotServedAsync(http, path, parts);
        return trace.Span is null ? handling : trace.EndAfterAsync(handling, http.Response);
    }

    /// <summary>Hands a request to the part of the API that it is for.</summary>
    /// <returns><see langword="null"/> where there is none.</returns>
    private Task? Route(HttpContext http, App caller, List<string> path, TraceContext trace)
    {
        // As in daprd, what is not allowed is as if it were not there.
        if (path.Count < 2 || path[1] is not ("publish" or "state" or "metadata") || !IsAllowed(path[0], path[1]))
            return null;
        // As in Go's query strings, a plus is a space.
        string[] parts = [.. path.Select(part => Uri.UnescapeDataString(part.Replace('+', ' ')))];
        Describe(trace.Span, parts);
        return (http.Request.Method, parts) switch
        {
            ("POST" or "PUT", [_, "publish", "bulk", var pubsub, _, ..]) => publishing.PublishBulkAsync(http, caller, pubsub, string.Join('/', parts[4..]), trace),
            ("POST" or "PUT", ["v1.0", "publish", var pubsub, _, ..]) => publishing.PublishAsync(http, caller, pubsub, string.Join('/', parts[3..]), trace),
            ("POST" or "PUT", ["v1.0", "state", var store]) => state.SaveAsync(http, caller, store),
            ("POST" or "PUT", ["v1.0", "state", var store, "bulk"]) => state.GetBulkAsync(http, caller, store),
            ("POST" or "PUT", ["v1.0", "state", var store, "transaction"]) => state.TransactAsync(http, caller, store),
            ("GET", ["v1.0", "state", var store, var key]) => state.GetAsync(http, caller, store, key),
            ("DELETE", ["v1.0", "state", var store, var key]) => state.DeleteAsync(http, caller, store, key),
            ("GET", ["v1.0", "metadata"]) => metadata.WriteAsync(http, caller),
            _ => null,
        };
    }

    private static async Task AnswerAsync(HttpContext http, Task handling)
    {
        try
        {
            await handling;
        }
        catch (DaprErrorException refused)
        {
            await refused.Error.WriteAsync(http.Response);
        }
    }

    /// <summary>Calls the app that a header, the user of basic authentication or the path names.</summary>
    /// <returns><see langword="null"/> where none does.</returns>
    private Task? InvokeAsync(HttpContext http, App caller, string path, string query, TraceContext trace)
    {
        if (!IsAllowed("v1.0", "invoke"))
            return null;
        var decoded = Uri.UnescapeDataString(path);
        if (http.Request.Headers[AppIdName] is [{ Length: > 0 } named])
            return invoker.InvokeAsync(http, caller, named, decoded, query, trace);
        if (AppIdOf(http.Request.Headers.Authorization) is { } user)
            return invoker.InvokeAsync(http, caller, user, decoded, query, trace);
        return Invocation().Match(decoded) is { Success: true } match
            ? invoker.InvokeAsync(http, caller, Uri.UnescapeDataString(match.Groups["id"].Value), match.Groups["method"].Value, query, trace)
            : null;
    }

    // http://dapr-app-id:APP@host/ as clients send it.
    private static string? AppIdOf(StringValues authorization)
    {
        if (authorization is not [{ } credentials] || !credentials.StartsWith(Basic, StringComparison.Ordinal))
            return null;
        Span<byte> user = stackalloc byte[256];
        return Convert.TryFromBase64String(credentials[Basic.Length..], user, out var length)
            && Encoding.UTF8.GetString(user[..length]).Split(':') is [var name, { Length: > 0 } appId]
            && name.Equals(AppIdName, StringComparison.OrdinalIgnoreCase)
                ? appId
                : null;
    }

    // Slashes may be doubled up to the app id; the id ends at the first "/method/".
    [GeneratedRegex(@"^/+v1\.0/+invoke/+(?<id>[^/].*?)/method(?<method>/.*)$", RegexOptions.Singleline)]
    private static partial Regex Invocation();

    private Task NotServedAsync(HttpContext http, string path, List<string> parts) =>
        parts is [var version, var api, ..] && IsAllowed(version, api) && (Elsewhere.Contains(api) || parts is ["v1.0", "metadata", _] or ["v1.0-alpha1", "state", _, "query"])
            ? UnsupportedAsync(http, path)
            : NoAppIdAsync(http);

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
