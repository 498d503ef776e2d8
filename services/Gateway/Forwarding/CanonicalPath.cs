using Microsoft.AspNetCore.Http.Features;

namespace OrderMall.Gateway.Forwarding;

/// <summary>
/// Every path has one form: what the gateway judges is what the service will see, and no other spelling takes another budget. No segment
/// is empty or begins with a dot, and no separator, dot, percent sign or control character is escaped; all else is 404. Letters of either case are
/// the same to every rule, as they are to the services.
/// </summary>
internal static class CanonicalPath
{
    private static readonly string[] Escaped = ["%2F", "%5C", "%2E", "%25", "%3F", "%23"];

    public static void Use(WebApplication app) => app.Use((context, next) =>
        Is(context.Features.Get<IHttpRequestFeature>()!.RawTarget, context.Request.Path)
            ? next(context)
            : Problems.Of(StatusCodes.Status404NotFound, "not-found", "Not found.",
                "There is no such path: no path of the mall has an empty segment, a slash at its end, a segment that begins with a dot, a backslash, %2F, %2E, %5C, %25, %3F, %23 or a control character.").ExecuteAsync(context));

    // The target as it came, with the query; the path as the server has read it.
    private static bool Is(string target, PathString path)
    {
        var raw = target.Split('?')[0];
        var read = path.Value ?? "";
        return read == "/"
            ? raw.Length == 1 || !raw.StartsWith('/') // http://host/ says it too
            : read.StartsWith('/') && !read.EndsWith('/') && !read.Contains("//", StringComparison.Ordinal)
                && !raw.Contains("/.", StringComparison.Ordinal)
                && !Array.Exists(Escaped, escaped => raw.Contains(escaped, StringComparison.OrdinalIgnoreCase))
                && !read.Any(c => c is '%' or '\\' or '?' or '#' || char.IsControl(c));
    }
}
