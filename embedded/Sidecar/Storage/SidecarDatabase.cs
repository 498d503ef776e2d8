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

    /// <summary>
    /// A commit here may be lost in a crash of the server shortly after: for acknowledgements alone, where that means
    /// that an event is delivered again.
    /// </summary>
    public NpgsqlDataSource Relaxed { get; }

    public static async Task<SidecarDatabase> OpenAsync(string connectionString, CancellationToken ct)
    {
        var durable = Source(connectionString, "");
        var database = new SidecarDatabase(durable, Source(connectionString, " -c synchronous_commit=off", AcknowledgingConnections));
        try
        {
            await using var create = durable.CreateCommand(Schema.Create);
            await create.ExecuteNonQueryAsync(ct);
        }
        catch
        {
            await database.DisposeAsync();
            throw;
        }

        return database;
    }

    public async ValueTask DisposeAsync()
    {
        await Relaxed.DisposeAsync();
        await Durable.DisposeAsync();
    }

    /// <param name="connectionString">What was given; its own limit of connections holds where there is no other.</param>
    /// <param name="settings">More settings of the server for these connections.</param>
    /// <param name="largest">The most connections, if not as many as was given.</param>
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
            // Asked for, one that breaks while it is opened would spoil the connection that Npgsql opens instead, for as long as that is in the pool.
            GssEncryptionMode = GssEncryptionMode.Disable,
        };
        builder.MaxPoolSize = largest ?? builder.MaxPoolSize;
        // A queue's statistics are always out of date: measured empty, it is read through when it is full.
        // Every statement of the sidecar has an index to go by, and is too short to be worth compiling.
        builder.Options = $"{builder.Options} -c jit=off -c enable_seqscan=off -c plan_cache_mode=force_generic_plan{settings}".TrimStart();
        return new NpgsqlDataSourceBuilder(builder.ConnectionString).Build();
    }
}
