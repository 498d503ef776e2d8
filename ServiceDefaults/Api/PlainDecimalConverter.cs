using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrderMall.ServiceDefaults.Api;

/// <summary>
/// Writes 12000 as <c>12000</c>, and reads it so, however it was computed or sent: the same twice is the same text.
/// </summary>
internal sealed class PlainDecimalConverter : JsonConverter<decimal>
{
    public override decimal Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDecimal().Plain();

    public override void Write(Utf8JsonWriter writer, decimal value, JsonSerializerOptions options) => writer.WriteNumberValue(value.Plain());
}
