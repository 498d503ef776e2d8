using System.Net;
using System.Net.Sockets;

namespace OrderMall.Sidecar.Tests;

internal static class LoopbackPorts
{
    // Below what the system gives to outgoing connections, which could otherwise take one before its server does.
    private const int First = 20_000;
    private const int Count = 12_000;

    private static int _next = Random.Shared.Next(Count);

    /// <summary>Ports that nobody listens on, and that are given to no other test of this run.</summary>
    public static int[] Free(int count) => [.. Candidates().Where(IsFree).Take(count)];

    private static IEnumerable<int> Candidates()
    {
        for (var tried = 0; tried < Count; tried++)
            yield return First + (int)((uint)Interlocked.Increment(ref _next) % Count);
    }

    private static bool IsFree(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
