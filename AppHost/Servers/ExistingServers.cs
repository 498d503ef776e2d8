using Microsoft.Extensions.Configuration;
using Npgsql;
using StackExchange.Redis;

namespace OrderMall.AppHost.Servers;

/// <summary>
/// A PostgreSQL and a Redis that are there already, by <c>ConnectionStrings:postgres</c> and <c>ConnectionStrings:redis</c>: no container
/// runtime is needed. A mail server is optional: <c>ConnectionStrings:mail</c> as host:port, or the section <c>Smtp</c>.
/// </summary>
internal sealed class ExistingServers : LocalServers
{
    private const int DefaultPoolSize = 6;
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(10);

    private readonly IDistributedApplicationBuilder _builder;
    private readonly NpgsqlConnectionStringBuilder _postgres;
    private readonly ConfigurationOptions _redis;
    private readonly List<string> _databases = [];

    public ExistingServers(IDistributedApplicationBuilder builder)
    {
        _builder = builder;
        (_postgres, _redis) = Read(builder.Configuration);
        builder.OnBeforeStart((_, cancellationToken) => MakeDatabasesAsync(cancellationToken));
    }

    /// <summary>Whether there is at least one of the two.</summary>
    public static bool AreGiven(IConfiguration configuration) =>
        configuration.GetConnectionString("postgres") is not null || configuration.GetConnectionString("redis") is not null;

    /// <summary>Tries whether both answer.</summary>
    /// <returns>What is wrong with each, and what to do about it.</returns>
    public static async Task<IReadOnlyList<string>> FindFaultsAsync(IConfiguration configuration)
    {
        try
        {
            var (postgres, redis) = Read(configuration);
            return [.. new[] { await TryPostgresAsync(postgres), await TryRedisAsync(redis) }.OfType<string>()];
        }
        catch (ArgumentException wrong)
        {
            return [wrong.Message];
        }
    }

    // Nothing to wait for: it answered before anything was started.
    protected override (object HostAndPort, object Password) GiveBroker<T>(IResourceBuilder<T> app) =>
        (Format(_redis), new ParameterResource("redis-password", _ => _redis.Password ?? "", secret: true));

    protected override void GiveDatabase<T>(IResourceBuilder<T> app, MallService service)
    {
        _databases.Add(service.Database);
        var connection = new NpgsqlConnectionStringBuilder(_postgres.ConnectionString) { Database = service.Database };
        // A server as it is installed allows 100 connections in all.
        if (!connection.ShouldSerialize("Maximum Pool Size"))
            connection.MaxPoolSize = DefaultPoolSize;
        app.WithEnvironment(context =>
            context.EnvironmentVariables[$"ConnectionStrings__{service.AppId}"] = new ParameterResource($"{service.AppId}-db", _ => connection.ConnectionString, secret: true));
    }

    protected override void GiveMail<T>(IResourceBuilder<T> app)
    {
        if (MailSettings.Pass(_builder, app) || _builder.Configuration.GetConnectionString("mail") is not { } server)
            return;
        if (!Uri.TryCreate($"smtp://{server}", UriKind.Absolute, out var address) || address is not { Port: > 0, AbsolutePath: "/" })
            throw new InvalidOperationException($"ConnectionStrings:mail is '{server}': give the mail server as host:port, such as localhost:1025.");
        MailSettings.Give(app, address.Host, $"{address.Port}");
    }

    private static (NpgsqlConnectionStringBuilder Postgres, ConfigurationOptions Redis) Read(IConfiguration configuration)
    {
        var postgres = Of(configuration, "postgres", "Host=localhost;Username=postgres;Password=...");
        var redis = ConfigurationOptions.Parse(Of(configuration, "redis", "localhost:6379,password=..."));
        return redis switch
        {
            { EndPoints.Count: not 1 } => throw new ArgumentException("ConnectionStrings:redis must name one server, as host:port."),
            { Ssl: true } or { User: not null } => throw new ArgumentException("ConnectionStrings:redis may have a password, but neither ssl nor a user: components/ do not use them."),
            _ => (new NpgsqlConnectionStringBuilder(postgres), redis),
        };
    }

    private static string Of(IConfiguration configuration, string name, string example) => configuration.GetConnectionString(name) is { Length: > 0 } given
        ? given
        : throw new ArgumentException($"ConnectionStrings:{name} is missing. Existing servers are used both or not at all: give it as well, such as '{example}'.");

    private static string Format(ConfigurationOptions redis) => redis.EndPoints[0] switch
    {
        System.Net.DnsEndPoint { Port: 0 } server => $"{server.Host}:6379",
        System.Net.DnsEndPoint server => $"{server.Host}:{server.Port}",
        System.Net.IPEndPoint { Port: 0 } server => $"{server.Address}:6379",
        var server => server.ToString()!,
    };

    private static async Task<string?> TryPostgresAsync(NpgsqlConnectionStringBuilder postgres)
    {
        try
        {
            await using var connection = await ConnectAsync(postgres, CancellationToken.None);
            return null;
        }
        catch (NpgsqlException failure)
        {
            return $"The PostgreSQL of ConnectionStrings:postgres ({postgres.Host}:{postgres.Port}) did not let us in: {failure.Message} Start it, or mend the connection string.";
        }
    }

    private static async Task<string?> TryRedisAsync(ConfigurationOptions redis)
    {
        try
        {
            var options = redis.Clone();
            options.AbortOnConnectFail = true;
            options.ConnectTimeout = (int)TimeLimit.TotalMilliseconds;
            await using var connection = await ConnectionMultiplexer.ConnectAsync(options);
            return null;
        }
        catch (RedisConnectionException failure)
        {
            return $"The Redis of ConnectionStrings:redis ({Format(redis)}) did not let us in: {failure.Message} Start it, or mend the connection string.";
        }
    }

    private async Task MakeDatabasesAsync(CancellationToken cancellationToken)
    {
        await using var connection = await ConnectAsync(_postgres, cancellationToken);
        foreach (var database in _databases)
        {
            await using var look = new NpgsqlCommand("SELECT 1 FROM pg_database WHERE datname = $1", connection) { Parameters = { new() { Value = database } } };
            if (await look.ExecuteScalarAsync(cancellationToken) is not null)
                continue;
#pragma warning disable CA2100 // The names are those of the mall's own services.
            await using var make = new NpgsqlCommand($"CREATE DATABASE \"{database}\"", connection);
#pragma warning restore CA2100
            await make.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    private static async Task<NpgsqlConnection> ConnectAsync(NpgsqlConnectionStringBuilder postgres, CancellationToken cancellationToken)
    {
        // A connection string may name none: then the one that every server has.
        var own = new NpgsqlConnectionStringBuilder(postgres.ConnectionString)
        {
            Database = postgres.Database ?? "postgres",
            Timeout = (int)TimeLimit.TotalSeconds,
            CommandTimeout = (int)TimeLimit.TotalSeconds,
            Pooling = false,
        };
        var connection = new NpgsqlConnection(own.ConnectionString);
        try
        {
            await connection.OpenAsync(cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }
}
