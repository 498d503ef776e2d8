using System.Buffers;
using System.Globalization;
using System.Text;

namespace OrderMall.Sidecar.Invocation;

/// <summary>
/// The path of a called method as Dapr understands it: decoded, without empty parts and dots, and encoded again for the app.
/// Access control looks at what the app will see, so that no spelling of a path gets around it.
/// </summary>
/// <param name="Name">Decoded, without a leading slash.</param>
/// <param name="Encoded">As it goes to the app, with its leading slash.</param>
internal readonly record struct MethodPath(string Name, string Encoded)
{
    private const string Unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";

    // Two lists, as in Go: what may stand in a path, and what it leaves alone once it has to encode one.
    private static readonly SearchValues<char> Valid = SearchValues.Create(Unreserved + "!$&'()*+,;=:@[]%/");
    private static readonly SearchValues<char> Plain = SearchValues.Create(Unreserved + "!$&'()*+,;=:@[]/");
    private static readonly SearchValues<byte> Kept = SearchValues.Create(Encoding.ASCII.GetBytes(Unreserved + "$&+,/:;=@"));

    /// <summary>Reads what a caller wrote.</summary>
    /// <param name="written">From its leading slash on, decoded.</param>
    /// <exception cref="InvocationException">It has a character that no method may have.</exception>
    public static MethodPath Parse(string written)
    {
        if (written.Length > 1 && written[^1] != '/' && !written.AsSpan().ContainsAnyExcept(Plain)
            && !written.Contains("//", StringComparison.Ordinal) && !written.Contains("/.", StringComparison.Ordinal))
        {
            return new(written[1..], written);
        }

        var name = string.Join('/', Parts(written));
        if (name.AsSpan().ContainsAny('#', '?', '\0'))
            throw new InvocationException($"rpc error: code = InvalidArgument desc = invalid method: method contains forbidden character: \"{name}\"");
        for (var i = 0; i < name.Length; i++)
        {
            if (name[i] is < ' ' or '\x7f')
                throw new InvocationException($"rpc error: code = InvalidArgument desc = invalid method: method contains control character at position {i}: \"{name}\"");
        }

        return new(name, "/" + Encode(name));
    }

    /// <summary>The parts of a path that slashes and dots leave.</summary>
    public static List<string> Parts(string path)
    {
        var parts = new List<string>();
        foreach (var part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (part != "." && part != "..")
                parts.Add(part);
            else if (part == ".." && parts.Count > 0)
                parts.RemoveAt(parts.Count - 1);
        }

        return parts;
    }

    // What is left of percent signs after decoding once is taken for encoded characters again.
    private static string Encode(string name)
    {
        for (var at = name.IndexOf('%', StringComparison.Ordinal); at >= 0; at = name.IndexOf('%', at + 1))
        {
            if (at + 2 >= name.Length || !char.IsAsciiHexDigit(name[at + 1]) || !char.IsAsciiHexDigit(name[at + 2]))
                throw new InvocationException($"rpc error: code = Internal desc = error invoking app channel: parse \"/{name}\": invalid URL escape \"{name.AsSpan(at, Math.Min(3, name.Length - at))}\"");
        }

        if (!name.AsSpan().ContainsAnyExcept(Valid))
            return name;
        var encoded = new StringBuilder(name.Length + 16);
        foreach (var octet in Encoding.UTF8.GetBytes(Uri.UnescapeDataString(name)))
        {
            if (Kept.Contains(octet))
                encoded.Append((char)octet);
            else
                encoded.Append(CultureInfo.InvariantCulture, $"%{octet:X2}");
        }

        return encoded.ToString();
    }
}
