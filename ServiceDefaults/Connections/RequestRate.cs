using System.Net;
using System.Threading.RateLimiting;
using Microsoft.Extensions.Caching.Memory;

namespace OrderMall.ServiceDefaults.Connections;

/// <summary>How often one person, or one address, may ask. Nobody waits: what is over is refused.</summary>
/// <remarks>A token bucket for each, which is looked at when it is asked: the framework's middleware wakes twenty times a second although nobody asks.</remarks>
public sealed class RequestRate : IDisposable
{
    private const int MostBuckets = 100_000;
    // By then it is full again.
    private static readonly TimeSpan Idle = TimeSpan.FromMinutes(1);
    private readonly MemoryCache _buckets = new(new MemoryCacheOptions { SizeLimit = MostBuckets });

    /// <summary>So many requests in a second, and more at once after a pause.</summary>
    public static TokenBucketRateLimiterOptions Bucket(int perSecond, int burst) => new()
    {
        TokenLimit = burst,
        TokensPerPeriod = perSecond,
        ReplenishmentPeriod = TimeSpan.FromSeconds(1),
        QueueLimit = 0,
        AutoReplenishment = false,
    };

    /// <summary>Takes a token for one request.</summary>
    /// <param name="of">The person or the address: each has a bucket of its own. Where there are too many, those used least recently are evicted.</param>
    /// <param name="bucket">The size and rate of a new one, by <see cref="Bucket"/>.</param>
    /// <returns>Acquired, or not: then it says when to retry.</returns>
    public RateLimitLease Take(string of, TokenBucketRateLimiterOptions bucket)
    {
        if (!_buckets.TryGetValue(of, out TokenBucketRateLimiter? limiter))
            limiter = Begin(of, bucket);
        limiter!.TryReplenish();
        return limiter.AttemptAcquire();
    }

    /// <summary>Where a request comes from, as it is counted.</summary>
    public static string AddressOf(HttpContext context) => ConnectionLimits.AddressOf(context.Connection.RemoteIpAddress ?? IPAddress.None);

    /// <summary>In how many seconds what was refused may be sent again.</summary>
    /// <returns>At least 1.</returns>
    public static int SecondsToWait(RateLimitLease refused) => SecondsToWait(refused.TryGetMetadata(MetadataName.RetryAfter, out var after) ? after : TimeSpan.Zero);

    /// <inheritdoc cref="SecondsToWait(RateLimitLease)"/>
    public static int SecondsToWait(TimeSpan after) => Math.Max(1, (int)Math.Ceiling(after.TotalSeconds));

    /// <inheritdoc/>
    public void Dispose() => _buckets.Dispose();

    private TokenBucketRateLimiter Begin(string of, TokenBucketRateLimiterOptions bucket)
    {
        // Of two at the same moment both take from the same one.
        lock (_buckets)
        {
            return _buckets.GetOrCreate(of, entry =>
            {
                entry.SetSize(1).SetSlidingExpiration(Idle);
                return new TokenBucketRateLimiter(bucket);
            })!;
        }
    }
}
