using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace OrderMall.Chaos.Relays;

/// <summary>
/// Forwards what is sent over one link, as far as no fault is injected. Listens only while its target does: a caller of a process
/// that does not run is refused, as without a relay.
/// </summary>
internal sealed class Relay : IAsyncDisposable
{
    private const int Waiting = 256;
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(50);

    private readonly IPEndPoint _target;
    private readonly bool _isHttp;
    private readonly CancellationTokenSource _closing = new();
    private readonly ConcurrentDictionary<RelayedConnection, Task> _connections = new();
    private readonly Lock _lock = new();
    private readonly Task _running;
    private volatile NetworkFault[] _faults = [];
    private Action _stopListening = static () => { };

    /// <param name="isHttp">Whether it relays HTTP/1.1 requests, one by one, or bytes.</param>
    public Relay(int port, int target, bool isHttp)
    {
        (Port, _target, _isHttp) = (port, new IPEndPoint(IPAddress.Loopback, target), isHttp);
        _running = RunAsync();
    }

    /// <summary>The port on 127.0.0.1 that it listens on.</summary>
    public int Port { get; }

    /// <summary>Injects a fault.</summary>
    public void Begin(NetworkFault fault)
    {
        lock (_lock)
            _faults = [.. _faults, fault];
        if (fault.Kind == NetworkFaultKind.Refusing)
            StopListening();
        if (fault.Kind is NetworkFaultKind.Refusing or NetworkFaultKind.Dropping)
            CutAll();
    }

    /// <summary>Removes a fault.</summary>
    public void End(NetworkFault fault)
    {
        lock (_lock)
            _faults = [.. _faults.Where(other => other != fault)];
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        CutAll();
        await _running;
        await Task.WhenAll(_connections.Values);
        _closing.Dispose();
    }

    private bool Refuses => Array.Exists(_faults, fault => fault.Kind == NetworkFaultKind.Refusing);

    private async Task RunAsync()
    {
        if (IsThere())
            await ListenAsync();
        while (!_closing.IsCancellationRequested)
        {
            if (!Refuses && await ConnectAsync() is { } there)
            {
                there.Dispose();
                await ListenAsync();
            }

            await Task.Delay(LookInterval, _closing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ListenAsync()
    {
        using var listening = CancellationTokenSource.CreateLinkedTokenSource(_closing.Token);
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        lock (_lock)
            _stopListening = listening.Cancel;
        try
        {
            listener.Bind(new IPEndPoint(IPAddress.Loopback, Port));
            listener.Listen(Waiting);
            while (!Refuses)
                _ = ServeAsync(await listener.AcceptAsync(listening.Token));
        }
        catch (Exception over) when (over is OperationCanceledException or SocketException)
        {
        }
        finally
        {
            lock (_lock)
                _stopListening = static () => { };
        }
    }

    private void StopListening()
    {
        lock (_lock)
            _stopListening();
    }

    private async Task ServeAsync(Socket client)
    {
        client.NoDelay = true;
        if (await ConnectAsync() is not { } server)
        {
            RelayedConnection.Reset(client);
            StopListening();
            return;
        }

        using var connection = new RelayedConnection(client, server, () => _faults);
        var passing = _isHttp ? connection.PassHttpAsync(_closing.Token) : connection.PassBytesAsync(_closing.Token);
        _connections[connection] = passing;
        if (Refuses || _closing.IsCancellationRequested)
            connection.Cut();
        var isServersEnd = await passing;
        _connections.TryRemove(connection, out _);
        if (!isServersEnd)
            return;
        // Its process may have ended.
        if (await ConnectAsync() is { } there)
            there.Dispose();
        else
            StopListening();
    }

    // Without waiting: whoever puts a relay before a running process connects next.
    private bool IsThere()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(_target);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private async Task<Socket?> ConnectAsync()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(_target, _closing.Token);
            return socket;
        }
        catch (Exception unreachable) when (unreachable is SocketException or OperationCanceledException)
        {
            socket.Dispose();
            return null;
        }
    }

    private void CutAll()
    {
        foreach (var connection in _connections.Keys)
            connection.Cut();
    }
}
