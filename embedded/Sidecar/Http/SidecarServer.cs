using System.Net;
using System.Text;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Abstractions;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;

namespace OrderMall.Sidecar.Http;

/// <summary>
/// Kestrel with one loopback listener per app and nothing in front of the handler: no host, no routing, no middleware.
/// This is what keeps a hop through the sidecar cheap. HTTP/1 and HTTP/2 cannot share a port without TLS, so gRPC has a server of its own.
/// </summary>
internal sealed class SidecarServer : IHttpApplication<DefaultHttpContext>, IDisposable
{
    private readonly KestrelServer _server;
    private readonly RequestDelegate _handler;

    public SidecarServer(IEnumerable<int> ports, HttpProtocols protocols, RequestDelegate handler, ILoggerFactory loggerFactory)
    {
        _handler = handler;
        var options = new KestrelServerOptions { AddServerHeader = false };
        // The API has its own limit with Dapr's answer for what is over it.
        options.Limits.MaxRequestBodySize = null;
        // Byte for byte, whatever encoding a caller's headers are in; so does the client that calls apps.
        options.RequestHeaderEncodingSelector = options.ResponseHeaderEncodingSelector = _ => Encoding.Latin1;
        // Event streams and slow callers are held by the caller's own time limits.
        options.Limits.MinResponseDataRate = null;
        foreach (var port in ports)
            options.Listen(IPAddress.Loopback, port, listener => listener.Protocols = protocols);
        _server = new KestrelServer(
            Options.Create(options),
            new SocketTransportFactory(Options.Create(new SocketTransportOptions()), loggerFactory),
            loggerFactory);
    }

    public Task StartAsync(CancellationToken cancellationToken) => _server.StartAsync(this, cancellationToken);

    /// <summary>Stops listening and waits for requests in flight, until <paramref name="cancellationToken"/> ends the waiting.</summary>
    public Task StopAsync(CancellationToken cancellationToken) => _server.StopAsync(cancellationToken);

    public DefaultHttpContext CreateContext(IFeatureCollection contextFeatures)
    {
        // Kestrel keeps one container per connection, so the context is reused from request to request.
        if (contextFeatures is IHostContextContainer<DefaultHttpContext> container)
        {
            container.HostContext ??= new DefaultHttpContext();
            container.HostContext.Initialize(contextFeatures);
            return container.HostContext;
        }

        return new DefaultHttpContext(contextFeatures);
    }

    public Task ProcessRequestAsync(DefaultHttpContext context) => _handler(context);

    public void DisposeContext(DefaultHttpContext context, Exception? exception) => context.Uninitialize();

    public void Dispose() => _server.Dispose();
}
