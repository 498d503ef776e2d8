using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Dapr.Client;

namespace OrderMall.ServiceDefaults.Sidecar.Sdk;

/// <summary>The state store by the Dapr SDK. Values go as bytes, so that they are written as JSON as everywhere else.</summary>
internal sealed class SdkStateStore(DaprClient dapr) : IStateStore
{
    private static readonly StateOptions FirstWrite = new() { Concurrency = ConcurrencyMode.FirstWrite };

    public async Task<StateEntry<T>> GetAsync<T>(string key, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class
    {
        var (value, etag) = await ReachAsync(key, limit => dapr.GetByteStateAndETagAsync(SidecarEndpoint.StateStore, key, cancellationToken: limit), cancellationToken);
        return etag is { Length: > 0 } ? new StateEntry<T>(Read(key, value.Span, type), etag) : default;
    }

    public async Task<IReadOnlyDictionary<string, T>> GetManyAsync<T>(IReadOnlyCollection<string> keys, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class
    {
        var found = new Dictionary<string, T>(keys.Count);
        if (keys.Count == 0)
            return found;
        var items = await ReachAsync(
            "several keys",
            limit => dapr.GetBulkStateAsync(SidecarEndpoint.StateStore, [.. keys], parallelism: 10, cancellationToken: limit),
            cancellationToken);
        foreach (var item in items)
        {
            if (item.Value is { Length: > 0 } value)
                found[item.Key] = Read(item.Key, System.Text.Encoding.UTF8.GetBytes(value), type);
            // The SDK drops the error of a key that could not be read, which then looks like one that is not there.
            else if ((await GetAsync(item.Key, type, cancellationToken)).Value is { } missed)
                found[item.Key] = missed;
        }

        return found;
    }

    public async Task<bool> TrySaveAsync<T>(string key, T value, string? etag, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(value, type);
        if (etag is not null)
            return await ReachAsync(key, limit => dapr.TrySaveByteStateAsync(SidecarEndpoint.StateStore, key, bytes, etag, FirstWrite, cancellationToken: limit), cancellationToken);
        try
        {
            return await ReachAsync(key, CreateAsync, cancellationToken);
        }
        catch (SidecarException)
        {
            // Creating a key that exists fails as a broken store does: a look tells them apart.
            if ((await GetAsync(key, type, cancellationToken)).ETag is not null)
                return false;
            throw;
        }

        async Task<bool> CreateAsync(CancellationToken limit)
        {
            await dapr.SaveByteStateAsync(SidecarEndpoint.StateStore, key, bytes, FirstWrite, cancellationToken: limit);
            return true;
        }
    }

    private static T Read<T>(string key, ReadOnlySpan<byte> value, JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(value, type) ?? throw new SidecarException($"State of {key}: it is null.");
        }
        catch (JsonException e)
        {
            throw new SidecarException($"State of {key}: {e.Message}", e);
        }
    }

    private static Task<T> ReachAsync<T>(string key, Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken) =>
        SdkCall.ReachAsync($"State of {key}", call, cancellationToken);
}
