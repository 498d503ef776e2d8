namespace OrderMall.Gateway;

/// <summary>What a browser sees at <c>/</c>.</summary>
internal static class FrontPage
{
    // The page needs nothing from elsewhere, and may do nothing else.
    private const string Policy = "default-src 'none'; connect-src 'self'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public static void Map(WebApplication app)
    {
        using var page = typeof(FrontPage).Assembly.GetManifestResourceStream("OrderMall.Gateway.FrontPage.html")!;
        var html = new byte[page.Length];
        page.ReadExactly(html);
        app.MapGet("/", (HttpContext context) =>
        {
            context.Response.Headers.ContentSecurityPolicy = Policy;
            return TypedResults.Bytes(html, "text/html; charset=utf-8");
        }).ExcludeFromDescription();
    }
}
