using System.Net.Sockets;

namespace OrderMall.Sidecar.Apps;

/// <summary>Tells of a connection that was reset the moment it was made as of any other that could not be made: .NET 10 lets the socket's own exception through.</summary>
internal sealed class ResetConnections(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return await base.SendAsync(request, cancellationToken);
        }
        catch (SocketException reset)
        {
            throw new HttpRequestException(HttpRequestError.ConnectionError, reset.Message, reset);
        }
    }
}
