namespace OrderMall.ServiceDefaults.Api;

/// <summary>HEAD is answered as GET is (RFC 9110): the server leaves the body out by itself.</summary>
public static class HeadAsGet
{
    private const string EventStream = "text/event-stream";

    /// <summary>Puts it in front of whatever asks for the method.</summary>
    public static void Use(IApplicationBuilder app) =>
        app.Use((context, next) => HttpMethods.IsHead(context.Request.Method) ? AsGetAsync(context, next) : next(context));

    private static async Task AsGetAsync(HttpContext context, RequestDelegate next)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        (context.Request.Method, context.RequestAborted) = (HttpMethods.Get, end.Token);
        // A stream, of which nothing is seen, would never end.
        context.Response.OnStarting(() => context.Response.ContentType?.StartsWith(EventStream, StringComparison.OrdinalIgnoreCase) == true ? end.CancelAsync() : Task.CompletedTask);
        await next(context);
    }
}
