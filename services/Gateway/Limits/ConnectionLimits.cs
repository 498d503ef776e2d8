using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace OrderMall.Gateway;

/// <summary>What one connection may take, and how many there may be: memory stays bounded however many people come, and however slowly they send.</summary>
internal static class ConnectionLimits
{
    private const string Key = "Gateway:MaxConnections";
    private const int Default = 10_000;
    private static readonly TimeSpan HeadersTime = TimeSpan.FromSeconds(10);

    /// <exception cref="InvalidOperationException">The configured number is none.</exception>
    public static void Set(KestrelServerOptions kestrel, IConfiguration configuration)
    {
        kestrel.Limits.MaxRequestBodySize = Forwarding.LargestBody;
        kestrel.Limits.MaxRequestBufferSize = 128 * 1024;
        kestrel.Limits.RequestHeadersTimeout = HeadersTime;
        // Beyond it connections are closed unanswered: it is far more than what the budgets refuse politely.
        kestrel.Limits.MaxConcurrentConnections = RateLimits.Positive(configuration, Key, Default, of: "connections");
    }
}
