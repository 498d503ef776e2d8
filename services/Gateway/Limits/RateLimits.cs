using System.Security.Claims;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Authentication.BearerToken;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace OrderMall.Gateway.Limits;

/// <summary>
/// How much one person may ask: per account, or per address where nobody is signed in. Attempts to sign in, and tokens that are none, are
/// counted apart and more strictly, always per address: nobody with a good token pays for them. Nor does anybody whose token was good and has
/// expired: that is no guess, and whoever is told so refreshes.
/// </summary>
internal static class RateLimits
{
    private const int DefaultPerSecond = 100;
    private const int DefaultBurst = 200;
    private const int SignInsPerSecond = 20;
    private const int SignInBurst = 60;

    public static void Add(WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<RequestRate>();
        builder.Services.AddSingleton<PasswordChecks>();
        builder.Services.AddSingleton<Refusals>();
    }

    /// <exception cref="InvalidOperationException">A limit is no such number; the message names its key.</exception>
    public static void Use(WebApplication app)
    {
        var person = RequestRate.Bucket(
            ConnectionLimits.Positive(app.Configuration, "RateLimit:PerSecond", DefaultPerSecond),
            ConnectionLimits.Positive(app.Configuration, "RateLimit:Burst", DefaultBurst));
        var signIn = RequestRate.Bucket(SignInsPerSecond, SignInBurst);
        var (rate, refusals) = (app.Services.GetRequiredService<RequestRate>(), app.Services.GetRequiredService<Refusals>());
        app.Use(async (context, next) =>
        {
            using var lease =
                context.GetEndpoint()?.Metadata.GetMetadata<SignInAttempt>() is not null ? rate.Take($"sign-in {RequestRate.AddressOf(context)}", signIn)
                : context.User.FindFirstValue(ClaimTypes.NameIdentifier) is { } id ? rate.Take(id, person)
                : Expired(context) is { } was ? rate.Take($"expired {was}", person)
                : context.Request.Headers.Authorization.Count > 0 ? rate.Take($"no token {RequestRate.AddressOf(context)}", signIn)
                : rate.Take(RequestRate.AddressOf(context), person);
            if (lease.IsAcquired)
            {
                await next(context);
                return;
            }

            await refusals.PaceAsync(context.RequestAborted);
            await TooMany(context, lease).ExecuteAsync(context);
        });
    }

    /// <summary>Refuses a request over a limit.</summary>
    public static IResult TooMany(HttpContext context, RateLimitLease lease) =>
        TooMany(context, RequestRate.SecondsToWait(lease));

    /// <summary>Refuses a request that may be sent again after a while.</summary>
    public static IResult TooMany(HttpContext context, TimeSpan after) => TooMany(context, RequestRate.SecondsToWait(after));

    private static IResult TooMany(HttpContext context, int seconds) =>
        Problems.RetryLater(context, StatusCodes.Status429TooManyRequests, "too-many-requests", "Too many requests.", $"Send fewer requests, and this one again in {seconds} s.", seconds);

    // Whose token it was that is good but for its time.
    private static string? Expired(HttpContext context)
    {
        const string Scheme = "Bearer ";
        if (context.Request.Headers.Authorization is not [{ } header] || !header.StartsWith(Scheme, StringComparison.Ordinal))
            return null;
        var tokens = context.RequestServices.GetRequiredService<IOptionsMonitor<BearerTokenOptions>>().Get(IdentityConstants.BearerScheme);
        return tokens.BearerTokenProtector.Unprotect(header[Scheme.Length..]) is { Properties.ExpiresUtc: { } expiry } ticket && expiry <= context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow()
            ? ticket.Principal.FindFirstValue(ClaimTypes.NameIdentifier)
            : null;
    }
}

/// <summary>
/// Refusing costs little, but whoever comes back at once as often as he can makes it much: some are answered at once, the others after a pause.
/// </summary>
internal sealed class Refusals(TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly TokenBucketRateLimiter _atOnce = new(new()
    {
        TokensPerPeriod = 20,
        ReplenishmentPeriod = TimeSpan.FromMilliseconds(10),
        TokenLimit = 200,
        QueueLimit = 0,
        AutoReplenishment = false, // a timer of its own would fire all the time for what is seldom needed
    });

    /// <summary>Waits where many were refused in this moment.</summary>
    public async ValueTask PaceAsync(CancellationToken cancellationToken)
    {
        _atOnce.TryReplenish();
        using var lease = _atOnce.AttemptAcquire();
        if (!lease.IsAcquired)
            await Task.Delay(Pause, time, cancellationToken);
    }

    public void Dispose() => _atOnce.Dispose();
}

/// <summary>Marks endpoints that take a password.</summary>
internal sealed class SignInAttempt
{
    public static readonly SignInAttempt Mark = new();
}

/// <summary>Hashing a password is meant to be costly: only a few at a time, so that everybody else's requests go on.</summary>
internal sealed class PasswordChecks : IDisposable
{
    private readonly ConcurrencyLimiter _limiter = new(new ConcurrencyLimiterOptions
    {
        // More would only wait for one another.
        PermitLimit = Environment.ProcessorCount,
        QueueLimit = 200,
        QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
    });

    /// <summary>Waits for a turn; not acquired when too many wait already.</summary>
    public ValueTask<RateLimitLease> WaitAsync(CancellationToken cancellationToken) => _limiter.AcquireAsync(1, cancellationToken);

    public void Dispose() => _limiter.Dispose();
}
