using Microsoft.Extensions.Configuration;
using Npgsql;
using OrderMall.Control;

namespace OrderMall.AppHost.Postgres;

/// <summary>The server of <c>ConnectionStrings:postgres</c>, whose user may create databases.</summary>
internal static class ExistingPostgres
{
    // A server as it is installed allows 100 in all, of others too.
    private const int Connections = 80;
    private const int TimeLimitSeconds = 10;

    /// <summary>Tries to connect to it.</summary>
    /// <exception cref="MallException">It does not, or the connection string is none.</exception>
    public static async Task<Databases> FindAsync(IDistributedApplicationBuilder builder)
    {
        var text = builder.Configuration.GetConnectionString("postgres")!;
        NpgsqlConnectionStringBuilder given;
        try
        {
            given = new NpgsqlConnectionStringBuilder(text);
            if (string.IsNullOrEmpty(given.Host))
                throw new ArgumentException("It names no host.");
        }
        catch (Exception malformed) when (malformed is ArgumentException or FormatException)
        {
            // Not repeated, and neither are Npgsql's words: they may hold the password.
            throw new MallException("ConnectionStrings:postgres is not one of Npgsql's. It looks like: Host=127.0.0.1;Port=5432;Username=me;Password=secret", malformed);
        }

        var once = new NpgsqlConnectionStringBuilder(text) { Database = given.Database ?? "postgres", Timeout = TimeLimitSeconds, CommandTimeout = TimeLimitSeconds, Pooling = false };
        try
        {
            await using var connection = new NpgsqlConnection(once.ConnectionString);
            await connection.OpenAsync();
        }
        catch (NpgsqlException failure)
        {
            throw new MallException($"The PostgreSQL of ConnectionStrings:postgres ({given.Host}:{given.Port}) did not let the mall in: {failure.Message} Start it, or mend the connection string.", failure);
        }

        return new Databases(null, "ordermall_", Connections, _ => ValueTask.FromResult(text));
    }
}
