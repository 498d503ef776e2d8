using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Dapr;
using Dapr.Client;
using Grpc.Core;

namespace OrderMall.ServiceDefaults.Dapr;

/// <summary>
/// The service's keys in the Dapr state store. There are no transactions over several keys: they are not atomic on every store, and on Redis
/// they do not keep a key from being created twice. Values go as bytes, written by the service's own source-generated JSON.
/// </summary>
public sealed class StateStore(DaprClient dapr, string store)
{
    private const int BulkParallelism = 10;
    private const int MostConflicts = 20;

    private static readonly StateOptions FirstWrite = new() { Concurrency = ConcurrencyMode.FirstWrite };

    /// <summary>Reads a key.</summary>
    /// <param name="key">The key; may not contain <c>||</c>.</param>
    /// <returns>The value with its ETag, or an entry without either where there is no such key.</returns>
    /// <exception cref="SidecarException">The store did not answer.</exception>
    public async Task<StateEntry<T>> GetAsync<T>(string key, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class
    {
        var (value, etag) = await ReachAsync(key, limit => dapr.GetByteStateAndETagAsync(store, key, cancellationToken: limit), cancellationToken);
        return etag is { Length: > 0 } ? new StateEntry<T>(Read(key, value.Span, type), etag) : default;
    }

    /// <summary>Reads several keys.</summary>
    /// <returns>What was found with its ETag, by key; missing keys are absent.</returns>
    /// <exception cref="SidecarException">The store did not answer.</exception>
    public async Task<IReadOnlyDictionary<string, StateEntry<T>>> GetManyAsync<T>(IReadOnlyCollection<string> keys, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class
    {
        var found = new Dictionary<string, StateEntry<T>>(keys.Count);
        if (keys.Count == 0)
            return found;
        var items = await ReachAsync(
            "several keys",
            limit => dapr.GetBulkStateAsync(store, [.. keys], BulkParallelism, cancellationToken: limit),
            cancellationToken);
        var missing = new List<string>();
        foreach (var item in items)
        {
            if (item.Value is { Length: > 0 } value)
                found[item.Key] = new(Read(item.Key, Encoding.UTF8.GetBytes(value), type), item.ETag);
            else
                missing.Add(item.Key);
        }

        // The SDK drops the error of a key that could not be read, which then looks like one that is not there.
        var missed = new ConcurrentDictionary<string, StateEntry<T>>();
        await Parallel.ForEachAsync(missing, new ParallelOptions { MaxDegreeOfParallelism = BulkParallelism, CancellationToken = cancellationToken }, async (key, token) =>
        {
            if (await GetAsync(key, type, token) is { Value: not null } entry)
                missed[key] = entry;
        });
        foreach (var (key, entry) in missed)
            found[key] = entry;
        return found;
    }

    /// <summary>Writes a key if nobody else has since it was read.</summary>
    /// <param name="etag">The ETag it was read with; <see langword="null"/> to create a key that must not exist.</param>
    /// <param name="life">How long it is kept; for good where nothing is said.</param>
    /// <returns><see langword="false"/> when somebody else wrote first: read again.</returns>
    /// <exception cref="SidecarException">The store did not answer.</exception>
    public async Task<bool> TrySaveAsync<T>(string key, T value, string? etag, JsonTypeInfo<T> type, CancellationToken cancellationToken, TimeSpan? life = null)
        where T : class
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(value, type);
        var metadata = life is { TotalSeconds: var seconds } ? new Dictionary<string, string> { ["ttlInSeconds"] = seconds.ToString("0", CultureInfo.InvariantCulture) } : null;
        if (etag is not null)
            return await ReachAsync(key, limit => dapr.TrySaveByteStateAsync(store, key, bytes, etag, FirstWrite, metadata, limit), cancellationToken);
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
            await dapr.SaveByteStateAsync(store, key, bytes, FirstWrite, metadata, limit);
            return true;
        }
    }

    /// <summary>Reads a key, changes its value and writes it; on a conflict it retries from reading, with back-off, 20 times at most.</summary>
    /// <param name="change">Makes what is written of what is there, <see langword="null"/> where there is no such key; it writes nothing by <see langword="null"/>.</param>
    /// <returns>What was written; <see langword="null"/> where nothing was.</returns>
    /// <exception cref="SidecarException">The store did not answer, or there was a conflict each time.</exception>
    public async Task<T?> ChangeAsync<T>(string key, JsonTypeInfo<T> type, Func<T?, Task<T?>> change, CancellationToken cancellationToken)
        where T : class
    {
        for (var conflicts = 1; ; conflicts++)
        {
            var (stored, etag) = await GetAsync(key, type, cancellationToken);
            var changed = await change(stored);
            if (changed is null || await TrySaveAsync(key, changed, etag, type, cancellationToken))
                return changed;
            if (conflicts == MostConflicts)
                throw new SidecarException($"State of {key}: somebody else wrote it first, {MostConflicts} times in a row.");
            // Back-off with jitter.
            await Task.Delay(Random.Shared.Next(1, 8 * conflicts), cancellationToken);
        }
    }

    /// <inheritdoc cref="ChangeAsync{T}(string, JsonTypeInfo{T}, Func{T, Task{T}}, CancellationToken)"/>
    public Task<T?> ChangeAsync<T>(string key, JsonTypeInfo<T> type, Func<T?, T?> change, CancellationToken cancellationToken)
        where T : class => ChangeAsync<T>(key, type, stored => Task.FromResult(change(stored)), cancellationToken);

    /// <summary>Writes several keys in one call, each if nobody else has since it was read.</summary>
    /// <returns>
    /// <see langword="false"/> when somebody else wrote one of them first, or the store refused one for another reason: what became of the others is
    /// up to the store. Read all of them again, and write each by itself, which tells the reasons apart.
    /// </returns>
    /// <exception cref="SidecarException">There was no answer.</exception>
    public async Task<bool> TrySaveManyAsync(IReadOnlyCollection<StateWrite> writes, CancellationToken cancellationToken)
    {
        if (writes.Count == 0)
            return true;
        try
        {
            return await ReachAsync("several keys", SaveAsync, cancellationToken);
        }
        catch (SidecarException e) when (e.InnerException is DaprException { InnerException: RpcException { StatusCode: not StatusCode.Unavailable } })
        {
            return false;
        }

        async Task<bool> SaveAsync(CancellationToken limit)
        {
            await dapr.SaveBulkStateAsync(store, [.. writes.Select(write => new SaveStateItem<StateWrite>(write.Key, write, write.ETag!, FirstWrite))], limit);
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
        SidecarCall.ReachAsync($"State of {key}", call, cancellationToken);
}

/// <summary>A value as it was read, and the ETag to write it back with; neither where there is no such key.</summary>
public readonly record struct StateEntry<T>(T? Value, string? ETag)
    where T : class;

/// <summary>A value to write.</summary>
[JsonConverter(typeof(Converter))]
public sealed class StateWrite
{
    private readonly byte[] _json;

    private StateWrite(string key, byte[] json, string? etag) => (Key, _json, ETag) = (key, json, etag);

    /// <summary>The key; may not contain <c>||</c>.</summary>
    public string Key { get; }

    /// <summary>The ETag it was read with; <see langword="null"/> to create a key that must not exist.</summary>
    public string? ETag { get; }

    /// <param name="etag">The ETag it was read with; <see langword="null"/> to create a key that must not exist.</param>
    public static StateWrite Of<T>(string key, T value, string? etag, JsonTypeInfo<T> type)
        where T : class => new(key, JsonSerializer.SerializeToUtf8Bytes(value, type), etag);

    // The SDK writes the values of a bulk save by itself.
    private sealed class Converter : JsonConverter<StateWrite>
    {
        public override StateWrite Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new NotSupportedException("It is only written.");

        public override void Write(Utf8JsonWriter writer, StateWrite value, JsonSerializerOptions options) => writer.WriteRawValue(value._json, skipInputValidation: true);
    }
}
