using Microsoft.Net.Http.Headers;

namespace OrderMall.ServiceDefaults.Api;

/// <summary>
/// JSON is UTF-8 (RFC 8259), however its <c>Content-Type</c> says so: the framework fails on a quoted charset, and on one that it does not know.
/// </summary>
internal static class JsonCharset
{
    public static void Use(WebApplication app) => app.Use((context, next) =>
    {
        if (!MediaTypeHeaderValue.TryParse(context.Request.ContentType, out var type)
            || type.Parameters.Where(parameter => parameter.Name.Equals("charset", StringComparison.OrdinalIgnoreCase)).ToList() is not { Count: > 0 } charsets)
        {
            return next(context);
        }

        if (!charsets.TrueForAll(charset => HeaderUtilities.RemoveQuotes(charset.Value).Equals("utf-8", StringComparison.OrdinalIgnoreCase)))
            return Problems.Of(StatusCodes.Status415UnsupportedMediaType, "not-json", "The body must be JSON.", "Send the body as JSON in UTF-8, with Content-Type: application/json.").ExecuteAsync(context);
        charsets.ForEach(charset => type.Parameters.Remove(charset));
        context.Request.ContentType = type.ToString();
        return next(context);
    });
}
