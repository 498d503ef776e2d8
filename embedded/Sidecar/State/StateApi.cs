using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace OrderMall.Sidecar;

/// <summary>State over HTTP.</summary>
internal sealed class StateApi(Resources resources, StateStore states)
{
    private const string Separator = "||";
    private const string Prefix = "metadata.";

    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public Task SaveAsync(HttpContext http, App caller, string store) => AnswerAsync(http, caller, store, async component =>
    {
        using var document = await ReadJsonAsync(http);
        if (document.RootElement.ValueKind != JsonValueKind.Array)
            throw new JsonException($"json: cannot unmarshal {KindName(document.RootElement)} into Go value of type []state.SetRequest");
        var shared = Metadata(http.Request);
        var operations = document.RootElement.EnumerateArray()
            .Select(item => StateOperation.Read(item, isDelete: false, shared))
            .Select(operation => (KeyOf(component, caller, operation.Key), operation))
            .ToList();
        if (operations.Count > 0)
            await DoAsync(http, caller, store, ct => states.WriteAsync(store, operations, ct));
        http.Response.StatusCode = StatusCodes.Status204NoContent;
    }, problem => ("ERR_STATE_SAVE", $"failed saving state in state store {store}: {problem.Message}", StatusOf(problem)));

    public Task GetAsync(HttpContext http, App caller, string store, string key) => AnswerAsync(http, caller, store, async component =>
    {
        var name = KeyOf(component, caller, key);
        StateValue? found = null;
        await DoAsync(http, caller, store, async ct => found = await states.GetAsync(store, name, ct));
        if (found is null)
        {
            http.Response.StatusCode = StatusCodes.Status204NoContent;
            return;
        }

        http.Response.Headers.ETag = found.Etag.ToString(CultureInfo.InvariantCulture);
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = found.Json.Length;
        await http.Response.BodyWriter.WriteAsync(found.Json, http.RequestAborted);
    }, problem => ("ERR_STATE_GET", $"fail to get {key} from state store {store}: {problem.Message}", StatusOf(problem)));

    public Task DeleteAsync(HttpContext http, App caller, string store, string key) => AnswerAsync(http, caller, store, async component =>
    {
        var name = KeyOf(component, caller, key);
        var etag = http.Request.Headers.IfMatch.ToString();
        var operation = new StateOperation(key, null, etag.Length > 0 ? etag : null, false, null);
        await DoAsync(http, caller, store, ct => states.WriteAsync(store, [(name, operation)], ct));
        http.Response.StatusCode = StatusCodes.Status204NoContent;
    }, problem => ("ERR_STATE_DELETE", $"failed deleting state with key {key}: {problem.Message}", StatusOf(problem)));

    public Task TransactAsync(HttpContext http, App caller, string store) => AnswerAsync(http, caller, store, async component =>
    {
        using var document = await ReadJsonAsync(http);
        if (document.RootElement.ValueKind != JsonValueKind.Object)
            throw new JsonException("the body must be an object with operations");
        var shared = Metadata(http.Request);
        var operations = new List<(string, StateOperation)>();
        if (document.RootElement.TryGetProperty("operations", out var items) && items.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in items.EnumerateArray())
            {
                var kind = item.TryGetProperty("operation", out var given) ? given.ToString() : "";
                if (kind is not ("upsert" or "delete"))
                {
                    await new DaprError(
                        StatusCodes.Status400BadRequest,
                        "ERR_NOT_SUPPORTED_STATE_OPERATION",
                        $"operation type {kind} not supported").WriteAsync(http.Response);
                    return;
                }

                var request = item.TryGetProperty("request", out var body) ? body : default;
                var operation = StateOperation.Read(request, kind == "delete", shared);
                operations.Add((KeyOf(component, caller, operation.Key), operation));
            }
        }

        if (operations.Count > 0)
            await DoAsync(http, caller, store, ct => states.WriteAsync(store, operations, ct));
        http.Response.StatusCode = StatusCodes.Status204NoContent;
    }, problem => ("ERR_STATE_TRANSACTION", $"error while executing state transaction: {problem.Message}", StatusCodes.Status500InternalServerError));

    public Task GetBulkAsync(HttpContext http, App caller, string store) => AnswerAsync(http, caller, store, async component =>
    {
        using var document = await ReadJsonAsync(http);
        if (document.RootElement.ValueKind != JsonValueKind.Object
            || !document.RootElement.TryGetProperty("keys", out var given)
            || given.ValueKind != JsonValueKind.Array)
            throw new JsonException("the body must be an object with a list of keys");
        var keys = given.EnumerateArray().Select(key => key.ToString()).ToList();
        var names = keys.Select(key => KeyOf(component, caller, key)).ToArray();
        var found = new Dictionary<string, StateValue>();
        if (keys.Count > 0)
            await DoAsync(http, caller, store, async ct => found = await states.GetAsync(store, names, ct));
        await WriteBulkAsync(http, keys, [.. names.Select(found.GetValueOrDefault)]);
    }, problem => ("ERR_STATE_BULK_GET", problem.Message, StatusOf(problem)));

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
                }

                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        http.Response.ContentType = "application/json";
        http.Response.ContentLength = body.WrittenCount;
        await http.Response.BodyWriter.WriteAsync(body.WrittenMemory, http.RequestAborted);
    }

    /// <summary>Finds the store and does what is asked; whatever goes wrong becomes an answer in Dapr's shape.</summary>
    private async Task AnswerAsync(
        HttpContext http, App caller, string store, Func<Component, Task> answer, Func<Exception, (string Code, string Message, int Status)> describe)
    {
        if (resources.StateStore(store, caller.AppId) is not { } component)
        {
            await new DaprError(StatusCodes.Status400BadRequest, "ERR_STATE_STORE_NOT_FOUND", $"state store {store} is not found")
            {
                Reason = "DAPR_STATE_NOT_FOUND",
                ReasonMetadata = ("appID", caller.AppId),
            }.WriteAsync(http.Response);
            return;
        }

        try
        {
            await answer(component);
        }
        catch (JsonException mistake)
        {
            await new DaprError(StatusCodes.Status400BadRequest, "ERR_MALFORMED_REQUEST", mistake.Message).WriteAsync(http.Response);
        }
        catch (IllegalKeyException mistake)
        {
            await new DaprError(StatusCodes.Status400BadRequest, "ERR_MALFORMED_REQUEST", mistake.Message) { Reason = "DAPR_STATE_ILLEGAL_KEY" }
                .WriteAsync(http.Response);
        }
        catch (Exception failure) when (failure is StateException or BodyTooLargeException || ComponentCall.Explain(failure) is not null)
        {
            var (code, message, status) = describe(failure);
            await new DaprError(status, code, message).WriteAsync(http.Response);
        }
    }

    /// <summary>Under the store's outbound policies. What the caller got wrong (an etag) is no failure of the store and is not tried again.</summary>
    private static async Task DoAsync(HttpContext http, App caller, string store, Func<CancellationToken, Task> call)
    {
        var ct = http.RequestAborted;
        if (caller.Policies.ForOutbound(store, "Statestore") is not { } policies)
        {
            await call(ct);
            return;
        }

        StateException? refused = null;
        await ComponentCall.RunAsync(policies, store, async () =>
        {
            try
            {
                await call(ct);
            }
            catch (StateException refusal)
            {
                refused = refusal;
            }
        }, ct);
        if (refused is not null)
            throw refused;
    }

    private static async Task<JsonDocument> ReadJsonAsync(HttpContext http) =>
        JsonDocument.Parse(await RequestBody.ReadAsync(http.Request, http.RequestAborted));

    private static int StatusOf(Exception failure) => failure is StateException { Status: var status } ? status : StatusCodes.Status500InternalServerError;

    private static string KeyOf(Component component, App caller, string key)
    {
        if (key.Contains(Separator, StringComparison.Ordinal))
        {
            throw new IllegalKeyException(
                $"api error: code = InvalidArgument desc = input key/keyPrefix '{key}' can't contain '{Separator}'");
        }

        return component.KeyPrefix.ToLowerInvariant() switch
        {
            "none" => key,
            "name" => $"{component.Name}{Separator}{key}",
            "appid" or "namespace" => $"{caller.AppId}{Separator}{key}",
            var fixedPrefix => $"{fixedPrefix}{Separator}{key}",
        };
    }

    private static Dictionary<string, string> Metadata(HttpRequest request) =>
        request.Query
            .Where(item => item.Key.StartsWith(Prefix, StringComparison.Ordinal))
            .ToDictionary(item => item.Key[Prefix.Length..], item => item.Value.ToString(), StringComparer.OrdinalIgnoreCase);

    private static string KindName(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => "object",
        JsonValueKind.String => "string",
        JsonValueKind.Number => "number",
        _ => "value",
    };

    private sealed class IllegalKeyException(string message) : Exception(message);
}
