using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrderMall.ServiceDefaults.Api;

/// <summary>Reads text as it is kept (<see cref="TextRules.Clean"/>), and refuses a NUL character, which JSON can write and PostgreSQL cannot keep.</summary>
/// <param name="isVerbatim">Whether text stays as it was sent otherwise.</param>
public sealed class StorableTextConverter(bool isVerbatim) : JsonConverter<string>
{
    /// <summary>For a property of the public service, where texts are verbatim otherwise: passwords are what they are.</summary>
    public StorableTextConverter()
        : this(isVerbatim: false)
    {
    }

    /// <inheritdoc/>
    public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.String)
            throw new JsonException();
        var text = reader.GetString();
        if (text?.Contains('\0') == true)
            throw new JsonException();
        return isVerbatim ? text : TextRules.Clean(text);
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteStringValue(value);

    /// <inheritdoc/>
    public override string ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetString()!;

    /// <inheritdoc/>
    public override void WriteAsPropertyName(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WritePropertyName(value);
}
