using System.Net;
using System.Net.Sockets;

namespace OrderMall.Services.Tests;

/// <summary>A client at another address: all of 127.0.0.0/8 is this machine.</summary>
internal static class Elsewhere
{
    public static HttpClient Client(Uri to, string address) => new(new SocketsHttpHandler
    {
        ConnectCallback = async (context, cancellationToken) =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            socket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
            await socket.ConnectAsync(IPAddress.Loopback, context.DnsEndPoint.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        },
    })
    {
        BaseAddress = to,
    };
}

/// <summary>Skipped where this machine has one address only.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class SeveralAddressesFactAttribute : FactAttribute
{
    public SeveralAddressesFactAttribute() => Skip = OperatingSystem.IsMacOS() ? "comes from several addresses of 127.0.0.0/8, and macOS has one" : null;
}
