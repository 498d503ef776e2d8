using System.Text.RegularExpressions;
using Npgsql;

namespace OrderMall.Postgres;

/// <summary>The databases of one server.</summary>
/// <param name="connectionString">An Npgsql connection string of a user who may create databases.</param>
/// <param name="prefix">Stands before every database's name.</param>
public sealed partial class PostgresDatabases(string connectionString, string prefix = "")
{
    /// <summary>The prefix on a server that may hold databases of others: it says whose they are.</summary>
    public const string SharedPrefix = "ordermall_";

    private const int ConnectSeconds = 10;
    private const int CommandSeconds = 30;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>The name of a service's database on a server that is the mall's own.</summary>
    public static string NameOf(string appId) => appId.Replace('-', '_');

    /// <summary>Checks that a text is an Npgsql connection string of a server.</summary>
    /// <param name="name">What people call it.</param>
    /// <exception cref="FormatException">It is not. It is not repeated, and neither are Npgsql's words: they may hold the password.</exception>
    public static void Check(string text, string name)
    {
        try
        {
            if (new NpgsqlConnectionStringBuilder(text).Host is { Length: > 0 })
                return;
        }
        catch (Exception malformed) when (malformed is ArgumentException or FormatException)
        {
            // Answered below.
        }

        throw new FormatException($"{name} is not one of Npgsql's. It looks like: Host=127.0.0.1;Port=5432;Username=me;Password=secret");
    }

    /// <summary>Makes a database if it is missing.</summary>
    /// <param name="name">Lower case letters, digits and underscores.</param>
    /// <param name="maxPoolSize">The most connections that one process keeps to it.</param>
    /// <returns>An Npgsql connection string for it.</returns>
    /// <exception cref="ArgumentException">The name has other characters.</exception>
    /// <exception cref="PostgresClusterException">The server did not answer in time, or refused.</exception>
    public async Task<string> CreateAsync(string name, int maxPoolSize, CancellationToken cancellationToken)
    {
        var database = prefix + name;
        if (!ValidName().IsMatch(database))
            throw new ArgumentException($"A database name has lower case letters, digits and underscores only; '{database}' has others.", nameof(name));
        var settings = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, Timeout = ConnectSeconds, CommandTimeout = CommandSeconds };
        settings.Database ??= "postgres";
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            await using var connection = new NpgsqlConnection(settings.ConnectionString);
            await connection.OpenAsync(limit.Token);
            await using var exists = new NpgsqlCommand("SELECT 1 FROM pg_database WHERE datname = $1", connection) { Parameters = { new() { Value = database } } };
            if (await exists.ExecuteScalarAsync(limit.Token) is null)
                await MakeAsync(connection, database, limit.Token);
        }
        catch (PostgresException refused)
        {
            throw new PostgresClusterException($"The PostgreSQL server refused database {database}: {refused.MessageText}. The user of the connection string must be allowed to connect and to create databases.", refused);
        }
        catch (Exception unreachable) when (unreachable is NpgsqlException or TimeoutException || (unreachable is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new PostgresClusterException($"The PostgreSQL server did not answer: {(unreachable.InnerException ?? unreachable).Message.TrimEnd('.')}. Check the connection string.", unreachable);
        }

        return new NpgsqlConnectionStringBuilder(connectionString)
        {
            Database = database,
            MaxPoolSize = maxPoolSize,
            // A backend holds some three megabytes: those that a rush left idle are closed soon, down to one.
            MinPoolSize = 1,
            ConnectionIdleLifetime = 30,
            ConnectionPruningInterval = 10,
            Timeout = ConnectSeconds,
            CommandTimeout = CommandSeconds,
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
