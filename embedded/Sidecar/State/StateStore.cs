using System.Data;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Npgsql;
using NpgsqlTypes;

namespace OrderMall.Sidecar.State;

/// <summary>A value of a state store.</summary>
/// <param name="Etag">Its version: 1 for the first save, one more for each after it, as Redis counts.</param>
/// <param name="Expires">When it expires; <see langword="null"/> for never.</param>
internal sealed record StateValue(byte[] Json, long Etag, DateTime? Expires)
{
    /// <summary>What an app is told besides.</summary>
    public Dictionary<string, string> Metadata => Expires is { } expires
        ? new() { ["ttlExpireTime"] = expires.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture) }
        : [];
}

/// <summary>State in PostgreSQL: numeric etags as with Redis, whole transactions as with PostgreSQL.</summary>
internal sealed partial class StateStore(SidecarDatabase database, ILogger logger) : IDisposable
{
    private readonly StateCache _cache = new();

    private const int PurgeBatch = 500;
    private static readonly TimeSpan PurgeInterval = TimeSpan.FromSeconds(10);

    private const string Live = "(expires IS NULL OR expires > now())";

    public async Task<StateValue?> GetAsync(string store, string key, CancellationToken cancellationToken)
    {
        if (_cache.Find(store, key) is { } known)
            return known;
        using (await _cache.HoldAsync(store, [key], cancellationToken))
        {
            var value = (await ReadAsync(store, [key], cancellationToken)).GetValueOrDefault(key);
            if (value is { Expires: null })
                _cache.Remember(store, key, value);
            return value;
        }
    }

    public async Task<Dictionary<string, StateValue>> GetAsync(string store, string[] keys, CancellationToken cancellationToken)
    {
        var found = new Dictionary<string, StateValue>(keys.Length);
        foreach (var key in keys)
        {
            if (_cache.Find(store, key) is { } known)
                found[key] = known;
        }

        if (found.Count == keys.Length)
            return found;
        foreach (var (key, value) in await ReadAsync(store, [.. keys.Where(key => !found.ContainsKey(key))], cancellationToken))
            found[key] = value;
        return found;
    }

    /// <summary>Carries out all of the operations, or none.</summary>
    /// <exception cref="StateException">An etag is stale, or a first write was not the first.</exception>
    public async Task WriteAsync(string store, IReadOnlyList<(string Key, StateOperation Operation)> operations, CancellationToken cancellationToken)
    {
        using var hold = await _cache.HoldAsync(store, operations.Select(item => item.Key), cancellationToken);
        // Whatever becomes of the write, what was known before may no longer be so.
        foreach (var (key, _) in operations)
            _cache.Forget(store, key);
        foreach (var (key, value) in await database.DoAsync(() => WriteAsync(operations, store, cancellationToken)))
        {
            if (value is { Expires: null })
                _cache.Remember(store, key, value);
        }
    }

    public void Dispose() => _cache.Dispose();

    // What was written, by its key; null where it was deleted.
    private async Task<Dictionary<string, StateValue?>> WriteAsync(IReadOnlyList<(string Key, StateOperation Operation)> operations, string store, CancellationToken cancellationToken)
    {
        await using var connection = await database.Durable.OpenConnectionAsync(cancellationToken);
        await using var transaction = operations.Count > 1 ? await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken) : null;
        await using var batch = new NpgsqlBatch(connection, transaction);
        // In the order of their keys, so that two requests for the same keys cannot block each other for good.
        var ordered = operations.OrderBy(item => item.Key, StringComparer.Ordinal).ToList();
        ordered.ForEach(item => batch.BatchCommands.Add(Command(store, item.Key, item.Operation)));
        var written = new Dictionary<string, StateValue?>(ordered.Count);
        await using (var rows = await batch.ExecuteReaderAsync(cancellationToken))
        {
            foreach (var (key, operation) in ordered)
            {
                if (await rows.ReadAsync(cancellationToken))
                    written[key] = operation.Value is { } value ? new(value, rows.GetInt64(0), ExpiryOf(rows, 1)) : null;
                else
                    Refuse(key, operation);
                await rows.NextResultAsync(cancellationToken);
            }
        }

        if (transaction is not null)
            await transaction.CommitAsync(cancellationToken);
        return written;
    }

    private Task<Dictionary<string, StateValue>> ReadAsync(string store, string[] keys, CancellationToken cancellationToken) => database.DoAsync(async () =>
    {
        await using var command = database.Durable.CreateCommand(
            $"SELECT key, value, etag, expires FROM state WHERE store = $1 AND key = ANY($2) AND {Live}");
        command.Parameters.Add(new() { Value = store });
        command.Parameters.Add(new() { Value = keys });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var found = new Dictionary<string, StateValue>(keys.Length);
        while (await reader.ReadAsync(cancellationToken))
            found[reader.GetString(0)] = new(reader.GetFieldValue<byte[]>(1), reader.GetInt64(2), ExpiryOf(reader, 3));
        return found;
    });

    /// <summary>Removes expired keys, a few at a time, for as long as the sidecar runs.</summary>
    public async Task PurgeAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(PurgeInterval);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
                await PurgeExpiredAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // The sidecar stops.
        }
    }

    private async Task PurgeExpiredAsync(CancellationToken cancellationToken)
    {
        try
        {
            int purged;
            do
            {
                purged = await database.DoAsync(async () =>
                {
                    await using var command = database.Durable.CreateCommand(
                        "DELETE FROM state WHERE (store, key) IN (SELECT store, key FROM state WHERE expires <= now() LIMIT $1 FOR UPDATE SKIP LOCKED)");
                    command.Parameters.Add(new() { Value = PurgeBatch });
                    return await command.ExecuteNonQueryAsync(cancellationToken);
                });
            }
            while (purged == PurgeBatch);
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            LogPurge(logger, failure.Message);
        }
    }

    [SuppressMessage("Security", "CA2100", Justification = "Statement chooses among constants.")]
    private static NpgsqlBatchCommand Command(string store, string key, StateOperation operation)
    {
        operation.CheckOptions();
        var etag = operation.ParseEtag();
        var command = new NpgsqlBatchCommand(Statement(operation));
        command.Parameters.Add(new() { Value = store });
        command.Parameters.Add(new() { Value = key });
        if (operation.Value is not null)
        {
            command.Parameters.Add(new() { Value = operation.Value });
            command.Parameters.Add(new()
            {
                NpgsqlDbType = NpgsqlDbType.TimestampTz,
                Value = operation.ParseExpiry(DateTime.UtcNow) is { } expires ? expires : DBNull.Value,
            });
        }

        if (etag is not null)
            command.Parameters.Add(new() { Value = etag.Value });
        return command;
    }

    // Nothing was written: deleting what is not there is none too many.
    private static void Refuse(string key, StateOperation operation)
    {
        if (operation.Etag is not null)
            throw StateException.StaleEtag();
        if (operation.Value is not null)
            throw new StateException(StatusCodes.Status500InternalServerError, $"failed to set key {key}: it exists and this is not its first write");
    }

    private static DateTime? ExpiryOf(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetDateTime(column);

    private static string Statement(StateOperation operation) => operation switch
    {
        { Value: null, Etag: null } => "DELETE FROM state WHERE store = $1 AND key = $2 RETURNING etag",
        { Value: null } => $"DELETE FROM state WHERE store = $1 AND key = $2 AND etag = $3 AND {Live} RETURNING etag",
        { Etag: not null } =>
            $"UPDATE state SET value = $3, expires = {(operation.KeepsExpiry ? "expires" : "$4")}, etag = etag + 1 WHERE store = $1 AND key = $2 AND etag = $5 AND {Live} RETURNING etag, expires",
        _ =>
            "INSERT INTO state AS s (store, key, value, expires, etag) VALUES ($1, $2, $3, $4, 1) ON CONFLICT (store, key) DO UPDATE " +
            $"SET value = EXCLUDED.value, expires = {(operation.KeepsExpiry ? "CASE WHEN s.expires <= now() THEN NULL ELSE s.expires END" : "EXCLUDED.expires")}, etag = CASE WHEN s.expires <= now() THEN 1 ELSE s.etag + 1 END" +
            (operation.FirstWrite ? " WHERE s.expires <= now()" : "") + " RETURNING etag, expires",
    };

    [LoggerMessage(Level = LogLevel.Warning, Message = "Expired state is not removed yet: {Problem}")]
    private static partial void LogPurge(ILogger logger, string problem);
}
