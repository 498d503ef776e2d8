using System.Data;
using System.Diagnostics;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Npgsql;

namespace OrderMall.ServiceDefaults.Database;

/// <summary>
/// Brings the database's schema up to date before the service listens: the <c>Schema/*.sql</c> files embedded in the
/// service (and the shared ones of this assembly), in the order of their names, each in its own transaction, one
/// replica at a time. A file that was applied may not change any more. A file of one statement that makes or drops an index <c>CONCURRENTLY</c>, which
/// holds no writes up, is applied outside of a transaction, and again after an attempt that was cut off.
/// </summary>
internal sealed partial class SchemaMigrator(NpgsqlDataSource database, Assembly service, ILogger<SchemaMigrator> logger) : IHostedService
{
    // Any number that only this lock uses; advisory locks are per database.
    private const long LockKey = 0x4D616C6C;
    // For the change itself, and for another replica to finish it.
    private const int MigrationSeconds = 1800;
    private static readonly TimeSpan DatabasePatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        // The database may be starting beside us, or end in the middle.
        for (var waited = Stopwatch.StartNew(); ; await Task.Delay(Pause, cancellationToken))
        {
            try
            {
                await MigrateAsync(cancellationToken);
                return;
            }
            catch (Exception e) when (DatabaseFailure.IsTransient(e))
            {
                if (waited.Elapsed > DatabasePatience)
                    throw new InvalidOperationException($"The database {database.ConnectionString} does not answer: {e.Message}", e);
                LogWaiting(e.Message);
                DatabaseFailure.EvictPool(e, database);
            }
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task MigrateAsync(CancellationToken cancellationToken)
    {
        await using var connection = await ConnectAsync(cancellationToken);
        await LockAsync(connection, cancellationToken);
        try
        {
            await ExecuteAsync(connection, "CREATE TABLE IF NOT EXISTS schema_migration (name text PRIMARY KEY, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())", cancellationToken);
            var applied = await AppliedAsync(connection, cancellationToken);
            foreach (var (name, sql) in Scripts().OrderBy(script => script.Name, StringComparer.Ordinal))
                await ApplyAsync(connection, name, sql, applied, cancellationToken);
        }
        finally
        {
            // The pool does not reset sessions: the lock would stay with the connection. With one that broke it is gone.
            if (connection.FullState == ConnectionState.Open)
                await ExecuteAsync(connection, $"SELECT pg_advisory_unlock({LockKey})", CancellationToken.None);
        }
    }

    private async Task ApplyAsync(NpgsqlConnection connection, string name, string sql, Dictionary<string, string> applied, CancellationToken cancellationToken)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(sql)));
        if (applied.TryGetValue(name, out var before))
        {
            if (before != hash)
                throw new InvalidOperationException($"Schema file {name} has changed since it was applied to this database. Restore it, and put the change in a new file with a higher number.");
            return;
        }

        var concurrent = Concurrent().Match(sql);
        if (concurrent.Success)
            await ApplyOutsideAsync(connection, sql, concurrent.Groups["made"].Value, cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (!concurrent.Success)
            await ExecuteAsync(connection, sql, cancellationToken);
        await using var record = new NpgsqlCommand("INSERT INTO schema_migration (name, sha256) VALUES ($1, $2)", connection, transaction)
        {
            Parameters = { new() { Value = name }, new() { Value = hash } },
        };
        await record.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        LogApplied(name);
    }

    // What is not done at once, and not undone where it is cut off: an index that is there and not valid is what an attempt left of it.
    private static async Task ApplyOutsideAsync(NpgsqlConnection connection, string sql, string index, CancellationToken cancellationToken)
    {
        await using var ask = new NpgsqlCommand("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(nullif($1, ''))", connection) { Parameters = { new() { Value = index } } };
        var isValid = (bool?)await ask.ExecuteScalarAsync(cancellationToken);
        if (isValid == true)
            return;
        if (isValid == false)
            await ExecuteAsync(connection, $"DROP INDEX CONCURRENTLY {index}", cancellationToken);
        await ExecuteAsync(connection, sql, cancellationToken);
    }

    // Never by a statement that waits in the database: CONCURRENTLY waits for every statement that goes on there, and would wait for that one for ever.
    private static async Task LockAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        for (var waited = Stopwatch.StartNew(); ; await Task.Delay(Pause, cancellationToken))
        {
            await using var command = new NpgsqlCommand("SELECT pg_try_advisory_lock($1)", connection) { Parameters = { new() { Value = LockKey } } };
            if ((bool)(await command.ExecuteScalarAsync(cancellationToken))!)
                return;
            if (waited.Elapsed > TimeSpan.FromSeconds(MigrationSeconds))
                throw new InvalidOperationException($"Another instance has been changing the schema of the database for {MigrationSeconds} s: see what it waits for in pg_stat_activity, end that, and start again.");
        }
    }

    private IEnumerable<(string Name, string Sql)> Scripts()
    {
        foreach (var assembly in new[] { typeof(SchemaMigrator).Assembly, service }.Distinct())
        {
            foreach (var resource in assembly.GetManifestResourceNames().Where(name => name.EndsWith(".sql", StringComparison.Ordinal)))
            {
                using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
                yield return (resource.Split('.')[^2] + ".sql", reader.ReadToEnd());
            }
        }
    }

    private async Task<NpgsqlConnection> ConnectAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await database.OpenConnectionAsync(cancellationToken);
        }
        catch (NpgsqlException e) when (!e.IsTransient)
        {
            throw new InvalidOperationException($"The database {database.ConnectionString} did not let us in: {e.Message}", e);
        }
    }

    private static async Task<Dictionary<string, string>> AppliedAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT name, sha256 FROM schema_migration", connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var applied = new Dictionary<string, string>();
        while (await reader.ReadAsync(cancellationToken))
            applied[reader.GetString(0)] = reader.GetString(1);
        return applied;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
#pragma warning disable CA2100 // The statements are this file's constants and the project's own schema files.
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = MigrationSeconds };
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    [GeneratedRegex(@"^(CREATE (UNIQUE )?INDEX CONCURRENTLY (?<made>[a-z_0-9]+) ON|DROP INDEX CONCURRENTLY)\b", RegexOptions.Multiline)]
    private static partial Regex Concurrent();

    [LoggerMessage(LogLevel.Information, "Applied schema file {Name}")]
    private partial void LogApplied(string name);

    [LoggerMessage(LogLevel.Warning, "Waiting for the database: {Reason}")]
    private partial void LogWaiting(string reason);
}
