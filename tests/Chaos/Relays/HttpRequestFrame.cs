using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace OrderMall.Chaos.Relays;

/// <summary>Where one HTTP/1.1 request ends on its connection, and what of it a relay wants to know.</summary>
/// <param name="Length">All of it, in bytes.</param>
internal readonly record struct HttpRequestFrame(int Length, string Method, string Path)
{
    /// <summary>Whether it brings an event to its subscriber.</summary>
    public bool IsEvent => Method == "POST" && Path.StartsWith("/events/", StringComparison.Ordinal);

    /// <summary>Whether it only asks how somebody is.</summary>
    public bool IsProbe => Path is "/health" or "/alive";

    /// <summary>Reads the first request of what has arrived.</summary>
    /// <returns><see langword="null"/> while some of it has still to come.</returns>
    public static HttpRequestFrame? Read(ReadOnlySpan<byte> arrived)
    {
        var headEnd = arrived.IndexOf("\r\n\r\n"u8);
        if (headEnd < 0)
            return null;
        var head = Encoding.Latin1.GetString(arrived[..headEnd]).Split("\r\n");
        var bodyStart = headEnd + 4;
        if (BodyLength(head, arrived[bodyStart..]) is not { } length || bodyStart + length > arrived.Length)
            return null;
        var words = head[0].Split(' ');
        return new(bodyStart + length, words[0], words[1]);
    }

    private static int? BodyLength(string[] head, ReadOnlySpan<byte> body)
    {
        if (Header(head, "Transfer-Encoding")?.Contains("chunked", StringComparison.OrdinalIgnoreCase) == true)
            return ChunksLength(body);
        return Header(head, "Content-Length") is { } length ? int.Parse(length, CultureInfo.InvariantCulture) : 0;
    }

    private static string? Header(string[] head, string name) => head.Skip(1)
        .Where(line => line.StartsWith(name, StringComparison.OrdinalIgnoreCase) && line.AsSpan(name.Length).StartsWith(":"))
        .Select(line => line[(name.Length + 1)..].Trim())
        .FirstOrDefault();

    // Chunks without trailers: nobody here sends any.
    private static int? ChunksLength(ReadOnlySpan<byte> body)
    {
        for (var position = 0; ;)
        {
            var line = body[position..].IndexOf("\r\n"u8);
            if (line < 0 || !Utf8Parser.TryParse(body.Slice(position, line), out int size, out _, 'x'))
                return null;
            position += line + 2 + size + 2;
            if (position > body.Length)
                return null;
            if (size == 0)
                return position;
        }
    }
}
