using System.Net;
using System.Net.Sockets;
using OrderMall.Postgres;

namespace OrderMall.Mall.Hosting;

/// <summary>
/// The public port of a mall whose gateway is a process of its own. The mall holds it and never takes a connection from it; every
/// gateway inherits it and does. So a gateway can be replaced, and another one die, while people find the door open: who comes in
/// between waits in the queue of the one socket.
/// </summary>
internal sealed class Door : IDisposable
{
    private const int Waiting = 512;
    private readonly Socket socket;

    private Door(Socket socket) => this.socket = socket;

    /// <summary>Whether processes can inherit sockets here.</summary>
    public static bool IsPossible => !OperatingSystem.IsWindows();

    /// <summary>What a gateway finds open.</summary>
    public InheritedDescriptor Descriptor => new((int)socket.Handle, "Mall__ListenDescriptor");

    /// <summary>Opens it: who comes waits until there is a gateway.</summary>
    /// <exception cref="SocketException">The port is taken, or not open to this user.</exception>
    public static Door Open(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            socket.Listen(Waiting);
            return new Door(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public void Dispose() => socket.Dispose();
}
