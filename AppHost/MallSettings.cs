using System.Globalization;
using Microsoft.Extensions.Configuration;
using OrderMall.Postgres;

namespace OrderMall.AppHost;

/// <summary>Where the databases are.</summary>
internal enum MallServers
{
    /// <summary>A PostgreSQL that the AppHost starts itself, with its data in the mall's folder.</summary>
    Private,

    /// <summary>A PostgreSQL in a container, with a volume.</summary>
    Containers,

    /// <summary>The server of <c>ConnectionStrings:postgres</c>.</summary>
    Existing,
}

/// <summary>The settings of the section <c>Mall</c>, from the command line (<c>--Mall:Port 9090</c>) or the environment (<c>Mall__Port</c>).</summary>
/// <param name="Port">The public port on 127.0.0.1.</param>
/// <param name="WebPort">The port of the screens on 127.0.0.1.</param>
/// <param name="Data">The folder in which everything is kept between runs.</param>
/// <param name="Daprd">Whether every instance has a real <c>daprd</c> beside it instead of the embedded sidecar.</param>
/// <param name="Replicas">Instances of each service that is replicated: 1 to <see cref="MostReplicas"/>.</param>
/// <param name="Components">The folder with Dapr's components, policies and configuration.</param>
/// <param name="Demo">Whether there are demo accounts and offers, and the payment provider's stand-in.</param>
/// <param name="Payments">Whether money is taken; without it there is no payment provider, and what is prepaid cannot be ordered.</param>
internal sealed record MallSettings(int Port, int WebPort, string Data, MallServers Servers, bool Daprd, int Replicas, string Components, bool Demo, bool Payments)
{
    private const string Section = "Mall";
    private const int MostReplicas = 5;

    /// <summary>Reads them.</summary>
    /// <param name="checkout">The folder above the AppHost's, for the defaults of <see cref="Data"/> and <see cref="Components"/>.</param>
    /// <exception cref="FormatException">One is unknown or has a bad value; the message has a line for each.</exception>
    public static MallSettings Read(IConfiguration configuration, string checkout)
    {
        string[] known = [nameof(Port), nameof(WebPort), nameof(Data), nameof(Servers), "Sidecar", nameof(Replicas), nameof(Components), nameof(Demo), nameof(Payments)];
        var section = configuration.GetSection(Section);
        var mistakes = section.GetChildren().Where(setting => !known.Contains(setting.Key, StringComparer.OrdinalIgnoreCase))
            .Select(setting => $"{setting.Path} is no setting. There are {string.Join(", ", known.Select(name => $"--{Section}:{name}"))}.").ToList();

        var port = Number(nameof(Port), 8080, 0, 65535);
        // A port beside the other, or like that one any that is free.
        var webPort = Number(nameof(WebPort), port is 0 or 65535 ? 0 : port + 1, 0, 65535);
        var free = LoopbackPort.Find(2);
        var replicas = Number(nameof(Replicas), 1, 1, MostReplicas);
        var servers = OneOf(nameof(Servers), "private", "containers");
        var sidecar = OneOf("Sidecar", "embedded", "daprd");
        var demo = OneOf(nameof(Demo), "true", "false");
        var payments = OneOf(nameof(Payments), "true", "false");
        if (demo == "true" && payments == "false")
            mistakes.Add($"{Section}:{nameof(Payments)} is 'false': the demo has a payment provider of its own. Set --{Section}:{nameof(Demo)} false too.");
        var components = Path.GetFullPath(section[nameof(Components)] is { Length: > 0 } given ? given : Path.Combine(checkout, "components"));
        if (!Directory.Exists(components))
            mistakes.Add($"{Section}:{nameof(Components)} is '{components}': there is no such folder. It must be one with Dapr's components.");
        if (mistakes.Count > 0)
            throw new FormatException(string.Join(Environment.NewLine, mistakes));
        return new MallSettings(
            port == 0 ? free[0] : port,
            webPort == 0 ? free[1] : webPort,
            Path.GetFullPath(section[nameof(Data)] is { Length: > 0 } data ? data : Path.Combine(checkout, ".data")),
            configuration.GetConnectionString("postgres") is { Length: > 0 } ? MallServers.Existing
                : servers == "containers" ? MallServers.Containers
                : MallServers.Private,
            sidecar == "daprd",
            replicas,
            components,
            demo == "true",
            payments == "true");

        int Number(string name, int otherwise, int from, int to)
        {
            if (section[name] is not { Length: > 0 } text)
                return otherwise;
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= from && number <= to)
                return number;
            mistakes.Add($"{Section}:{name} is '{text}': it must be a whole number from {from} to {to}.");
            return otherwise;
        }

        string OneOf(string name, params string[] values)
        {
            if (section[name] is not { Length: > 0 } text)
                return values[0];
            if (values.Contains(text, StringComparer.OrdinalIgnoreCase))
                return text.ToLowerInvariant();
            mistakes.Add($"{Section}:{name} is '{text}': it must be {string.Join(" or ", values)}.");
            return values[0];
        }
    }
}
