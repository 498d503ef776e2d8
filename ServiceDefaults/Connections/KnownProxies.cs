using System.Net;
using ForwardedHeader = Microsoft.AspNetCore.HttpOverrides.ForwardedHeaders;
using IPNetwork = System.Net.IPNetwork;

namespace OrderMall.ServiceDefaults.Connections;

/// <summary>
/// The proxies in front of a service that people reach, as a setting names them: addresses and networks such as <c>10.1.0.4,10.2.0.0/16</c>. What they
/// say in <c>X-Forwarded-For</c> and <c>X-Forwarded-Proto</c> is believed, and nobody else's.
/// </summary>
public sealed class KnownProxies
{
    private readonly IPNetwork[] _networks;

    /// <summary>Reads the setting.</summary>
    /// <exception cref="InvalidOperationException">One is no address; the message names the key.</exception>
    public KnownProxies(IConfiguration configuration, string key) =>
        _networks = [.. (configuration[key] ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(text => Network(key, text))];

    /// <summary>Whether an address is one of theirs.</summary>
    public bool Contains(IPAddress address) => Array.Exists(_networks, network => network.Contains(Plain(address)));

    /// <summary>From here on a request comes from whom the proxies say.</summary>
    public void Use(IApplicationBuilder app)
    {
        if (_networks.Length == 0)
            return;
        // However many stand one behind the other: it ends at the first that is not known.
        var options = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeader.XForwardedFor | ForwardedHeader.XForwardedProto, ForwardLimit = null };
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        foreach (var network in _networks)
            options.KnownIPNetworks.Add(network);
        app.UseForwardedHeaders(options);
    }

    private static IPNetwork Network(string key, string text) =>
        IPNetwork.TryParse(text, out var network) ? network
        : IPAddress.TryParse(text, out var address) ? new IPNetwork(Plain(address), Plain(address).GetAddressBytes().Length * 8)
        : throw new InvalidOperationException($"{key} has '{text}': write addresses or networks of proxies, such as 10.1.0.4,10.2.0.0/16.");

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
