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

    // By what they are put before, too: requests to a sidecar go to two ports of it.
    private readonly ConcurrentDictionary<(Way Way, bool IsHttp), Lazy<Relay>> _relays = new();

    /// <summary>What leads to PostgreSQL past all relays; <see langword="null"/> before the first database was made.</summary>
    public string? Database { get; private set; }

    /// <summary>The relays on a way; none if nobody goes there.</summary>
    public IReadOnlyList<Relay> this[Way way] => [.. _relays.Where(relay => relay.Key.Way == way).Select(relay => relay.Value.Value)];

    public Uri ToInstance(string appId, int instance, Uri address) =>
        appId == AppIds.MallControl ? address : new Uri($"http://127.0.0.1:{Put(new Way(WayTo.Instance, appId, instance), address.Port, isHttp: true)}");

    public SidecarPorts ToSidecar(string appId, int instance, SidecarPorts ports)
    {
        var way = new Way(WayTo.Sidecar, appId, instance);
        // One connection carries many calls of gRPC at once, which the relay cannot tell apart.
        return new(Put(way, ports.Http, isHttp: true), Put(way, ports.Grpc, isHttp: false));
    }

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
        _relays.GetOrAdd((way, isHttp), _ => new(() => new Relay(LoopbackPort.Find(1)[0], target, isHttp))).Value.Port;
}
