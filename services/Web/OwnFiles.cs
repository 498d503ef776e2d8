using System.IO.Compression;
using System.Security.Cryptography;
using Microsoft.Net.Http.Headers;

namespace OrderMall.Web;

/// <summary>
/// Style, scripts and icon, which are embedded, at addresses that change with what is in them: browsers keep them for good. Compressed once, at the start.
/// They are answered before anybody is asked for: what is kept for good has nobody's cookie.
/// </summary>
internal sealed class OwnFiles : IStartupFilter
{
    private const string Prefix = "OrderMall.Web.Files.";
    private const string KeepForGood = "public, max-age=31536000, immutable";

    private readonly Dictionary<string, OwnFile> _byName;
    private readonly Dictionary<string, OwnFile> _byPath;

    public OwnFiles()
    {
        var assembly = typeof(OwnFiles).Assembly;
        _byName = assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)).ToDictionary(name => name[Prefix.Length..], name =>
        {
            using var resource = assembly.GetManifestResourceStream(name)!;
            var content = new byte[resource.Length];
            resource.ReadExactly(content);
            return new OwnFile(name[Prefix.Length..], content);
        });
        _byPath = _byName.Values.ToDictionary(file => file.Path);
    }

    /// <summary>The address of a file.</summary>
    public string this[string name] => _byName[name].Path;

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use((context, rest) => (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method)) && _byPath.TryGetValue(context.Request.Path, out var file)
            ? file.SendAsync(context)
            : rest(context));
        next(app);
    };

    private sealed class OwnFile(string name, byte[] content)
    {
        private readonly byte[] _compressed = Compress(content);

        public string Path { get; } = $"/files/{Convert.ToHexStringLower(SHA256.HashData(content))[..12]}/{name}";

        public async Task SendAsync(HttpContext context)
        {
            var headers = context.Response.Headers;
            PageHeaders.Write(headers);
            (headers.CacheControl, headers.Vary, headers.ContentType) = (KeepForGood, HeaderNames.AcceptEncoding, System.IO.Path.GetExtension(name) switch
            {
                ".css" => "text/css; charset=utf-8",
                ".js" => "text/javascript; charset=utf-8",
                _ => "image/svg+xml",
            });
            var takesBrotli = context.Request.Headers.AcceptEncoding.ToString().Contains("br", StringComparison.Ordinal);
            if (takesBrotli)
                headers.ContentEncoding = "br";
            var body = takesBrotli ? _compressed : content;
            headers.ContentLength = body.Length;
            await context.Response.Body.WriteAsync(body, context.RequestAborted);
        }

        private static byte[] Compress(byte[] content)
        {
            using var to = new MemoryStream();
            using (var brotli = new BrotliStream(to, CompressionLevel.SmallestSize))
                brotli.Write(content);
            return to.ToArray();
        }
    }
}
