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
    // What is to be written is looked up for each row among all of its set.
    private const int LargestSet = 500;
    private static readonly TimeSpan PurgeInterval = TimeSpan.FromSeconds(10);

    private const string Live = "(s.expires IS NULL OR s.expires > now())";
    private const string Returning = " RETURNING s.key, s.etag, s.expires";

    // Not by a join with what is to be written: made while there is little, its plan would look through all of that, or all of the store, for each row.
    private const string Mine = "[array_position($2, s.key)]";
    private const string WhereKeys = " WHERE s.store = $1 AND s.key = ANY($2)";

    private const string Delete = $"DELETE FROM state AS s{WhereKeys}{Returning}";
    private const string DeleteVersion = $"DELETE FROM state AS s{WhereKeys} AND s.etag = ($3){Mine} AND {Live}{Returning}";
    private const string WhereVersions = $"{WhereKeys} AND s.etag = ($5){Mine} AND {Live}{Returning}";
    private const string Replace = $"UPDATE state AS s SET value = ($3){Mine}, expires = ($4){Mine}, etag = s.etag + 1{WhereVersions}";
    private const string ReplaceKeepingExpiry = $"UPDATE state AS s SET value = ($3){Mine}, etag = s.etag + 1{WhereVersions}";

    private const string Insert =
        "INSERT INTO state AS s (store, key, value, expires, etag) SELECT $1, w.key, w.value, w.expires, 1 FROM unnest($2, $3, $4) AS w(key, value, expires) " +
        "ON CONFLICT (store, key) DO UPDATE SET value = EXCLUDED.value, ";
    private const string NextEtag = "etag = CASE WHEN s.expires <= now() THEN 1 ELSE s.etag + 1 END";
    private const string WriteFirst = $"{Insert}expires = EXCLUDED.expires, etag = 1 WHERE s.expires <= now(){Returning}";
    private const string WriteAny = $"{Insert}expires = EXCLUDED.expires, {NextEtag}{Returning}";
    private const string WriteAnyKeepingExpiry = $"{Insert}expires = CASE WHEN s.expires <= now() THEN NULL ELSE s.expires END, {NextEtag}{Returning}";

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
        var writes = Read(operations);
        // One statement for all that do the same. It can write a key only once: what else is to become of the key is for a later one.
        var sets = writes.GroupBy(write => (write.Turn, write.Statement)).OrderBy(set => set.Key.Turn).SelectMany(set => set.Chunk(LargestSet)).ToList();
        await using var connection = await database.Durable.OpenConnectionAsync(cancellationToken);
        // Which etags are stale is known only when the other rows are written, so nothing is committed before that. Where nothing can be
        // refused, a batch is all or none by itself.
        await using var transaction = writes.Count > 1 && writes.Exists(write => write.MayBeRefused)
            ? await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken)
            : null;
        await using var batch = new NpgsqlBatch(connection, transaction);
        sets.ForEach(set => batch.BatchCommands.Add(Command(store, set)));
        var written = new Dictionary<string, StateValue?>(writes.Count);
        await using (var rows = await batch.ExecuteReaderAsync(cancellationToken))
        {
            foreach (var set in sets)
            {
                var byKey = set.ToDictionary(write => write.Key);
                while (await rows.ReadAsync(cancellationToken))
                {
                    var write = byKey[rows.GetString(0)];
                    write.Done = true;
                    written[write.Key] = write.Operation.Value is { } value ? new(value, rows.GetInt64(1), ExpiryOf(rows, 2)) : null;
                }

                await rows.NextResultAsync(cancellationToken);
            }
        }

        if (writes.Find(write => write is { Done: false, MayBeRefused: true }) is { } refused)
            throw refused.Refusal();
        if (transaction is not null)
            await transaction.CommitAsync(cancellationToken);
        return written;
    }

    // In the order of their keys, so that of several mistakes the same one is told each time; those of one key as they came. What order the
    // database locks them in does not matter: requests for the same keys wait for each other in StateCache.HoldAsync, and nobody else writes.
    private static List<Write> Read(IReadOnlyList<(string Key, StateOperation Operation)> operations)
    {
        var writes = new List<Write>(operations.Count);
        foreach (var (key, operation) in operations.OrderBy(item => item.Key, StringComparer.Ordinal))
        {
            operation.CheckOptions();
            writes.Add(new(key, writes is [.., var last] && last.Key == key ? last.Turn + 1 : 0, operation));
        }

        return writes;
    }

    private Task<Dictionary<string, StateValue>> ReadAsync(string store, string[] keys, CancellationToken cancellationToken) => database.DoAsync(async () =>
    {
        await using var command = database.Durable.CreateCommand(
            $"SELECT s.key, s.value, s.etag, s.expires FROM state AS s WHERE s.store = $1 AND s.key = ANY($2) AND {Live}");
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

    /// <summary>Removes the keys that have expired by now.</summary>
    public async Task PurgeExpiredAsync(CancellationToken cancellationToken)
    {
        try
        {
            int purged;
            do
            {
                purged = await database.DoAsync(async () =>
                {
                    // By their places: by their keys, a plan may read the whole table.
                    await using var command = database.Durable.CreateCommand(
                        "DELETE FROM state WHERE ctid = ANY(ARRAY(SELECT ctid FROM state WHERE expires <= now() LIMIT $1 FOR UPDATE SKIP LOCKED))");
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
    private static NpgsqlBatchCommand Command(string store, Write[] set)
    {
        var command = new NpgsqlBatchCommand(set[0].Statement);
        command.Parameters.Add(new() { Value = store });
        command.Parameters.Add(new() { Value = Array.ConvertAll(set, write => write.Key), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text });
        if (set[0].Operation.Value is not null)
        {
            command.Parameters.Add(new() { Value = Array.ConvertAll(set, write => write.Operation.Value!), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea });
            command.Parameters.Add(new() { Value = Array.ConvertAll(set, write => write.Expires), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz });
        }

        if (set[0].Etag is not null)
            command.Parameters.Add(new() { Value = Array.ConvertAll(set, write => write.Etag!.Value), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint });
        return command;
    }

    private static DateTime? ExpiryOf(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetDateTime(column);

    /// <summary>One operation of a request.</summary>
    /// <param name="turn">How many on the same key go before it.</param>
    private sealed class Write(string key, int turn, StateOperation operation)
    {
        public string Key => key;

        public int Turn => turn;

        public StateOperation Operation => operation;

        public long? Etag { get; } = operation.ParseEtag();

        public DateTime? Expires { get; } = operation.Value is null ? null : operation.ParseExpiry(DateTime.UtcNow);

        /// <summary>Whether it found what it is for.</summary>
        public bool Done { get; set; }

        // Deleting what is not there is none too many.
        public bool MayBeRefused => operation.Etag is not null || operation is { Value: not null, FirstWrite: true };

        public string Statement { get; } = operation switch
        {
            { Value: null, Etag: null } => Delete,
            { Value: null } => DeleteVersion,
            { Etag: not null, KeepsExpiry: true } => ReplaceKeepingExpiry,
            { Etag: not null } => Replace,
            { FirstWrite: true } => WriteFirst,
            { KeepsExpiry: true } => WriteAnyKeepingExpiry,
            _ => WriteAny,
        };

        public StateException Refusal() => operation.Etag is not null
            ? StateException.StaleEtag()
            : new(StatusCodes.Status500InternalServerError, $"failed to set key {key}: it exists and this is not its first write");
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Expired state is not removed yet: {Problem}")]
    private static partial void LogPurge(ILogger logger, string problem);
}
