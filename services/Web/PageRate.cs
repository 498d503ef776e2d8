using System.Threading.RateLimiting;
using OrderMall.Web.Components;

namespace OrderMall.Web;

/// <summary>
/// How many pages one address may ask for: more than people look at, also where many share it. What a page asks the gateway for has limits of its own there;
/// this one is for the pages that ask it nothing.
/// </summary>
internal static class PageRate
{
    public static void Add(WebApplicationBuilder builder)
    {
        var pages = RequestRate.Bucket(
            ConnectionLimits.Positive(builder.Configuration, "Web:RateLimit:PerSecond", 100),
            ConnectionLimits.Positive(builder.Configuration, "Web:RateLimit:Burst", 200));
        builder.Services.AddRateLimiter(limits =>
        {
            limits.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(context => RateLimitPartition.GetTokenBucketLimiter(RequestRate.AddressOf(context), _ => pages));
            limits.OnRejected = async (rejected, _) =>
            {
                var seconds = RequestRate.SecondsToWait(rejected.Lease);
                rejected.HttpContext.Response.Headers.RetryAfter = $"{seconds}";
                await new RazorComponentResult<TooMany>(new Dictionary<string, object?> { [nameof(TooMany.Seconds)] = seconds }) { StatusCode = StatusCodes.Status429TooManyRequests }
                    .ExecuteAsync(rejected.HttpContext);
            };
        });
    }
}
