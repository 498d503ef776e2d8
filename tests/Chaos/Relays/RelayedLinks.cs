using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Npgsql;
using OrderMall.Contracts;
using OrderMall.Postgres;

namespace OrderMall.Chaos.Relays;

/// <summary>A relay on every network link between the mall's processes.</summary>
internal sealed class RelayedLinks : IAsyncDisposable
{
    /// <summary>What the sidecar is called as a user of PostgreSQL, and its resource.</summary>
    public const string Sidecar = "sidecar";

    // A link to a sidecar has two relays: one for each of its ports.
    private readonly ConcurrentDictionary<(NetworkLink Link, bool IsHttp), Lazy<Relay>> _relays = new();

    /// <summary>A connection string of PostgreSQL that bypasses all relays; <see langword="null"/> before the first database was made.</summary>
    public string? Database { get; private set; }

    /// <summary>The relays of a link; none if nobody uses it.</summary>
    public IReadOnlyList<Relay> this[NetworkLink link] => [.. _relays.Where(relay => relay.Key.Link == link).Select(relay => relay.Value.Value)];

    /// <summary>Puts them into a mall that is not open yet: every program is configured with a relay's address instead of its target's.</summary>
    /// <param name="data">The mall's folder, with the file that configures the sidecar.</param>
    public void PutInto(IDistributedApplicationBuilder mall, string data)
    {
        foreach (var resource in mall.Resources.OfType<IResourceWithEnvironment>().ToList())
        {
            mall.CreateResourceBuilder(resource).WithEnvironment(async context =>
            {
                var services = context.ExecutionContext.Services;
                if (resource.Name == Sidecar)
                    await ChangeAsync(Path.Combine(data, "run", "sidecar.json"), context.CancellationToken);
                else if (AppHostMall.InstanceOf(services, resource.Name) is { } instance)
                    Change(context.EnvironmentVariables, instance.AppId, instance.Instance);
            });
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var relay in _relays.Values)
            await relay.Value.DisposeAsync();
    }

    // A service's configuration.
    private void Change(Dictionary<string, object> variables, string appId, int instance)
    {
        var link = new NetworkLink(LinkTarget.Sidecar, appId, instance);
        Put(link, "DAPR_HTTP_PORT", isHttp: true);
        // One connection carries many calls of gRPC at once, which the relay cannot tell apart.
        Put(link, "DAPR_GRPC_PORT", isHttp: false);
        if (variables.TryGetValue($"ConnectionStrings__{appId}", out var database))
            variables[$"ConnectionStrings__{appId}"] = ToDatabase(appId, (string)database);

        void Put(NetworkLink target, string name, bool isHttp) =>
            variables[name] = this.Put(target, int.Parse((string)variables[name], CultureInfo.InvariantCulture), isHttp).ToString(CultureInfo.InvariantCulture);
    }

    // The sidecar's configuration.
    private async Task ChangeAsync(string file, CancellationToken cancellationToken)
    {
        var settings = JsonNode.Parse(await File.ReadAllTextAsync(file, cancellationToken))!;
        settings["connectionString"] = ToDatabase(Sidecar, (string)settings["connectionString"]!);
        foreach (var app in settings["apps"]!.AsArray().Where(app => (string)app!["appId"]! != AppIds.MallControl))
        {
            var instances = app!["instances"]!.AsArray().Select(address => new Uri((string)address!)).ToList();
            app["instances"] = new JsonArray([.. instances.Select((address, instance) =>
                (JsonNode)$"http://127.0.0.1:{Put(new NetworkLink(LinkTarget.Instance, (string)app["appId"]!, instance), address.Port, isHttp: true)}")]);
        }

        await File.WriteAllTextAsync(file, settings.ToJsonString(), cancellationToken);
    }

    private string ToDatabase(string appId, string connectionString)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        Database ??= connectionString;
        // The server listens there besides its local socket, at the same port.
        settings.Host = "127.0.0.1";
        settings.Port = Put(new NetworkLink(LinkTarget.Database, appId), settings.Port, isHttp: false);
        return settings.ConnectionString;
    }

    // A program that is started again gets the same relay.
    private int Put(NetworkLink link, int target, bool isHttp) =>
        _relays.GetOrAdd((link, isHttp), _ => new(() => new Relay(LoopbackPort.Find(1)[0], target, isHttp))).Value.Port;
}
