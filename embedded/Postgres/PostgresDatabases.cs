using System.Text.RegularExpressions;
using Npgsql;

namespace OrderMall.Postgres;

/// <summary>The databases of one server.</summary>
/// <param name="connectionString">An Npgsql connection string of a user who may create databases.</param>
public sealed partial class PostgresDatabases(string connectionString)
{
    /// <summary>The name of a service's database on a server that is the mall's own.</summary>
    public static string NameOf(string appId) => appId.Replace('-', '_');

    /// <summary>Makes a database if it is missing.</summary>
    /// <param name="name">Lower case letters, digits and underscores.</param>
    /// <param name="maxPoolSize">The most connections that one process keeps to it.</param>
    /// <returns>An Npgsql connection string for it.</returns>
    /// <exception cref="ArgumentException">The name has other characters.</exception>
    /// <exception cref="NpgsqlException">The server did not answer or refused.</exception>
    public async Task<string> CreateAsync(string name, int maxPoolSize, CancellationToken cancellationToken)
    {
        if (!ValidName().IsMatch(name))
            throw new ArgumentException($"A database name has lower case letters, digits and underscores only; '{name}' has others.", nameof(name));
        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        settings.Database ??= "postgres";
        settings.Pooling = false;
        await using (var connection = new NpgsqlConnection(settings.ConnectionString))
        {
            await connection.OpenAsync(cancellationToken);
            await using var exists = new NpgsqlCommand("SELECT 1 FROM pg_database WHERE datname = $1", connection) { Parameters = { new() { Value = name } } };
            if (await exists.ExecuteScalarAsync(cancellationToken) is null)
                await MakeAsync(connection, name, cancellationToken);
        }

        return new NpgsqlConnectionStringBuilder(connectionString)
        {
            Database = name,
            MaxPoolSize = maxPoolSize,
            // A backend holds some three megabytes: those that a rush left idle are closed soon, down to one.
            MinPoolSize = 1,
            ConnectionIdleLifetime = 30,
            ConnectionPruningInterval = 10,
            Timeout = 10,
            CommandTimeout = 30,
            KeepAlive = 30,
            MaxAutoPrepare = 50,
            // Prepared statements stay; nothing here leaves settings behind in a session.
            NoResetOnClose = true,
        }.ConnectionString;
    }

    private static async Task MakeAsync(NpgsqlConnection connection, string name, CancellationToken cancellationToken)
    {
        try
        {
#pragma warning disable CA2100 // A name cannot be a parameter here; it was checked above to need no quoting.
            await using var create = new NpgsqlCommand($"CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'", connection);
#pragma warning restore CA2100
            await create.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (PostgresException raced) when (raced.SqlState is PostgresErrorCodes.DuplicateDatabase or PostgresErrorCodes.UniqueViolation)
        {
        }
    }

    [GeneratedRegex("^[a-z_][a-z0-9_]{0,62}$")]
    private static partial Regex ValidName();
}
