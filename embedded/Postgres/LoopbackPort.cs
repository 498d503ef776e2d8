using System.Net;
using System.Net.Sockets;

namespace OrderMall.Postgres;

/// <summary>
/// Free TCP ports on 127.0.0.1, for servers that say their address before they listen. Between finding one and listening on it, no other
/// mall on this machine is given it: a process takes them from blocks of its own, and holds a block by listening on its first port.
/// </summary>
public static class LoopbackPort
{
    // Below what systems give to outgoing connections (from 32768 on Linux, 49152 elsewhere): a service that is
    // stopped for a while must find its port still free when it starts again.
    private const int First = 20_000;
    private const int Last = 32_000;
    private const int Block = 100;

    // More than any mall needs. What goes on finding ports, as tests do, gives back the block that it took first.
    private const int MostBlocks = 5;

    private static readonly Lock Taking = new();
    private static readonly Queue<Socket> Blocks = new();
    private static int _next;
    private static int _end;

    /// <summary>Finds that many different ports. They are free now, and neither this process nor another mall is given them again soon.</summary>
    /// <exception cref="PostgresClusterException">There are not as many.</exception>
    public static int[] Find(int count)
    {
        var found = new List<int>(count);
        lock (Taking)
        {
            for (var tries = 0; found.Count < count; tries++)
            {
                if (tries == Last - First)
                    throw NotEnough(count);
                if (_next == _end)
                    TakeBlock(count);
                if (IsFree(_next++))
                    found.Add(_next - 1);
            }
        }

        return [.. found];
    }

    /// <summary>Whether a server could listen there now.</summary>
    public static bool IsFree(int port)
    {
        using var socket = Listen(port);
        return socket is not null;
    }

    private static void TakeBlock(int count)
    {
        var start = Random.Shared.Next(First, Last) / Block * Block;
        for (var i = 0; i < Last - First; i += Block)
        {
            var block = First + ((start - First + i) % (Last - First));
            if (Listen(block) is not { } held)
                continue;
            Blocks.Enqueue(held);
            if (Blocks.Count > MostBlocks)
                Blocks.Dequeue().Dispose();
            (_next, _end) = (block + 1, block + Block);
            return;
        }

        throw NotEnough(count);
    }

    private static Socket? Listen(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            socket.Listen(1);
            return socket;
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }
    }

    private static PostgresClusterException NotEnough(int count) => new($"There are not {count} free ports between {First} and {Last} on 127.0.0.1.");
}
