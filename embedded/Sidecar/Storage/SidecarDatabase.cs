using Npgsql;

namespace OrderMall.Sidecar.Storage;

/// <summary>The sidecar's connections.</summary>
internal sealed class SidecarDatabase : IAsyncDisposable
{
    // The settler writes one batch at a time.
    private const int AcknowledgingConnections = 2;

    private SidecarDatabase(NpgsqlDataSource durable, NpgsqlDataSource relaxed)
    {
        Durable = durable;
        Relaxed = relaxed;
    }

    /// <summary>A commit here is on disk when it returns.</summary>
    public NpgsqlDataSource Durable { get; }

    /// <summary>A commit here may be lost in a crash of the server shortly after: for acknowledgements alone, where that means that an event is delivered again.</summary>
    public NpgsqlDataSource Relaxed { get; }

    public static async Task<SidecarDatabase> OpenAsync(string connectionString, CancellationToken cancellationToken)
    {
        var durable = Source(connectionString, "");
        var database = new SidecarDatabase(durable, Source(connectionString, " -c synchronous_commit=off", AcknowledgingConnections));
        try
        {
            await using var create = durable.CreateCommand(Schema.Create);
            // An index that a release changes is made of all that is there: cut off, it would be begun again with each start.
            create.CommandTimeout = 0;
            await create.ExecuteNonQueryAsync(cancellationToken);
        }
        catch
        {
            await database.DisposeAsync();
            throw;
        }

        return database;
    }

    /// <summary>
    /// Does something with these connections. Where one broke, both pools are evicted: the driver does not say which one it was,
    /// puts it back into its pool, and every use of it would fail.
    /// </summary>
    public async Task<T> DoAsync<T>(Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (Exception failure) when (BreaksConnection(failure))
        {
            Durable.Clear();
            Relaxed.Clear();
            throw;
        }
    }

    // What the server answers leaves a connection as it was, unless it ends it or knows nothing of a statement that the driver takes for
    // prepared. The driver whose connection breaks at a bad moment trips over itself.
    private static bool BreaksConnection(Exception failure) => failure switch
    {
        PostgresException answer => answer.SqlState is PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown
            or PostgresErrorCodes.DuplicatePreparedStatement or PostgresErrorCodes.InvalidSqlStatementName,
        NpgsqlException broken => broken.InnerException is IOException,
        _ => failure is NullReferenceException or ObjectDisposedException || failure.GetType() == typeof(Exception),
    };

    public async ValueTask DisposeAsync()
    {
        await Relaxed.DisposeAsync();
        await Durable.DisposeAsync();
    }

    /// <param name="largest">The most connections; <see langword="null"/> for as many as the connection string says.</param>
    private static NpgsqlDataSource Source(string connectionString, string settings, int? largest = null)
    {
        var builder = new NpgsqlConnectionStringBuilder(connectionString)
        {
            MinPoolSize = 0,
            MaxAutoPrepare = 32,
            AutoPrepareMinUsages = 2,
            Timeout = 5,
            CommandTimeout = 10,
            Enlist = false,
            ApplicationName = "sidecar",
            // Asked for, one that breaks while it is opened would break the connection that Npgsql opens instead, for as long as that is in the pool.
            GssEncryptionMode = GssEncryptionMode.Disable,
        };
        builder.MaxPoolSize = largest ?? builder.MaxPoolSize;
        // A queue's statistics are always out of date: measured empty, it is read through when it is full.
        // Every statement of the sidecar has an index to go by, and is too short to be worth compiling.
        builder.Options = $"{builder.Options} -c jit=off -c enable_seqscan=off -c plan_cache_mode=force_generic_plan{settings}".TrimStart();
        return new NpgsqlDataSourceBuilder(builder.ConnectionString).Build();
    }
}
