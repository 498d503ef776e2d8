using System.Diagnostics;

namespace OrderMall.ServiceDefaults.Dapr;

/// <summary>
/// Connections to the service's own sidecar, with the token on whatever is sent: the SDK takes its token from the process, which
/// services may share, and leaves it out where it asks the sidecar what it can do. Refused there, it would ask again before each
/// publishing.
/// </summary>
internal sealed class SidecarConnections(SidecarEndpoint sidecar) : DelegatingHandler(new ResetConnections(new SocketsHttpHandler
{
    ConnectTimeout = TimeSpan.FromSeconds(2),
    PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
    EnableMultipleHttp2Connections = true,
    UseCookies = false,
    UseProxy = false,
    AllowAutoRedirect = false,
}))
{
    private static readonly string[] TraceHeaders = ["traceparent", "tracestate", "grpc-trace-bin"];

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (sidecar.ApiToken is not null)
        {
            request.Headers.Remove(SidecarEndpoint.TokenHeader);
            request.Headers.TryAddWithoutValidation(SidecarEndpoint.TokenHeader, sidecar.ApiToken);
        }

        // The activity that gRPC puts above HTTP's says the same and is exported by nobody: it is no parent.
        if (Activity.Current is { OperationName: "Grpc.Net.Client.GrpcOut" } call)
            Activity.Current = call.Parent;
        // The SDK puts in who called it; in front of that comes the call itself, which HTTP names where nobody has named another.
        foreach (var header in TraceHeaders)
            request.Headers.Remove(header);
        return base.SendAsync(request, cancellationToken);
    }
}
