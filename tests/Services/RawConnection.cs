using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace OrderMall.Services.Tests;

/// <summary>A connection on which one says byte for byte what one likes, from any address of this machine.</summary>
internal sealed class RawConnection : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly Socket _socket;
    private readonly NetworkStream _stream;
    private readonly byte[] _one = new byte[1];

    private RawConnection(Socket socket) => (_socket, _stream) = (socket, new NetworkStream(socket));

    /// <param name="from">Of 127.0.0.0/8, where the machine has more than one of them.</param>
    public static async Task<RawConnection> OpenAsync(Uri to, string from = "127.0.0.1")
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (from != "127.0.0.1")
            socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
        await socket.ConnectAsync(IPAddress.Loopback, to.Port);
        return new RawConnection(socket);
    }

    /// <summary>Asks, with a <c>Host</c> and what else is said.</summary>
    public Task AskAsync(string requestLine, string headers = "", string body = "") =>
        SendAsync($"{requestLine} HTTP/1.1\r\nHost: mall\r\n{headers}\r\n{body}");

    public async Task SendAsync(string text)
    {
        using var limit = new CancellationTokenSource(Patience);
        await _stream.WriteAsync(Encoding.UTF8.GetBytes(text), limit.Token);
    }

    /// <summary>The status of the next answer; its body is read too where its length is said.</summary>
    /// <returns>0 where the connection was closed instead.</returns>
    public async Task<int> StatusAsync() => (await AnswerAsync()).Status;

    /// <summary>The next answer.</summary>
    public async Task<(int Status, string Head)> AnswerAsync()
    {
        var head = await HeadAsync();
        if (head == "")
            return (0, "");
        var lines = head.Split("\r\n");
        if (lines.FirstOrDefault(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase)) is { } length)
            await SkipAsync(int.Parse(length.Split(':')[1], CultureInfo.InvariantCulture));
        return (int.Parse(lines[0].Split(' ')[1], CultureInfo.InvariantCulture), head);
    }

    /// <summary>Waits until the other side has closed it.</summary>
    public async Task<bool> IsClosedAsync(TimeSpan within)
    {
        using var limit = new CancellationTokenSource(within);
        try
        {
            while (await _stream.ReadAsync(new byte[1024], limit.Token) > 0)
            {
            }

            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }

    /// <summary>Says that nothing more comes.</summary>
    public void Finish() => _socket.Shutdown(SocketShutdown.Send);

    public void Dispose()
    {
        _stream.Dispose();
        _socket.Dispose();
    }

    private async Task<string> HeadAsync()
    {
        using var limit = new CancellationTokenSource(Patience);
        var head = new StringBuilder();
        try
        {
            while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
            {
                if (await _stream.ReadAsync(_one, limit.Token) == 0)
                    return "";
                head.Append((char)_one[0]);
            }
        }
        catch (IOException)
        {
            return "";
        }

        return head.ToString();
    }

    private async Task SkipAsync(int length)
    {
        using var limit = new CancellationTokenSource(Patience);
        await _stream.ReadExactlyAsync(new byte[length], limit.Token);
    }
}
