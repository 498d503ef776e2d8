using System.Net;
using System.Net.Sockets;

namespace OrderMall.Postgres;

/// <summary>Free TCP ports on 127.0.0.1.</summary>
internal static class LoopbackPort
{
    // Below what systems give to outgoing connections (from 32768 on Linux, 49152 elsewhere): a service that is
    // stopped for a while must find its port still free when it starts again.
    private const int First = 20_000;
    private const int Last = 32_000;
    private static int _next = Random.Shared.Next(Last - First);

    /// <summary>Finds that many different ports. They are free now; nobody holds them, but this process is not given them again soon.</summary>
    public static int[] Find(int count)
    {
        var found = new HashSet<int>();
        for (var tries = 0; found.Count < count; tries++)
        {
            if (tries == Last - First)
                throw new PostgresClusterException($"There are not {count} free ports between {First} and {Last} on 127.0.0.1.");
            var port = First + (int)((uint)Interlocked.Increment(ref _next) % (Last - First));
            if (IsFree(port))
                found.Add(port);
        }

        return [.. found];
    }

    /// <summary>Whether a server could listen there now.</summary>
    public static bool IsFree(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            socket.Listen(1);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
