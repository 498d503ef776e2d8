using OrderMall.Web.Components;

namespace OrderMall.Web;

/// <summary>
/// How many pages one address may ask for: more than people look at, also where many share it. What a page asks the gateway for has limits of its own there;
/// this one is for the pages that ask it nothing.
/// </summary>
internal static class PageRate
{
    /// <exception cref="InvalidOperationException">A limit is no such number; the message names its key.</exception>
    public static void Use(WebApplication app)
    {
        var pages = RequestRate.Bucket(
            ConnectionLimits.Positive(app.Configuration, "Web:RateLimit:PerSecond", 100),
            ConnectionLimits.Positive(app.Configuration, "Web:RateLimit:Burst", 200));
        var rate = app.Services.GetRequiredService<RequestRate>();
        app.Use(async (context, next) =>
        {
            using var lease = rate.Take(RequestRate.AddressOf(context), pages);
            if (lease.IsAcquired)
            {
                await next(context);
                return;
            }

            var seconds = RequestRate.SecondsToWait(lease);
            context.Response.Headers.RetryAfter = $"{seconds}";
            await new RazorComponentResult<TooMany>(new Dictionary<string, object?> { [nameof(TooMany.Seconds)] = seconds }) { StatusCode = StatusCodes.Status429TooManyRequests }
                .ExecuteAsync(context);
        });
    }
}
