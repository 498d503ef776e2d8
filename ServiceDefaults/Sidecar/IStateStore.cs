using System.Text.Json.Serialization.Metadata;

namespace OrderMall.ServiceDefaults.Sidecar;

/// <summary>
/// The service's keys in the Dapr state store. One key at a time: transactions over several keys are not
/// atomic on every store. Two adapters: Dapr's HTTP API, and the Dapr SDK.
/// </summary>
public interface IStateStore
{
    /// <summary>Reads a key.</summary>
    /// <param name="key">The key; may not contain <c>||</c>.</param>
    /// <param name="type">How the value is written as JSON.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <typeparam name="T">The value's type.</typeparam>
    /// <returns>The value with its ETag, or an entry without either where there is no such key.</returns>
    /// <exception cref="SidecarException">The store did not answer.</exception>
    Task<StateEntry<T>> GetAsync<T>(string key, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class;

    /// <summary>Reads several keys.</summary>
    /// <param name="keys">The keys.</param>
    /// <param name="type">How the values are written as JSON.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <typeparam name="T">The values' type.</typeparam>
    /// <returns>What was found, by key; missing keys are absent.</returns>
    /// <exception cref="SidecarException">The store did not answer.</exception>
    Task<IReadOnlyDictionary<string, T>> GetManyAsync<T>(IReadOnlyCollection<string> keys, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class;

    /// <summary>Writes a key if nobody else has since it was read.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">The new value.</param>
    /// <param name="etag">The ETag it was read with; <see langword="null"/> to create a key that must not exist.</param>
    /// <param name="type">How the value is written as JSON.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <typeparam name="T">The value's type.</typeparam>
    /// <returns><see langword="false"/> when somebody else wrote first: read again.</returns>
    /// <exception cref="SidecarException">The store did not answer.</exception>
    Task<bool> TrySaveAsync<T>(string key, T value, string? etag, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class;
}

/// <summary>A value as it was read.</summary>
/// <param name="Value">The value, or <see langword="null"/> where there is no such key.</param>
/// <param name="ETag">To write it back with, or <see langword="null"/> where there is no such key.</param>
/// <typeparam name="T">The value's type.</typeparam>
public readonly record struct StateEntry<T>(T? Value, string? ETag)
    where T : class;
