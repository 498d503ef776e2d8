using System.Net;
using System.Net.Sockets;

namespace OrderMall.Chaos.Relays;

/// <summary>One connection through a relay, and the one to the relay's target.</summary>
internal sealed class RelayedConnection(Socket client, Socket server, Func<IReadOnlyList<NetworkFault>> faults) : IDisposable
{
    private const int BufferSize = 16 * 1024;
    private const int LargestRequest = 16 * 1024 * 1024;
    // A PostgreSQL session asks several times for what is one request elsewhere.
    private const int SlowerThanBytes = 20;
    private static readonly TimeSpan EchoLimit = TimeSpan.FromSeconds(30);

    private volatile bool _losesAnswer;
    private int _cut;

    /// <summary>Forwards requests one by one, and answers as they come, until one side closes.</summary>
    /// <returns>Whether it was the server.</returns>
    public Task<bool> PassHttpAsync(CancellationToken cancellationToken) => PassAsync(PassRequestsAsync(cancellationToken), cancellationToken);

    /// <summary>Forwards bytes, until one side closes.</summary>
    /// <returns>Whether it was the server.</returns>
    public Task<bool> PassBytesAsync(CancellationToken cancellationToken) => PassAsync(PassQuestionsAsync(cancellationToken), cancellationToken);

    /// <summary>Breaks it: both sides see that at once.</summary>
    public void Cut()
    {
        if (Interlocked.Exchange(ref _cut, 1) == 1)
            return;
        Reset(client);
        Reset(server);
    }

    public void Dispose()
    {
        client.Dispose();
        server.Dispose();
    }

    /// <summary>Closes a socket as a process does that is killed.</summary>
    public static void Reset(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(true, 0);
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
        {
        }

        socket.Dispose();
    }

    private async Task<bool> PassAsync(Task there, CancellationToken cancellationToken)
    {
        var back = PassAnswersAsync(cancellationToken);
        var first = await Task.WhenAny(there, back);
        if (first.IsFaulted)
            Cut();
        Dispose();
        await Task.WhenAll(there, back).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return first == back;
    }

    private async Task PassRequestsAsync(CancellationToken cancellationToken)
    {
        var (buffer, count) = (new byte[BufferSize], 0);
        while (true)
        {
            if (HttpRequestFrame.Read(buffer.AsSpan(0, count)) is { } request)
            {
                var rest = buffer.AsMemory(request.Length, count - request.Length).ToArray();
                await PassAsync(request, buffer.AsMemory(0, request.Length), cancellationToken);
                // What is sent again later keeps the old buffer.
                buffer = new byte[Math.Max(BufferSize, rest.Length)];
                rest.CopyTo(buffer, 0);
                count = rest.Length;
                continue;
            }

            if (count == buffer.Length)
                Array.Resize(ref buffer, count < LargestRequest ? count * 2 : throw new InvalidDataException("A request has no end."));
            var read = await client.ReceiveAsync(buffer.AsMemory(count), cancellationToken);
            if (read == 0)
                return;
            count += read;
        }
    }

    private async Task PassAsync(HttpRequestFrame request, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        foreach (var fault in faults())
        {
            switch (fault.Kind)
            {
                case NetworkFaultKind.Slow:
                    await Task.Delay(fault.Delay, cancellationToken);
                    break;
                case NetworkFaultKind.Dropping when fault.Hits():
                    throw new IOException("dropped");
                case NetworkFaultKind.LosingAnswers when !request.IsProbe && fault.Hits():
                    _losesAnswer = true;
                    break;
                case NetworkFaultKind.Reordering when request.IsEvent && fault.Hits():
                    await Task.Delay(fault.Hold(), cancellationToken);
                    break;
                case NetworkFaultKind.Duplicating when request.IsEvent:
                    _ = SendAgainAsync(server.RemoteEndPoint!, bytes, TimeSpan.Zero, cancellationToken);
                    _ = SendAgainAsync(server.RemoteEndPoint!, bytes, fault.Echo(), cancellationToken);
                    break;
            }
        }

        await SendAllAsync(server, bytes, cancellationToken);
    }

    private async Task PassQuestionsAsync(CancellationToken cancellationToken)
    {
        var buffer = new byte[BufferSize];
        while (await client.ReceiveAsync(buffer, cancellationToken) is > 0 and var count)
        {
            foreach (var fault in faults())
            {
                if (fault.Kind == NetworkFaultKind.Slow)
                    await Task.Delay(fault.Delay / SlowerThanBytes, cancellationToken);
                else if (fault.Kind == NetworkFaultKind.Dropping && fault.Hits())
                    throw new IOException("dropped");
            }

            await SendAllAsync(server, buffer.AsMemory(0, count), cancellationToken);
        }
    }

    private async Task PassAnswersAsync(CancellationToken cancellationToken)
    {
        var buffer = new byte[BufferSize];
        while (await server.ReceiveAsync(buffer, cancellationToken) is > 0 and var count)
        {
            if (_losesAnswer)
            {
                // Half of what came, so that it is sometimes lost as a whole and sometimes in the middle.
                await SendAllAsync(client, buffer.AsMemory(0, count % 2 == 0 ? 0 : count / 2), cancellationToken);
                throw new IOException("lost");
            }

            await SendAllAsync(client, buffer.AsMemory(0, count), cancellationToken);
        }
    }

    private static async Task SendAgainAsync(EndPoint to, ReadOnlyMemory<byte> bytes, TimeSpan after, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(EchoLimit);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await Task.Delay(after, limit.Token);
            await socket.ConnectAsync(to, limit.Token);
            await SendAllAsync(socket, bytes, limit.Token);
            _ = await socket.ReceiveAsync(new byte[BufferSize], limit.Token);
        }
        catch (Exception ended) when (ended is SocketException or OperationCanceledException)
        {
            // Nobody waits for this answer.
        }
    }

    private static async Task SendAllAsync(Socket to, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[await to.SendAsync(bytes, cancellationToken)..];
    }
}
