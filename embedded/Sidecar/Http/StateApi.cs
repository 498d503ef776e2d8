using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace OrderMall.Sidecar.Http;

/// <summary>State over HTTP.</summary>
internal sealed class StateApi(StateStores stores)
{
    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public async Task SaveAsync(HttpContext http, App caller, string store)
    {
        var state = Open(caller, store);
        using var document = await ReadJsonAsync(http);
        if (document.RootElement.ValueKind is not (JsonValueKind.Array or JsonValueKind.Null))
            throw Malformed($"json: cannot unmarshal {document.RootElement.Kind()} into Go value of type []state.SetRequest");
        var shared = RequestMetadata.Of(http.Request);
        await state.SaveAsync(Read(Items(document.RootElement).Select(item => (item, isDelete: false)), shared), http.RequestAborted);
        http.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    public async Task GetAsync(HttpContext http, App caller, string store, string key)
    {
        if (await Open(caller, store).GetAsync(key, http.RequestAborted) is not { } found)
        {
            http.Response.StatusCode = StatusCodes.Status204NoContent;
            return;
        }

        foreach (var (name, value) in found.Metadata)
            http.Response.Headers[$"Metadata.{name}"] = value;
        http.Response.Headers.ETag = found.Etag.ToString(CultureInfo.InvariantCulture);
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = found.Json.Length;
        await http.Response.BodyWriter.WriteAsync(found.Json, http.RequestAborted);
    }

    public async Task DeleteAsync(HttpContext http, App caller, string store, string key)
    {
        await Open(caller, store).DeleteAsync(StateOperation.Delete(key, http.Request.Headers.IfMatch.ToString()) with
        {
            Concurrency = http.Request.Query["concurrency"],
            Consistency = http.Request.Query["consistency"],
        }, http.RequestAborted);
        http.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    public async Task TransactAsync(HttpContext http, App caller, string store)
    {
        var state = Open(caller, store);
        using var document = await ReadJsonAsync(http);
        if (document.RootElement.ValueKind != JsonValueKind.Object)
            throw Malformed("the body must be an object with operations");
        var operations = Items(document.RootElement.Field("operations") ?? default).Select(item => (
            item.Field("request") ?? throw Malformed("an operation has no request"),
            AppState.IsDelete(item.Field("operation")?.ToString() ?? "")));
        await state.TransactAsync(Read(operations, RequestMetadata.Of(http.Request)), http.RequestAborted);
        http.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    public async Task GetBulkAsync(HttpContext http, App caller, string store)
    {
        var state = Open(caller, store);
        using var document = await ReadJsonAsync(http);
        if (document.RootElement.ValueKind != JsonValueKind.Object)
            throw Malformed("the body must be an object with a list of keys");
        var keys = Items(document.RootElement.Field("keys") ?? default).Select(key =>
            key.ValueKind == JsonValueKind.String ? key.GetString()! : throw Malformed($"failed deserializing HTTP body: {key.IsNot("BulkGetRequest.keys", "string").Message}")).ToList();
        await WriteBulkAsync(http, keys, await state.GetAsync(keys, http.RequestAborted));
    }

    // Over HTTP, Dapr says also who has no such store.
    private AppState Open(App caller, string store)
    {
        try
        {
            return stores.Open(caller, store);
        }
        catch (DaprErrorException missing)
        {
            throw new DaprErrorException(missing.Error with { ReasonMetadata = new Dictionary<string, string> { ["appID"] = caller.AppId } });
        }
    }

    private static List<StateOperation> Read(IEnumerable<(JsonElement Item, bool IsDelete)> items, Dictionary<string, string> shared)
    {
        try
        {
            return [.. items.Select(item => StateOperation.Read(item.Item, item.IsDelete, shared))];
        }
        catch (JsonException mistake)
        {
            throw Malformed(mistake.Message);
        }
    }

    private static async Task WriteBulkAsync(HttpContext http, List<string> keys, StateValue?[] values)
    {
        var body = new ArrayBufferWriter<byte>(4096);
        await using (var json = new Utf8JsonWriter(body, Readable))
        {
            json.WriteStartArray();
            for (var i = 0; i < keys.Count; i++)
            {
                json.WriteStartObject();
                json.WriteString("key", keys[i]);
                if (values[i] is { } value)
                {
                    json.WritePropertyName("data");
                    json.WriteRawValue(value.Json, skipInputValidation: true);
                    json.WriteString("etag", value.Etag.ToString(CultureInfo.InvariantCulture));
                    if (value.Metadata is { Count: > 0 } metadata)
                    {
                        json.WriteStartObject("metadata");
                        foreach (var (name, text) in metadata)
                            json.WriteString(name, text);
                        json.WriteEndObject();
                    }
                }

                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        http.Response.ContentType = "application/json";
        http.Response.ContentLength = body.WrittenCount;
        await http.Response.BodyWriter.WriteAsync(body.WrittenMemory, http.RequestAborted);
    }

    private static async Task<JsonDocument> ReadJsonAsync(HttpContext http)
    {
        try
        {
            return JsonDocument.Parse(await RequestBody.ReadAsync(http.Request, http.RequestAborted));
        }
        catch (Exception mistake) when (mistake is JsonException or BodyTooLargeException)
        {
            throw Malformed(mistake.Message);
        }
    }

    private static DaprErrorException Malformed(string problem) => new(new(StatusCodes.Status400BadRequest, "ERR_MALFORMED_REQUEST", problem));

    private static IEnumerable<JsonElement> Items(JsonElement list) => list.ValueKind == JsonValueKind.Array ? list.EnumerateArray() : [];
}
