namespace OrderMall.Gateway.Forwarding;

/// <summary>No cache keeps what is for one person (<c>Cache-Control: no-store</c>), and no browser guesses the type of an answer (<c>X-Content-Type-Options: nosniff</c>).</summary>
internal static class SecurityHeaders
{
    public static void Use(WebApplication app) => app.Use((context, next) =>
    {
        context.Response.OnStarting(() =>
        {
            var headers = context.Response.Headers;
            headers.XContentTypeOptions = "nosniff";
            if (context.Request.Headers.Authorization.Count > 0 || context.Request.Path.StartsWithSegments("/api/account"))
                headers.CacheControl = "no-store";
            return Task.CompletedTask;
        });
        return next(context);
    });
}
