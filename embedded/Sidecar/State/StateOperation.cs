using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace OrderMall.Sidecar;

/// <summary>A state operation that cannot be done, with what Dapr says about it.</summary>
/// <param name="status">The HTTP status when it stands alone (a transaction answers 500 in any case).</param>
/// <param name="problem">In the words of Dapr's stores.</param>
internal sealed class StateException(int status, string problem) : Exception(problem)
{
    public int Status => status;
}

/// <summary>One write of a state request.</summary>
/// <param name="Key">As the app names it.</param>
/// <param name="Value">The JSON to keep, or <see langword="null"/> to delete.</param>
/// <param name="Etag">The version it must replace, or <see langword="null"/>.</param>
/// <param name="FirstWrite">Without an etag: whether it must be the key's first write.</param>
/// <param name="TimeToLive">The seconds after which the key is gone, as the app wrote them; or <see langword="null"/>.</param>
internal sealed record StateOperation(string Key, byte[]? Value, string? Etag, bool FirstWrite, string? TimeToLive)
{
    /// <summary>Deletes a key.</summary>
    /// <param name="key">As the app names it.</param>
    /// <param name="etag">The version that may be deleted; any where it is empty.</param>
    public static StateOperation Delete(string key, string? etag) => new(key, null, string.IsNullOrEmpty(etag) ? null : etag, false, null);

    /// <summary>Reads one item of a save request, or the <c>request</c> of an operation of a transaction.</summary>
    /// <exception cref="JsonException">A field is missing or of the wrong type.</exception>
    public static StateOperation Read(JsonElement item, bool isDelete, IReadOnlyDictionary<string, string> shared)
    {
        if (item.ValueKind != JsonValueKind.Object)
            throw new JsonException("an item must be an object with a key");
        if (Text(item, "key") is not { Length: > 0 } key)
            throw new JsonException("\"key\" is a required field");
        var value = isDelete ? null
            : item.TryGetProperty("value", out var given) ? JsonMarshal.GetRawUtf8Value(given).ToArray()
            : "null"u8.ToArray();
        var firstWrite = item.TryGetProperty("options", out var options) && Text(options, "concurrency") == "first-write";
        return new(key, value, Text(item, "etag") is { Length: > 0 } etag ? etag : null, firstWrite, ReadTimeToLive(item, shared));
    }

    /// <summary>The etag as the number it is.</summary>
    /// <exception cref="StateException">It is none.</exception>
    public long? ParseEtag() =>
        Etag is null ? null
        : long.TryParse(Etag, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var version) ? version
        : throw new StateException(
            StatusCodes.Status400BadRequest,
            $"invalid etag value: strconv.Atoi: parsing \"{Etag}\": invalid syntax");

    /// <summary>How long the key lives; <see langword="null"/> for ever.</summary>
    /// <exception cref="StateException">It is no whole number of seconds.</exception>
    public TimeSpan? ParseTimeToLive()
    {
        if (TimeToLive is null)
            return null;
        if (!int.TryParse(TimeToLive, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seconds))
        {
            throw new StateException(
                StatusCodes.Status500InternalServerError,
                $"failed to parse ttl from metadata: strconv.ParseInt: parsing \"{TimeToLive}\": invalid syntax");
        }

        return seconds > 0 ? TimeSpan.FromSeconds(seconds) : null;
    }

    private static string? ReadTimeToLive(JsonElement item, IReadOnlyDictionary<string, string> shared)
    {
        // The query's metadata goes before the item's own, as in Dapr.
        var text = shared.GetValueOrDefault("ttlInSeconds")
            ?? (item.TryGetProperty("metadata", out var metadata) ? Text(metadata, "ttlInSeconds") : null);
        return string.IsNullOrEmpty(text) ? null : text;
    }

    private static string? Text(JsonElement item, string name) =>
        item.ValueKind != JsonValueKind.Object || !item.TryGetProperty(name, out var value) ? null
        : value.ValueKind switch
        {
            JsonValueKind.String => value.GetString(),
            JsonValueKind.Number => value.GetRawText(),
            JsonValueKind.Null => null,
            _ => throw new JsonException($"\"{name}\" must be a string"),
        };
}
