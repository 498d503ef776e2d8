using System.Net;

namespace OrderMall.Gateway.Limits;

/// <summary>
/// Takes the address of a visitor from the screens, which ask on visitors' behalf: else everybody who uses them would be one address, and share its limits.
/// Nobody else is believed; that it is the screens is what the sidecar says.
/// </summary>
internal static class ForwardedVisitors
{
    public static void Use(WebApplication app)
    {
        var isFromScreens = DaprSetup.IsFrom(app, AppIds.Web);
        app.Use((context, next) =>
        {
            if (isFromScreens(context) && IPAddress.TryParse(context.Request.Headers[GatewayIdentity.VisitorHeader], out var visitor))
                context.Connection.RemoteIpAddress = visitor;
            return next(context);
        });
    }
}
