using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace OrderMall.Sidecar;

/// <summary>An answer of the sidecar itself in Dapr's shape: <c>{"errorCode","message","details"}</c>.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Code">Dapr's code, such as <c>ERR_DIRECT_INVOKE</c>.</param>
/// <param name="Message">For people.</param>
internal sealed record DaprError(int Status, string Code, string Message)
{
    // Quotes stay readable in messages, as Dapr writes them; the answer is never put into a page.
    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Dapr's machine-readable reason, such as <c>DAPR_PUBSUB_NOT_FOUND</c>; adds <c>details</c>.</summary>
    public string? Reason { get; init; }

    /// <summary>The reason's metadata.</summary>
    public (string Name, string Value)? ReasonMetadata { get; init; }

    public static DaprError Invoke(string appId, string problem) =>
        new(StatusCodes.Status500InternalServerError, "ERR_DIRECT_INVOKE", $"failed to invoke, id: {appId}, err: {problem}");

    public static DaprError Denied(string trustDomain, string caller, string appId, string operation, string verb) =>
        Invoke(appId, $"rpc error: code = PermissionDenied desc = access control policy has denied access to id: spiffe://{trustDomain}/ns/default/{caller} operation: {operation} verb: {verb}")
            with { Status = StatusCodes.Status403Forbidden };

    public async Task WriteAsync(HttpResponse response)
    {
        var body = new ArrayBufferWriter<byte>(512);
        Write(body);
        response.StatusCode = Status;
        response.ContentType = "application/json";
        response.ContentLength = body.WrittenCount;
        await response.BodyWriter.WriteAsync(body.WrittenMemory, response.HttpContext.RequestAborted);
    }

    private void Write(ArrayBufferWriter<byte> body)
    {
        using var json = new Utf8JsonWriter(body, Readable);
        json.WriteStartObject();
        json.WriteString("errorCode", Code);
        json.WriteString("message", Message);
        if (Reason is not null)
        {
            json.WriteStartArray("details");
            json.WriteStartObject();
            json.WriteString("@type", "type.googleapis.com/google.rpc.ErrorInfo");
            json.WriteString("domain", "dapr.io");
            json.WriteStartObject("metadata");
            if (ReasonMetadata is var (name, value))
                json.WriteString(name, value);
            json.WriteEndObject();
            json.WriteString("reason", Reason);
            json.WriteEndObject();
            json.WriteEndArray();
        }

        json.WriteEndObject();
    }
}
