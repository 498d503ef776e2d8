using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrderMall.ServiceDefaults.Api;

/// <summary>
/// Writes 12000 as <c>12000</c>, whether it was computed or read from a column with two decimals: the same answer twice
/// is the same text.
/// </summary>
internal sealed class PlainDecimalConverter : JsonConverter<decimal>
{
    // Dividing by one with a full scale drops trailing zeros (see decimal's documentation on scale).
    private const decimal One = 1.0000000000000000000000000000m;

    public override decimal Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDecimal();

    public override void Write(Utf8JsonWriter writer, decimal value, JsonSerializerOptions options) => writer.WriteNumberValue(value / One);
}
