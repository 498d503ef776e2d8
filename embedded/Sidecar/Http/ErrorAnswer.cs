using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace OrderMall.Sidecar.Http;

/// <summary>Writes an error in the shape of Dapr's HTTP API: <c>{"errorCode","message","details"}</c>.</summary>
internal static class ErrorAnswer
{
    // Quotes stay readable in messages, as Dapr writes them; the answer is never put into a page.
    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static async Task WriteAsync(this DaprError error, HttpResponse response)
    {
        var body = new ArrayBufferWriter<byte>(512);
        Write(error, body);
        response.StatusCode = error.Status;
        response.ContentType = "application/json";
        response.ContentLength = body.WrittenCount;
        await response.BodyWriter.WriteAsync(body.WrittenMemory, response.HttpContext.RequestAborted);
    }

    private static void Write(DaprError error, ArrayBufferWriter<byte> body)
    {
        using var json = new Utf8JsonWriter(body, Readable);
        json.WriteStartObject();
        json.WriteString("errorCode", error.Code);
        json.WriteString("message", error.Message);
        if (error.Reason is not null)
            WriteDetails(error, json);
        json.WriteEndObject();
    }

    private static void WriteDetails(DaprError error, Utf8JsonWriter json)
    {
        json.WriteStartArray("details");
        if (error.Field is var (field, rule))
        {
            Begin(json, "BadRequest");
            json.WriteStartArray("field_violations");
            json.WriteStartObject();
            json.WriteString("field", field);
            json.WriteString("description", rule);
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        }

        if (error.Resource is var (type, name, description))
        {
            Begin(json, "ResourceInfo");
            json.WriteString("description", description);
            json.WriteString("owner", "");
            json.WriteString("resource_name", name);
            json.WriteString("resource_type", type);
            json.WriteEndObject();
        }

        Begin(json, "ErrorInfo");
        json.WriteString("domain", "dapr.io");
        json.WriteStartObject("metadata");
        foreach (var (key, value) in error.ReasonMetadata)
            json.WriteString(key, value);
        json.WriteEndObject();
        json.WriteString("reason", error.Reason);
        json.WriteEndObject();
        json.WriteEndArray();
    }

    private static void Begin(Utf8JsonWriter json, string type)
    {
        json.WriteStartObject();
        json.WriteString("@type", $"type.googleapis.com/google.rpc.{type}");
    }
}
