using System.Net;
using System.Threading.RateLimiting;

namespace OrderMall.ServiceDefaults.Connections;

/// <summary>How often one person, or one address, may ask.</summary>
public static class RequestRate
{
    /// <summary>So many requests in a second, and more at once after a pause. Nobody waits: what is over is refused.</summary>
    public static TokenBucketRateLimiterOptions Bucket(int perSecond, int burst) => new()
    {
        TokenLimit = burst,
        TokensPerPeriod = perSecond,
        ReplenishmentPeriod = TimeSpan.FromSeconds(1),
        QueueLimit = 0,
    };

    /// <summary>Where a request comes from, as it is counted.</summary>
    public static string AddressOf(HttpContext context) => ConnectionLimits.AddressOf(context.Connection.RemoteIpAddress ?? IPAddress.None);

    /// <summary>In how many seconds what was refused may be sent again.</summary>
    /// <returns>At least 1.</returns>
    public static int SecondsToWait(RateLimitLease refused) => SecondsToWait(refused.TryGetMetadata(MetadataName.RetryAfter, out var after) ? after : TimeSpan.Zero);

    /// <inheritdoc cref="SecondsToWait(RateLimitLease)"/>
    public static int SecondsToWait(TimeSpan after) => Math.Max(1, (int)Math.Ceiling(after.TotalSeconds));
}
