using System.Net;

namespace OrderMall.Gateway.Forwarding;

/// <summary>
/// The address for the gateway's own sidecar and the platform's probes, of <c>Gateway:InternalUrl</c> (such as <c>http://127.0.0.1:5001</c>): no load on
/// the public port keeps them out, and nothing public is answered there. Without it they use the public port like everybody else.
/// </summary>
internal sealed class InternalAddress
{
    private const string Key = "Gateway:InternalUrl";
    private readonly int _port;

    private InternalAddress(int port) => _port = port;

    /// <summary>Has the gateway listen there too, beside its public address.</summary>
    /// <returns><see langword="null"/> where none is set.</returns>
    /// <exception cref="InvalidOperationException">It is no such address.</exception>
    public static InternalAddress? AddIfSet(WebApplicationBuilder builder)
    {
        if (builder.Configuration[Key] is not { Length: > 0 } text)
            return null;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme != Uri.UriSchemeHttp || url.PathAndQuery != "/" || url.Port == 0 || !IPAddress.TryParse(url.Host.Trim('[', ']'), out _))
            throw new InvalidOperationException($"{Key} is '{text}': it must be an IP address with a port, such as http://127.0.0.1:5001, or http://0.0.0.0:5001 for every address of this machine.");
        // What is said in code would be listened on instead of the configured addresses.
        if (builder.Configuration[WebHostDefaults.ServerUrlsKey] is not { Length: > 0 } urls)
            throw new InvalidOperationException($"{Key} is set, and urls is not: say the public address too (ASPNETCORE_URLS).");
        builder.WebHost.UseSetting(WebHostDefaults.ServerUrlsKey, $"{urls};{text}");
        return new InternalAddress(url.Port);
    }

    public bool Is(IPEndPoint? endpoint) => endpoint?.Port == _port;

    /// <summary>Answers nothing public there, but to the screens, which come through the sidecars.</summary>
    public void Close(WebApplication app)
    {
        var isFromScreens = DaprSetup.IsFrom(app, AppIds.Web);
        app.Use((context, next) =>
        {
            if (context.Connection.LocalPort != _port || isFromScreens(context))
                return next(context);
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        });
    }
}
