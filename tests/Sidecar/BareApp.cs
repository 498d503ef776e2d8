using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace OrderMall.Sidecar.Tests;

/// <summary>An app on a bare socket, for requests without a body: what it answers is written byte by byte as a test says, and when.</summary>
internal sealed class BareApp(int port) : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, port);
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentQueue<string> _heads = new();
    private readonly ConcurrentBag<Task> _connections = [];
    private Task _accepting = Task.CompletedTask;

    /// <summary>Writes the answer of a path; false ends the connection.</summary>
    public ConcurrentDictionary<string, Func<Stream, Task<bool>>> Answers { get; } = new();

    /// <summary>The requests to those paths, their bytes read as Latin-1.</summary>
    public IReadOnlyCollection<string> Heads => _heads;

    public void Start()
    {
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Dispose();
        await _accepting;
        await Task.WhenAll(_connections);
        _stopping.Dispose();
    }

    public static byte[] Bytes(string latin1) => Encoding.Latin1.GetBytes(latin1);

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _connections.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stopping.Token)));
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(TcpClient connection)
    {
        using var open = connection;
        connection.NoDelay = true;
        using var reader = new StreamReader(connection.GetStream(), Encoding.Latin1);
        try
        {
            while (await ReadHeadAsync(reader) is { } head)
            {
                var path = head.Split(' ')[1];
                if (!Answers.TryGetValue(path, out var answer))
                {
                    // Healthy, and without subscriptions.
                    await connection.GetStream().WriteAsync(Bytes($"HTTP/1.1 {(path.StartsWith("/dapr/", StringComparison.Ordinal) ? 404 : 200)} As asked\r\nContent-Length: 0\r\n\r\n"), _stopping.Token);
                    continue;
                }

                _heads.Enqueue(head);
                if (!await answer(connection.GetStream()))
                    return;
            }
        }
        catch (Exception ended) when (ended is IOException or OperationCanceledException)
        {
            // Whoever asked has gone, or the test is over.
        }
    }

    private async Task<string?> ReadHeadAsync(StreamReader reader)
    {
        var head = new StringBuilder();
        while (await reader.ReadLineAsync(_stopping.Token) is { } line)
        {
            if (line.Length == 0)
                return head.ToString();
            head.Append(line).Append('\n');
        }

        return null;
    }
}
