using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace OrderMall.Sidecar.State;

/// <summary>A state operation that cannot be done, with what Dapr says about it.</summary>
/// <param name="status">The HTTP status when it stands alone (a transaction answers 500 in any case).</param>
/// <param name="problem">In the words of Dapr's stores.</param>
internal sealed class StateException(int status, string problem) : Exception(problem)
{
    public int Status => status;

    /// <summary>The version that should be replaced or deleted is not the one that is there.</summary>
    public static StateException StaleEtag() => new(StatusCodes.Status409Conflict, "possible etag mismatch. error from state store");
}

/// <summary>One write of a state request.</summary>
/// <param name="Key">As the app names it.</param>
/// <param name="Value">The JSON to keep, or <see langword="null"/> to delete.</param>
/// <param name="Etag">The version it must replace, or <see langword="null"/>.</param>
internal sealed record StateOperation(string Key, byte[]? Value, string? Etag)
{
    /// <summary>As the app wrote it; <c>first-write</c> without an etag must be the key's first write.</summary>
    public string? Concurrency { get; init; }

    /// <summary>As the app wrote it. Every write is on disk when it is answered.</summary>
    public string? Consistency { get; init; }

    /// <summary>The seconds after which the key is gone, as the app wrote them; or <see langword="null"/>.</summary>
    public string? TimeToLive { get; init; }

    /// <summary>Whether the key goes when it would have gone without this write.</summary>
    public bool KeepsExpiry { get; init; }

    /// <summary>Whether it must be the key's first write.</summary>
    public bool FirstWrite => Concurrency == "first-write";

    /// <summary>Deletes a key.</summary>
    /// <param name="etag">The version that may be deleted; any where it is empty.</param>
    public static StateOperation Delete(string key, string? etag) => new(key, null, string.IsNullOrEmpty(etag) ? null : etag);

    /// <summary>Reads one item of a save request, or the <c>request</c> of an operation of a transaction.</summary>
    /// <exception cref="JsonException">A field is missing or of the wrong type.</exception>
    public static StateOperation Read(JsonElement item, bool isDelete, IReadOnlyDictionary<string, string> shared)
    {
        if (item.ValueKind is not (JsonValueKind.Object or JsonValueKind.Null))
            throw item.IsNot("SetRequest", "state.SetRequest");
        if (item.Text("key", "SetRequest.key") is not { Length: > 0 } key)
            throw new JsonException("\"key\" is a required field");
        var value = isDelete ? null
            : item.Field("value") is { } given ? JsonMarshal.GetRawUtf8Value(given).ToArray()
            : "null"u8.ToArray();
        var options = item.Field("options") ?? default;
        if (options.ValueKind is not (JsonValueKind.Object or JsonValueKind.Null or JsonValueKind.Undefined))
            throw options.IsNot("SetRequest.options", "state.SetStateOption");
        return new(key, value, item.Text("etag", "SetRequest.etag") is { Length: > 0 } etag ? etag : null)
        {
            Concurrency = options.Text("concurrency", "SetStateOption.options.Concurrency"),
            Consistency = options.Text("consistency", "SetStateOption.options.Consistency"),
            TimeToLive = ReadTimeToLive(item, shared),
        };
    }

    /// <exception cref="StateException">One of them is none of Dapr's.</exception>
    public void CheckOptions()
    {
        if (Concurrency is not (null or "" or "first-write" or "last-write"))
            throw new StateException(StatusCodes.Status500InternalServerError, $"unrecognized concurrency model '{Concurrency}'");
        if (Consistency is not (null or "" or "strong" or "eventual"))
            throw new StateException(StatusCodes.Status500InternalServerError, $"unrecognized consistency model '{Consistency}'");
    }

    /// <summary>The etag as the number it is.</summary>
    /// <exception cref="StateException">It is none: to Dapr's stores a mistake of who saves, and stale to who deletes.</exception>
    public long? ParseEtag() =>
        Etag is null ? null
        : long.TryParse(Etag, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var version) ? version
        : throw (Value is null
            ? StateException.StaleEtag()
            : new StateException(StatusCodes.Status400BadRequest, $"invalid etag value: strconv.Atoi: parsing \"{Etag}\": invalid syntax"));

    /// <summary>When the key goes; <see langword="null"/> for never.</summary>
    /// <exception cref="StateException">It is no whole number of seconds.</exception>
    public DateTime? ParseExpiry(DateTime now)
    {
        if (TimeToLive is null)
            return null;
        if (!long.TryParse(TimeToLive, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seconds))
        {
            throw new StateException(
                StatusCodes.Status500InternalServerError,
                $"failed to parse ttl from metadata: strconv.ParseInt: parsing \"{TimeToLive}\": invalid syntax");
        }

        return seconds > 0 && seconds < (DateTime.MaxValue - now).TotalSeconds ? now.AddSeconds(seconds) : null;
    }

    private static string? ReadTimeToLive(JsonElement item, IReadOnlyDictionary<string, string> shared)
    {
        var metadata = item.Field("metadata") ?? default;
        if (metadata.ValueKind is JsonValueKind.Object)
        {
            foreach (var property in metadata.EnumerateObject())
                metadata.Text(property.Name, "SetRequest.metadata");
        }
        else if (metadata.ValueKind is not (JsonValueKind.Null or JsonValueKind.Undefined))
        {
            throw metadata.IsNot("SetRequest.metadata", "map[string]string");
        }

        // The query's metadata goes before the item's own, as in Dapr.
        var text = shared.GetValueOrDefault("ttlInSeconds") ?? metadata.Text("ttlInSeconds", "SetRequest.metadata");
        return string.IsNullOrEmpty(text) ? null : text;
    }
}
