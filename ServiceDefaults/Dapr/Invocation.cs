using System.Net;
using System.Text.Json;

namespace OrderMall.ServiceDefaults.Dapr;

/// <summary>
/// Requests to other services through the sidecar, answered as the service answered, for who passes on what others ask or has to tell
/// answers apart; others use <see cref="ServiceClient"/>. Nothing is repeated, redirected or kept in memory on the way; the caller sets
/// the time limit.
/// </summary>
public sealed class Invocation(SidecarEndpoint sidecar) : IDisposable
{
    private readonly HttpMessageInvoker _http = new(new SidecarConnections(sidecar));

    /// <summary>Begins a request.</summary>
    /// <param name="pathAndQuery">Escaped, without a leading slash.</param>
    public HttpRequestMessage Request(HttpMethod method, string appId, string pathAndQuery) =>
        new(method, new Uri($"{sidecar.HttpEndpoint.GetLeftPart(UriPartial.Authority)}/v1.0/invoke/{appId}/method/{pathAndQuery}"));

    /// <summary>Sends it; returns once the headers of the answer are there.</summary>
    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        _http.SendAsync(request, cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    /// <summary>
    /// Whether an answer is Dapr's own word that the service is unreachable (it is down, unhealthy, unknown, or its circuit is open)
    /// and not the service's. Dapr says so with 500 and an <c>errorCode</c> that begins with <c>ERR_</c>; a service's own 500 is a problem document.
    /// Where a service ended under a call, daprd was also seen to answer 200 with nothing at all, which no service of the mall does.
    /// </summary>
    public static async Task<bool> IsUnreachableAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        const int LongestError = 8 * 1024;
        if (response is { StatusCode: HttpStatusCode.OK, Content.Headers: { ContentLength: 0, ContentType: null } } && response.RequestMessage?.Method != HttpMethod.Head)
            return true;
        if (response.StatusCode != HttpStatusCode.InternalServerError
            || response.Content.Headers.ContentType?.MediaType != "application/json"
            || response.Content.Headers.ContentLength is not (> 0 and <= LongestError))
        {
            return false;
        }

        // Kept in memory: if it is the service's after all, it can still be passed on.
        await response.Content.LoadIntoBufferAsync(cancellationToken);
        return HasDaprErrorCode(await response.Content.ReadAsByteArrayAsync(cancellationToken));
    }

    private static bool HasDaprErrorCode(byte[] body)
    {
        try
        {
            using var error = JsonDocument.Parse(body);
            return error.RootElement.ValueKind == JsonValueKind.Object
                && error.RootElement.TryGetProperty("errorCode", out var code)
                && code.ValueKind == JsonValueKind.String
                && code.GetString()!.StartsWith("ERR_", StringComparison.Ordinal);
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
