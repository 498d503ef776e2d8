using Microsoft.Net.Http.Headers;

namespace OrderMall.ServiceDefaults.Api;

/// <summary>
/// JSON is UTF-8 (RFC 8259), however its <c>Content-Type</c> says so: the framework fails on a quoted charset, and on one that it does not know.
/// What people send is plain JSON: of a format on top of it, such as a merge patch, whose null removes, nothing would be heeded.
/// </summary>
internal static class JsonCharset
{
    public static void Use(WebApplication app) => app.Use((context, next) =>
    {
        if (!MediaTypeHeaderValue.TryParse(context.Request.ContentType, out var type))
            return next(context);
        if (type.Suffix.Equals("json", StringComparison.OrdinalIgnoreCase) && context.Request.Path.StartsWithSegments("/api"))
            return NotJson().ExecuteAsync(context);
        if (type.Parameters.Where(parameter => parameter.Name.Equals("charset", StringComparison.OrdinalIgnoreCase)).ToList() is not { Count: > 0 } charsets)
            return next(context);
        if (!charsets.TrueForAll(charset => HeaderUtilities.RemoveQuotes(charset.Value).Equals("utf-8", StringComparison.OrdinalIgnoreCase)))
            return NotJson().ExecuteAsync(context);
        charsets.ForEach(charset => type.Parameters.Remove(charset));
        context.Request.ContentType = type.ToString();
        return next(context);
    });

    private static Microsoft.AspNetCore.Http.HttpResults.ProblemHttpResult NotJson() =>
        Problems.Of(StatusCodes.Status415UnsupportedMediaType, "not-json", "The body must be JSON.", "Send the body as JSON in UTF-8, with Content-Type: application/json.");
}
