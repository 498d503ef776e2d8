using System.Net;

namespace OrderMall.Gateway.Limits;

/// <summary>
/// The screens ask for people, whose addresses they say: else everybody who uses them would be one address, and share its limits. Nobody else is
/// believed, and who it is the sidecar says.
/// </summary>
internal static class VisitorsOfScreens
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
