using System.Net;
using System.Net.Sockets;

namespace OrderMall.Chaos.Ways;

/// <summary>One connection through a relay, and the one behind it that it was passed on to.</summary>
/// <param name="server">Whom the relay connected to.</param>
/// <param name="troubles">What is wrong at the moment.</param>
internal sealed class RelayedConnection(Socket client, Socket server, Func<IReadOnlyList<Trouble>> troubles) : IDisposable
{
    private const int BufferSize = 16 * 1024;
    private const int LargestRequest = 16 * 1024 * 1024;
    // A PostgreSQL session asks several times for what is one request elsewhere.
    private const int SlowerThanBytes = 20;
    private static readonly TimeSpan EchoLimit = TimeSpan.FromSeconds(30);

    private volatile bool _losesAnswer;
    private int _cut;

    /// <summary>Passes requests on one by one, and answers as they come, until one side closes.</summary>
    /// <returns>Whether it was the server.</returns>
    public Task<bool> PassHttpAsync(CancellationToken ct) => PassAsync(PassRequestsAsync(ct), ct);

    /// <summary>Passes bytes on, until one side closes.</summary>
    /// <returns>Whether it was the server.</returns>
    public Task<bool> PassBytesAsync(CancellationToken ct) => PassAsync(PassQuestionsAsync(ct), ct);

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

    private async Task<bool> PassAsync(Task there, CancellationToken ct)
    {
        var back = PassAnswersAsync(ct);
        var first = await Task.WhenAny(there, back);
        if (first.IsFaulted)
            Cut();
        Dispose();
        await Task.WhenAll(there, back).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return first == back;
    }

    private async Task PassRequestsAsync(CancellationToken ct)
    {
        var (buffer, count) = (new byte[BufferSize], 0);
        while (true)
        {
            if (HttpRequestFrame.Read(buffer.AsSpan(0, count)) is { } request)
            {
                var rest = buffer.AsMemory(request.Length, count - request.Length).ToArray();
                await PassAsync(request, buffer.AsMemory(0, request.Length), ct);
                // What is sent again later keeps the old buffer.
                buffer = new byte[Math.Max(BufferSize, rest.Length)];
                rest.CopyTo(buffer, 0);
                count = rest.Length;
                continue;
            }

            if (count == buffer.Length)
                Array.Resize(ref buffer, count < LargestRequest ? count * 2 : throw new InvalidDataException("A request has no end."));
            var read = await client.ReceiveAsync(buffer.AsMemory(count), ct);
            if (read == 0)
                return;
            count += read;
        }
    }

    private async Task PassAsync(HttpRequestFrame request, ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        foreach (var trouble in troubles())
        {
            switch (trouble.Kind)
            {
                case TroubleKind.Slow:
                    await Task.Delay(trouble.Delay, ct);
                    break;
                case TroubleKind.Dropping when trouble.Hits():
                    throw new IOException("dropped");
                case TroubleKind.LosingAnswers when !request.IsProbe && trouble.Hits():
                    _losesAnswer = true;
                    break;
                case TroubleKind.Reordering when request.IsEvent && trouble.Hits():
                    await Task.Delay(trouble.Hold(), ct);
                    break;
                case TroubleKind.Duplicating when request.IsEvent:
                    _ = SendAgainAsync(server.RemoteEndPoint!, bytes, TimeSpan.Zero, ct);
                    _ = SendAgainAsync(server.RemoteEndPoint!, bytes, trouble.Echo(), ct);
                    break;
            }
        }

        await SendAllAsync(server, bytes, ct);
    }

    private async Task PassQuestionsAsync(CancellationToken ct)
    {
        var buffer = new byte[BufferSize];
        while (await client.ReceiveAsync(buffer, ct) is > 0 and var count)
        {
            foreach (var trouble in troubles())
            {
                if (trouble.Kind == TroubleKind.Slow)
                    await Task.Delay(trouble.Delay / SlowerThanBytes, ct);
                else if (trouble.Kind == TroubleKind.Dropping && trouble.Hits())
                    throw new IOException("dropped");
            }

            await SendAllAsync(server, buffer.AsMemory(0, count), ct);
        }
    }

    private async Task PassAnswersAsync(CancellationToken ct)
    {
        var buffer = new byte[BufferSize];
        while (await server.ReceiveAsync(buffer, ct) is > 0 and var count)
        {
            if (_losesAnswer)
            {
                // Half of what came, so that it is sometimes lost as a whole and sometimes in the middle.
                await SendAllAsync(client, buffer.AsMemory(0, count % 2 == 0 ? 0 : count / 2), ct);
                throw new IOException("lost");
            }

            await SendAllAsync(client, buffer.AsMemory(0, count), ct);
        }
    }

    private static async Task SendAgainAsync(EndPoint to, ReadOnlyMemory<byte> bytes, TimeSpan after, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(EchoLimit);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await Task.Delay(after, limit.Token);
            await socket.ConnectAsync(to, limit.Token);
            await SendAllAsync(socket, bytes, limit.Token);
            _ = await socket.ReceiveAsync(new byte[BufferSize], limit.Token);
        }
        catch (Exception gone) when (gone is SocketException or OperationCanceledException)
        {
            // Nobody waits for this answer.
        }
    }

    private static async Task SendAllAsync(Socket to, ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[await to.SendAsync(bytes, ct)..];
    }
}
