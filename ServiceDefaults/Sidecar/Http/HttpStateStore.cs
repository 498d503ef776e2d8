using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace OrderMall.ServiceDefaults.Sidecar.Http;

/// <summary>The state store over Dapr's HTTP API.</summary>
internal sealed class HttpStateStore(SidecarEndpoint sidecar) : IStateStore, IDisposable
{
    private readonly HttpClient _http = sidecar.CreateClient("v1.0/state/");

    public Task<StateEntry<T>> GetAsync<T>(string key, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class =>
        ReachAsync(key, async () =>
        {
            using var response = await _http.GetAsync($"{SidecarEndpoint.StateStore}/{Uri.EscapeDataString(key)}", cancellationToken);
            if (response.StatusCode is HttpStatusCode.NoContent or HttpStatusCode.NotFound)
                return default;
            await ThrowUnlessSuccessAsync(response, key, cancellationToken);
            var value = await response.Content.ReadFromJsonAsync(type, cancellationToken);
            // Dapr's ETags are bare numbers, which HttpClient's typed header refuses.
            var etag = response.Headers.TryGetValues("ETag", out var values) ? values.First() : null;
            return new StateEntry<T>(value, etag);
        });

    public Task<IReadOnlyDictionary<string, T>> GetManyAsync<T>(IReadOnlyCollection<string> keys, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class =>
        ReachAsync<IReadOnlyDictionary<string, T>>("several keys", async () =>
        {
            var found = new Dictionary<string, T>(keys.Count);
            if (keys.Count == 0)
                return found;
            var question = new JsonObject
            {
                ["keys"] = new JsonArray([.. keys.Select(key => (JsonNode)key)]),
                ["parallelism"] = 10,
            };
            using var response = await _http.PostAsync($"{SidecarEndpoint.StateStore}/bulk", Json(question.ToJsonString()), cancellationToken);
            await ThrowUnlessSuccessAsync(response, "several keys", cancellationToken);
            using var answer = await JsonDocument.ParseAsync(await response.Content.ReadAsStreamAsync(cancellationToken), cancellationToken: cancellationToken);
            foreach (var entry in answer.RootElement.EnumerateArray())
            {
                if (entry.TryGetProperty("error", out var error))
                    throw new SidecarException($"State of {entry.GetProperty("key").GetString()}: {error.GetString()}");
                if (entry.TryGetProperty("data", out var data) && data.ValueKind != JsonValueKind.Null)
                    found[entry.GetProperty("key").GetString()!] = data.Deserialize(type)!;
            }

            return found;
        });

    public Task<bool> TrySaveAsync<T>(string key, T value, string? etag, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class =>
        ReachAsync(key, async () =>
        {
            using var response = await _http.PostAsync(SidecarEndpoint.StateStore, Json(Write(key, value, etag, type)), cancellationToken);
            if (response.StatusCode == HttpStatusCode.Conflict)
                return false;
            // Creating a key that exists is 500 on Redis and PostgreSQL, as a broken store is: a look tells them apart.
            if (response.StatusCode == HttpStatusCode.InternalServerError && etag is null
                && (await GetAsync(key, type, cancellationToken)).ETag is not null)
            {
                return false;
            }

            await ThrowUnlessSuccessAsync(response, key, cancellationToken);
            return true;
        });

    public void Dispose() => _http.Dispose();

    private static string Write<T>(string key, T value, string? etag, JsonTypeInfo<T> type)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartArray();
            json.WriteStartObject();
            json.WriteString("key", key);
            json.WritePropertyName("value");
            JsonSerializer.Serialize(json, value, type);
            if (etag is not null)
                json.WriteString("etag", etag);
            json.WriteStartObject("options");
            json.WriteString("concurrency", "first-write");
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndArray();
        }

        return System.Text.Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    private static StringContent Json(string json) => new(json, new MediaTypeHeaderValue("application/json"));

    private static async Task ThrowUnlessSuccessAsync(HttpResponseMessage response, string key, CancellationToken cancellationToken)
    {
        if (!response.IsSuccessStatusCode)
            throw new SidecarException($"State of {key}: {(int)response.StatusCode} {await ServiceClient.ExcerptAsync(response, cancellationToken)}");
    }

    private static async Task<T> ReachAsync<T>(string key, Func<Task<T>> attempt)
    {
        try
        {
            return await attempt();
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException { InnerException: TimeoutException } or JsonException)
        {
            throw new SidecarException($"State of {key}: {e.Message}", e);
        }
    }
}
