using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Npgsql;
using OrderMall.ServiceDefaults.Alarms;
using OrderMall.ServiceDefaults.Messaging;
using OrderMall.ServiceDefaults.Dapr;

namespace OrderMall.ServiceDefaults.Database;

/// <summary>Gives a service its database.</summary>
public static class DatabaseSetup
{
    private const int CommandSeconds = 10;
    internal const string ProbeKey = "probe";

    /// <summary>The key of the context and of the data source for what anybody may read: <see cref="AddPublicReads"/>.</summary>
    public const string PublicReads = "public reads";
    private const int PublicReadsAtOnce = 4;
    private const int PublicReadSeconds = 2;

    /// <summary>
    /// Adds the service's own PostgreSQL database from the connection string named after its app id: schema files applied
    /// at start, a context, the outbox's publisher, and readiness that depends on the database.
    /// </summary>
    /// <exception cref="InvalidOperationException">No connection string is configured.</exception>
    public static void AddDatabase<TDb>(this WebApplicationBuilder builder)
        where TDb : MallDb
    {
        builder.Services.AddSingleton(services => Source(services, builder.Configuration, static settings =>
        {
            settings.CommandTimeout = CommandSeconds;
            settings.MaxAutoPrepare = 100;
            settings.AutoPrepareMinUsages = 2;
            // What a service does for an order it does by an index. A statement that is prepared while a table is empty, as each is in a new mall,
            // and as queues are when they are measured, would read through it for as long as it is kept, however much it holds by then. Where there
            // is no other way its cost is so high that older servers would compile it.
            settings.Options = $"{settings.Options} -c jit=off -c enable_seqscan=off".TrimStart();
        }));
        // Connections of its own: a service whose others are all at work is busy, not unready. Alarms are measured over them too.
        builder.Services.AddKeyedSingleton(ProbeKey, (services, _) => Source(services, builder.Configuration, static settings =>
        {
            settings.MinPoolSize = 1;
            settings.MaxPoolSize = 2;
        }));
        builder.Services.AddSingleton<CommitSignal>();
        builder.Services.AddDbContextPool<TDb>((services, options) => options
            .UseNpgsql(services.GetRequiredService<NpgsqlDataSource>())
            .AddInterceptors(services.GetRequiredService<CommitSignal>()));
        builder.Services.AddHostedService(services => new SchemaMigrator(
            services.GetRequiredService<NpgsqlDataSource>(),
            typeof(TDb).Assembly,
            services.GetRequiredService<Microsoft.Extensions.Logging.ILogger<SchemaMigrator>>()));
        builder.Services.AddHostedService<WarmUp<TDb>>();
        builder.Services.AddHostedService<OutboxPublisher>();
        builder.Services.AddSingleton(new Retention("inbox", "event_id", "handled_at"));
        builder.Services.AddSingleton(new Retention("published_event", "ctid", "published_at"));
        // What is promised of an Idempotency-Key.
        builder.Services.AddSingleton(new Retention("answered_request", "id", "answered_at") { Life = TimeSpan.FromDays(1) });
        builder.Services.AddHostedService<RetentionJob>();
        builder.AddMessagingAlarms();
        builder.Services.AddSingleton(services =>
            new DatabaseHealthCheck(services.GetRequiredKeyedService<NpgsqlDataSource>(ProbeKey), services.GetRequiredService<TimeProvider>()));
        builder.Services.AddHealthChecks().AddCheck<DatabaseHealthCheck>("database", timeout: TimeSpan.FromSeconds(2));
    }

    /// <summary>
    /// Adds a context and a data source of their own for what anybody may read, or many at once add up, with few connections that are no others' and a time limit for statements: however
    /// many read, and whatever they look for, there is a connection for who writes, and a core.
    /// </summary>
    public static void AddPublicReads<TDb>(this WebApplicationBuilder builder)
        where TDb : MallDb
    {
        builder.Services.AddKeyedSingleton(PublicReads, (services, _) => Source(services, builder.Configuration, static settings =>
        {
            settings.MinPoolSize = 0;
            settings.MaxPoolSize = PublicReadsAtOnce;
            settings.Timeout = PublicReadSeconds;
            // What is read differs much by what is looked for: each is planned for itself.
            settings.MaxAutoPrepare = 0;
            settings.Options = $"{settings.Options} -c statement_timeout={PublicReadSeconds}s -c max_parallel_workers_per_gather=0 -c default_transaction_read_only=on";
        }));
        builder.Services.AddKeyedSingleton(PublicReads, (services, key) => new PooledDbContextFactory<TDb>(
            new DbContextOptionsBuilder<TDb>().UseNpgsql(services.GetRequiredKeyedService<NpgsqlDataSource>(key)).Options));
        builder.Services.AddKeyedScoped(PublicReads, (services, key) => services.GetRequiredKeyedService<PooledDbContextFactory<TDb>>(key).CreateDbContext());
    }

    private static NpgsqlDataSource Source(IServiceProvider services, IConfiguration configuration, Action<NpgsqlConnectionStringBuilder> set)
    {
        var appId = services.GetRequiredService<SidecarEndpoint>().AppId;
        var connectionString = configuration.GetConnectionString(appId)
            ?? throw new InvalidOperationException($"ConnectionStrings:{appId} is not set: give {appId} the connection string of its own PostgreSQL database.");
        var source = new NpgsqlDataSourceBuilder(connectionString);
        // Pooled connections keep their prepared statements; nothing here sets session state that a reset would have to clear.
        source.ConnectionStringBuilder.NoResetOnClose = true;
        // Npgsql asks for it unless told otherwise, and one that then breaks while it is opened corrupts the connection that it opens instead:
        // every use of that fails, for as long as it is in the pool (npgsql issues 6415 and 6506).
        if (source.ConnectionStringBuilder.GssEncryptionMode == GssEncryptionMode.Prefer)
            source.ConnectionStringBuilder.GssEncryptionMode = GssEncryptionMode.Disable;
        set(source.ConnectionStringBuilder);
        source.UseEntraPassword();
        return source.Build();
    }
}
