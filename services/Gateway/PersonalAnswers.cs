namespace OrderMall.Gateway;

/// <summary>What is for one person is kept by nobody on the way, and no answer is taken for anything but what it says it is.</summary>
internal static class PersonalAnswers
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
