using System.Security.Cryptography;
using System.Text;

namespace OrderMall.Sidecar.Apps;

/// <summary>Dapr's tokens: one that apps must show to their sidecar, and one that the sidecar shows to an app. Headers hold their UTF-8, read as Latin-1.</summary>
internal static class AppToken
{
    public const string Header = "dapr-api-token";

    /// <summary>Shows the app that this comes from its sidecar (<c>APP_API_TOKEN</c>).</summary>
    public static void AddTo(HttpRequestMessage request, App app)
    {
        if (app.Settings.AppToken is { } token)
            request.Headers.TryAddWithoutValidation(Header, Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(token)));
    }

    /// <summary>Whether a caller shows what it must (<c>DAPR_API_TOKEN</c>); takes the same time for every wrong token of a length.</summary>
    public static bool IsShown(HttpRequest request, string? required) =>
        required is null
        || (request.Headers[Header] is [{ } shown]
            && CryptographicOperations.FixedTimeEquals(Encoding.Latin1.GetBytes(shown), Encoding.UTF8.GetBytes(required)));
}
