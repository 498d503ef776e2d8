using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;

namespace OrderMall.ServiceDefaults.Connections;

/// <summary>
/// How many connections there may be, in all and from one address, and what one may take. At a limit the connection that has waited longest
/// for a request makes room; where all have one in flight, the new connection is closed unanswered. So nobody shuts others out by being idle.
/// </summary>
/// <remarks>The connections of known proxies count in all only: behind one of them is everybody.</remarks>
public sealed partial class ConnectionLimits(ConnectionLimits.Most most, KnownProxies proxies, TimeProvider time, ILogger<ConnectionLimits> logger)
{
    private const int DefaultTotal = 10_000;
    private const int DefaultPerAddress = 500;

    /// <summary>How long all headers of a request may take: of the first from the connection on, of others from their first byte on.</summary>
    public static readonly TimeSpan HeadersTime = TimeSpan.FromSeconds(10);

    private readonly int _total = most.InAll;
    private readonly int _perAddress = most.PerAddress;
    private readonly ThrottledLog _refusals = new(time);
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (int Open, LinkedList<Visit> Idle)> _addresses = [];
    private readonly LinkedList<Visit> _idle = [];
    private int _open;

    /// <summary>
    /// Puts the limits on every address that a service listens on for people, and has requests come from whom <see cref="KnownProxies"/> say, before
    /// anything is asked of them. Comes before the addresses are said.
    /// </summary>
    /// <param name="isInside">Which addresses are not for people.</param>
    /// <exception cref="InvalidOperationException">A setting is wrong; the message names the key.</exception>
    public static void Add(WebApplicationBuilder builder, Keys keys, Func<IPEndPoint?, bool>? isInside = null)
    {
        builder.Services.AddSingleton(new KnownProxies(builder.Configuration, keys.Proxies));
        builder.Services.AddSingleton(new Most(
            Positive(builder.Configuration, keys.Total, DefaultTotal, of: "connections"), Positive(builder.Configuration, keys.PerAddress, DefaultPerAddress, of: "connections")));
        builder.Services.AddSingleton<ConnectionLimits>();
        builder.Services.AddSingleton<IStartupFilter, Requests>();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.RequestHeadersTimeout = HeadersTime;
            kestrel.ConfigureEndpointDefaults(endpoint =>
            {
                if (isInside?.Invoke(endpoint.IPEndPoint) == true)
                    return;
                var limits = endpoint.ApplicationServices.GetRequiredService<ConnectionLimits>();
                endpoint.Use(next => connection => limits.PassAsync(connection, next));
            });
        });
    }

    /// <summary>What counts as one address. Whoever has one IPv6 address has the whole /64 around it.</summary>
    public static string AddressOf(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        return address.AddressFamily == AddressFamily.InterNetworkV6
            ? Convert.ToHexString(address.GetAddressBytes().AsSpan(0, 8))
            : address.ToString();
    }

    /// <summary>A limit that a setting says.</summary>
    /// <exception cref="InvalidOperationException">The setting is no such number; the message names the key.</exception>
    public static int Positive(IConfiguration configuration, string key, int otherwise, string of = "requests") =>
        configuration[key] is not { Length: > 0 } text ? otherwise
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? number
        : throw new InvalidOperationException($"{key} is '{text}': it must be a whole number of {of}, at least 1.");

    private async Task PassAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        if (Enter(connection) is not { } visit)
        {
            if (_refusals.Count() is { } count)
                LogRefused(_total, _perAddress, count);
            return;
        }

        connection.Features.Set(visit);
        // Kestrel's own limit begins with the first byte.
        connection.Features.Get<IConnectionHeartbeatFeature>()?.OnHeartbeat(state => ((Visit)state).CloseIfSilent(), visit);
        try
        {
            await next(connection);
        }
        finally
        {
            lock (_lock)
                Leave(visit);
        }
    }

    private Visit? Enter(ConnectionContext connection)
    {
        var address = connection.RemoteEndPoint is IPEndPoint { Address: var ip } && !proxies.Contains(ip) ? AddressOf(ip) : null;
        var visit = new Visit(this, connection, address, time);
        lock (_lock)
        {
            var known = address is not null && _addresses.TryGetValue(address, out var there) ? there : (Open: 0, Idle: []);
            if (address is not null && known.Open >= _perAddress && !MakeRoom(known.Idle))
                return null;
            if (_open >= _total && !MakeRoom(_idle))
                return null;
            _open++;
            if (address is not null)
                _addresses[address] = (_addresses.TryGetValue(address, out there) ? there.Open + 1 : 1, known.Idle);
            SetIdle(visit, true);
            return visit;
        }
    }

    private bool MakeRoom(LinkedList<Visit> idle)
    {
        if (idle.First?.Value is not { } longest)
            return false;
        // It counts until it is gone.
        SetIdle(longest, false);
        longest.MakeRoom();
        return true;
    }

    private void Leave(Visit visit)
    {
        if (visit.HasLeft)
            return;
        visit.HasLeft = true;
        SetIdle(visit, false);
        _open--;
        if (visit.Address is not { } address)
            return;
        var (open, idle) = _addresses[address];
        if (open == 1)
            _addresses.Remove(address);
        else
            _addresses[address] = (open - 1, idle);
    }

    private void SetIdle(Visit visit, bool isIdle)
    {
        if (isIdle == (visit.Among.List is not null))
            return;
        var ofAddress = visit.Address is { } address ? _addresses[address].Idle : null;
        if (isIdle)
        {
            _idle.AddLast(visit.Among);
            ofAddress?.AddLast(visit.AmongItsAddress);
        }
        else
        {
            _idle.Remove(visit.Among);
            ofAddress?.Remove(visit.AmongItsAddress);
        }
    }

    [LoggerMessage(LogLevel.Warning, "{Count} connections were closed unanswered since this was last logged: there may be {Total}, and {PerAddress} from one address, and all had a request in flight")]
    private partial void LogRefused(int total, int perAddress, long count);

    /// <summary>The settings of a service that people reach.</summary>
    /// <param name="Total">The key of the limit of all connections (10000 by default).</param>
    /// <param name="PerAddress">The key of the limit per address (500 by default).</param>
    /// <param name="Proxies">The key of the known proxies (none by default).</param>
    public sealed record Keys(string Total, string PerAddress, string Proxies);

    /// <summary>How many connections there may be.</summary>
    public sealed record Most(int InAll, int PerAddress);

    /// <summary>One connection.</summary>
    private sealed class Visit
    {
        private readonly ConnectionLimits _limits;
        private readonly ConnectionContext _connection;
        private readonly TimeProvider _time;
        private readonly long _came;
        private bool _hasAsked;
        private bool _isToGo;
        private int _inFlight;

        public Visit(ConnectionLimits limits, ConnectionContext connection, string? address, TimeProvider time)
        {
            (_limits, _connection, Address, _time, _came) = (limits, connection, address, time, time.GetTimestamp());
            (Among, AmongItsAddress) = (new(this), new(this));
        }

        /// <summary><see langword="null"/> where it does not count for one.</summary>
        public string? Address { get; }

        public bool HasLeft { get; set; }

        public LinkedListNode<Visit> Among { get; }

        public LinkedListNode<Visit> AmongItsAddress { get; }

        public void IsAsking(bool asks)
        {
            _hasAsked = true;
            lock (_limits._lock)
            {
                _inFlight += asks ? 1 : -1;
                if (!HasLeft && !_isToGo)
                    _limits.SetIdle(this, _inFlight == 0);
            }
        }

        /// <summary>Called every second.</summary>
        public void CloseIfSilent()
        {
            if ((!_hasAsked && _time.GetElapsedTime(_came) > HeadersTime) || (_isToGo && _inFlight == 0))
                _connection.Abort();
        }

        /// <summary>Ends it for another: a request that came in this very moment is answered first; one that never comes to its end is not waited for.</summary>
        public void MakeRoom()
        {
            _isToGo = true;
            if (_hasAsked)
                _connection.Features.Get<IConnectionLifetimeNotificationFeature>()!.RequestClose();
            else
                _connection.Abort();
        }
    }

    // Before everything else: a request is in flight until whatever becomes of it has, and where it comes from counts from the first question on.
    private sealed class Requests(KnownProxies proxies) : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.Use(async (context, rest) =>
            {
                var visit = context.Features.Get<Visit>();
                visit?.IsAsking(true);
                try
                {
                    await rest(context);
                }
                finally
                {
                    visit?.IsAsking(false);
                }
            });
            proxies.Use(app);
            next(app);
        };
    }
}
