using System.Text.Json;

namespace OrderMall.Sidecar.Http;

/// <summary>JSON as Go reads it into its types: names without regard to case, the last one counts, and a null is as good as nothing.</summary>
internal static class GoJson
{
    /// <returns><see langword="null"/> where there is no such field, or no object.</returns>
    public static JsonElement? Field(this JsonElement json, string name)
    {
        if (json.ValueKind != JsonValueKind.Object)
            return null;
        JsonElement? found = null;
        foreach (var property in json.EnumerateObject())
        {
            if (property.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
                found = property.Value;
        }

        return found;
    }

    /// <param name="goName">What Go calls the field.</param>
    /// <returns><see langword="null"/> where there is no such field, or a null.</returns>
    /// <exception cref="JsonException">It is no string.</exception>
    public static string? Text(this JsonElement json, string name, string goName) => json.Field(name) switch
    {
        null or { ValueKind: JsonValueKind.Null } => null,
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        { } other => throw other.IsNot(goName, "string"),
    };

    /// <summary>A complaint in Go's words.</summary>
    public static JsonException IsNot(this JsonElement json, string goName, string goType) =>
        new($"json: cannot unmarshal {json.Kind()} into Go struct field {goName} of type {goType}");

    /// <summary>What Go calls the kind of a value.</summary>
    public static string Kind(this JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.True or JsonValueKind.False => "bool",
        var kind => kind.ToString().ToLowerInvariant(),
    };
}
