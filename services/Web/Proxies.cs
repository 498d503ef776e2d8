using System.Net;
using Microsoft.AspNetCore.HttpOverrides;

namespace OrderMall.Web;

/// <summary>
/// The proxies in front, of <c>Web:Proxies</c>: addresses and networks such as <c>10.1.0.4,10.2.0.0/16</c>. What they say in <c>X-Forwarded-For</c> and
/// <c>X-Forwarded-Proto</c> is believed, and nobody else's.
/// </summary>
internal static class Proxies
{
    private const string Key = "Web:Proxies";

    /// <exception cref="InvalidOperationException">One is no address; the message names the key.</exception>
    public static void Configure(WebApplicationBuilder builder)
    {
        var networks = (builder.Configuration[Key] ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(Network).ToList();
        builder.Services.Configure<ForwardedHeadersOptions>(options =>
        {
            options.ForwardedHeaders = networks.Count == 0 ? ForwardedHeaders.None : ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto;
            // However many stand one behind the other: it ends at the first that is not known.
            options.ForwardLimit = null;
            options.KnownProxies.Clear();
            options.KnownIPNetworks.Clear();
            foreach (var network in networks)
                options.KnownIPNetworks.Add(network);
        });
        builder.Services.AddSingleton<IStartupFilter, First>();
    }

    private static System.Net.IPNetwork Network(string text) =>
        System.Net.IPNetwork.TryParse(text, out var network) ? network
        : IPAddress.TryParse(text, out var address) ? new System.Net.IPNetwork(address, address.GetAddressBytes().Length * 8)
        : throw new InvalidOperationException($"{Key} has '{text}': write addresses or networks of proxies, such as 10.1.0.4,10.2.0.0/16.");

    // Before anything asks where a request comes from, or whether it came encrypted.
    private sealed class First : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.UseForwardedHeaders();
            next(app);
        };
    }
}
