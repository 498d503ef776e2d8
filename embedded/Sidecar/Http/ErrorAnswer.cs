using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace OrderMall.Sidecar.Http;

/// <summary>Writes JSON as Dapr's HTTP API does, and errors in its shape: <c>{"errorCode","message","details"}</c>.</summary>
internal static class ErrorAnswer
{
    // Quotes stay readable in messages, as Dapr writes them; the answer is never put into a page.
    private static readonly JsonSerializerOptions Readable = new(JsonSerializerOptions.Default) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Task WriteAsync(this DaprError error, HttpResponse response)
    {
        response.StatusCode = error.Status;
        var json = new JsonObject { ["errorCode"] = error.Code, ["message"] = error.Message };
        if (error.Reason is not null)
            json["details"] = Details(error);
        return response.WriteAsync(json);
    }

    /// <summary>Writes an answer, with its length.</summary>
    public static async Task WriteAsync(this HttpResponse response, JsonObject json)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(json, Readable);
        response.ContentType = "application/json";
        response.ContentLength = body.Length;
        await response.BodyWriter.WriteAsync(body, response.HttpContext.RequestAborted);
    }

    private static JsonArray Details(DaprError error)
    {
        var details = new JsonArray();
        if (error.Field is var (field, rule))
            details.Add((JsonNode)Typed("BadRequest", new() { ["field_violations"] = new JsonArray(new JsonObject { ["field"] = field, ["description"] = rule }) }));
        if (error.Resource is var (type, name, description))
            details.Add((JsonNode)Typed("ResourceInfo", new() { ["description"] = description, ["owner"] = "", ["resource_name"] = name, ["resource_type"] = type }));
        var metadata = new JsonObject(error.ReasonMetadata.Select(one => KeyValuePair.Create(one.Key, (JsonNode?)one.Value)));
        details.Add((JsonNode)Typed("ErrorInfo", new() { ["domain"] = "dapr.io", ["metadata"] = metadata, ["reason"] = error.Reason }));
        return details;
    }

    private static JsonObject Typed(string type, JsonObject detail)
    {
        detail.Insert(0, "@type", $"type.googleapis.com/google.rpc.{type}");
        return detail;
    }
}
