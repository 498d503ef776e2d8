using Microsoft.Extensions.Configuration;
using Npgsql;
using OrderMall.Control;
using OrderMall.Postgres;

namespace OrderMall.AppHost.Postgres;

/// <summary>The server of <c>ConnectionStrings:postgres</c>, whose user may create databases.</summary>
internal static class ExistingPostgres
{
    // A server as it is installed allows 100 in all, of others too.
    private const int Connections = 80;
    private const int TimeLimitSeconds = 10;

    /// <summary>Tries to connect to it.</summary>
    /// <exception cref="FormatException">The connection string is none.</exception>
    /// <exception cref="MallException">It does not let the mall in.</exception>
    public static async Task<Databases> FindAsync(IDistributedApplicationBuilder builder)
    {
        var text = builder.Configuration.GetConnectionString("postgres")!;
        PostgresDatabases.Check(text, "ConnectionStrings:postgres");
        var once = new NpgsqlConnectionStringBuilder(text) { Timeout = TimeLimitSeconds, CommandTimeout = TimeLimitSeconds, Pooling = false };
        once.Database ??= "postgres";
        try
        {
            await using var connection = new NpgsqlConnection(once.ConnectionString);
            await connection.OpenAsync();
        }
        catch (NpgsqlException failure)
        {
            throw new MallException($"The PostgreSQL of ConnectionStrings:postgres ({once.Host}:{once.Port}) did not let the mall in: {failure.Message} Start it, or mend the connection string.", failure);
        }

        return new Databases(null, PostgresDatabases.SharedPrefix, Connections, _ => ValueTask.FromResult(text));
    }
}
