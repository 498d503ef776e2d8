using System.Collections.Frozen;
using System.Globalization;
using System.Net.Http.Headers;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace OrderMall.Sidecar.Invocation;

/// <summary>Forwards headers in both directions, without those that belong to one connection or to the sidecar.</summary>
internal static class RelayedHeaders
{
    private static readonly FrozenSet<string> Withheld = new[]
    {
        HeaderNames.Connection, HeaderNames.KeepAlive, HeaderNames.ProxyAuthenticate, HeaderNames.ProxyAuthorization,
        HeaderNames.ProxyConnection, HeaderNames.TE, HeaderNames.Trailer, HeaderNames.TransferEncoding, HeaderNames.Upgrade, "HTTP2-Settings",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    private static readonly FrozenSet<string> WithheldFromApp = Withheld.Concat(
    [
        HeaderNames.Host, HeaderNames.Expect, HeaderNames.ContentLength, HeaderNames.TraceParent, AppToken.Header,
        "dapr-app-id", "dapr-caller-app-id", "dapr-callee-app-id", "dapr-caller-namespace",
    ]).ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    private static readonly string Forwarded = $"for=127.0.0.1;by=127.0.0.1;host={Environment.MachineName}";

    public static void ToApp(HttpRequest from, HttpRequestMessage to, App caller, App callee)
    {
        var named = NamedBy(from.Headers.Connection);
        foreach (var (name, values) in from.Headers)
        {
            if (WithheldFromApp.Contains(name) || named.Contains(name, StringComparer.OrdinalIgnoreCase))
                continue;
            if (values.Count == 1)
                AddOne(to, name, values.ToString());
            else
                AddMany(to, name, values);
        }

        to.Headers.TryAddWithoutValidation("Dapr-Caller-App-Id", caller.AppId);
        to.Headers.TryAddWithoutValidation("Dapr-Callee-App-Id", callee.AppId);
        to.Headers.TryAddWithoutValidation("Dapr-Caller-Namespace", "default");
        to.Headers.TryAddWithoutValidation("X-Forwarded-For", "127.0.0.1");
        to.Headers.TryAddWithoutValidation("X-Forwarded-Host", Environment.MachineName);
        to.Headers.TryAddWithoutValidation("Forwarded", Forwarded);
        AppToken.AddTo(to, callee);
    }

    public static void ToCaller(HttpResponseMessage from, HttpRequest request, HttpResponse to)
    {
        var named = NamedBy(from.Headers.NonValidated.TryGetValues(HeaderNames.Connection, out var connection) ? new StringValues([.. connection]) : StringValues.Empty);
        Copy(from.Headers.NonValidated, named, to);
        Copy(from.Content.Headers.NonValidated, named, to);
        // Dapr gives a caller's baggage and trace state back with the answer.
        Echo(request, to, HeaderNames.Baggage);
        Echo(request, to, HeaderNames.TraceState);
    }

    private static void Copy(HttpHeadersNonValidated from, string[] named, HttpResponse to)
    {
        foreach (var (name, values) in from)
        {
            if (Withheld.Contains(name) || named.Contains(name, StringComparer.OrdinalIgnoreCase) || name.Equals(HeaderNames.TraceParent, StringComparison.OrdinalIgnoreCase))
                continue;
            if (name.Equals(HeaderNames.ContentLength, StringComparison.OrdinalIgnoreCase))
                to.ContentLength = long.Parse(values.ToString(), CultureInfo.InvariantCulture);
            else
                to.Headers[name] = values.Count == 1 ? new StringValues(values.ToString()) : new StringValues([.. values]);
        }
    }

    // Headers that belong to one connection because its Connection header says so. Of a caller's that says close too, Kestrel keeps nothing else.
    private static string[] NamedBy(StringValues connection) =>
        connection.Count == 0 ? [] : connection.ToString().Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private static void Echo(HttpRequest request, HttpResponse response, string name)
    {
        if (request.Headers.TryGetValue(name, out var value) && !response.Headers.ContainsKey(name))
            response.Headers[name] = value;
    }

    private static void AddOne(HttpRequestMessage to, string name, string value)
    {
        if (!to.Headers.TryAddWithoutValidation(name, value))
            ContentOf(to).Headers.TryAddWithoutValidation(name, value);
    }

    private static void AddMany(HttpRequestMessage to, string name, IEnumerable<string?> values)
    {
        if (!to.Headers.TryAddWithoutValidation(name, values))
            ContentOf(to).Headers.TryAddWithoutValidation(name, values);
    }

    // .NET ties some headers to a body, and HTTP does not: a Content-Type may come without one.
    private static HttpContent ContentOf(HttpRequestMessage request) => request.Content ??= new ByteArrayContent([]);
}
