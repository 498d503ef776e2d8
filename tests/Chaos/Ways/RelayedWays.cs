using System.Collections.Concurrent;
using Npgsql;
using OrderMall.Contracts;
using OrderMall.Mall.Hosting;
using OrderMall.Postgres;

namespace OrderMall.Chaos.Ways;

/// <summary>A relay on every way between the mall's processes.</summary>
internal sealed class RelayedWays : ILinks, IAsyncDisposable
{
    /// <summary>What the sidecar is called as a user of PostgreSQL.</summary>
    public const string Sidecar = "sidecar";

    private readonly ConcurrentDictionary<Way, Lazy<Relay>> _relays = new();

    /// <summary>What leads to PostgreSQL past all relays; <see langword="null"/> before the first database was made.</summary>
    public string? Database { get; private set; }

    /// <summary>The relay on a way; <see langword="null"/> if nobody goes there.</summary>
    public Relay? this[Way way] => _relays.GetValueOrDefault(way)?.Value;

    public Uri ToInstance(string appId, int instance, Uri address) =>
        appId == AppIds.MallControl ? address : new Uri($"http://127.0.0.1:{Put(new Way(WayTo.Instance, appId, instance), address.Port, isHttp: true)}");

    public int ToSidecar(string appId, int instance, int port) => Put(new Way(WayTo.Sidecar, appId, instance), port, isHttp: true);

    public string ToDatabase(string appId, string connectionString)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        Database ??= connectionString;
        // The server listens there besides its local socket, at the same port.
        settings.Host = "127.0.0.1";
        settings.Port = Put(new Way(WayTo.Database, appId), settings.Port, isHttp: false);
        return settings.ConnectionString;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var relay in _relays.Values)
            await relay.Value.DisposeAsync();
    }

    private int Put(Way way, int target, bool isHttp) =>
        _relays.GetOrAdd(way, _ => new(() => new Relay(LoopbackPort.Find(1)[0], target, isHttp))).Value.Port;
}
