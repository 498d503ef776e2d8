using Npgsql;

namespace OrderMall.Sidecar.Storage;

/// <summary>Makes sure that one sidecar at a time works on a database: an advisory lock on a connection of its own. After a crash the lock ends with the connection.</summary>
internal sealed partial class SidecarLock(string connectionString, ILogger logger) : IAsyncDisposable
{
    // Any number will do that nothing else takes a lock by; the database is the sidecar's own.
    private const long Key = 0x51DE_CA20_0001;

    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);
    // A connection that is closed is noticed at once; this finds one whose other end is unreachable.
    private static readonly TimeSpan PingInterval = TimeSpan.FromSeconds(15);

    private NpgsqlConnection? _connection;
    private volatile bool _held;

    /// <summary>Whether this sidecar may write. False while the database is unreachable, until the lock is taken again.</summary>
    public bool Held => _held;

    /// <exception cref="InvalidOperationException">Another sidecar works on this database.</exception>
    public async Task TakeAsync(CancellationToken cancellationToken)
    {
        if (!await TryTakeAsync(cancellationToken))
        {
            throw new InvalidOperationException(
                "another sidecar is working on this database; stop it first, or give this one a database of its own");
        }
    }

    /// <summary>Watches the connection, and takes the lock again when it was lost with the database.</summary>
    public async Task KeepAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                if (!_held)
                {
                    await Task.Delay(RetryPause, cancellationToken);
                    if (await TryTakeAsync(cancellationToken))
                        LogRegained(logger);
                }
                else if (!await _connection!.WaitAsync(PingInterval, cancellationToken))
                {
                    await PingAsync(cancellationToken);
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                if (_held)
                    LogLost(logger, failure.Message);
                _held = false;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        _held = false;
        if (_connection is not null)
            await _connection.DisposeAsync();
    }

    private async Task PingAsync(CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT 1", _connection);
        await command.ExecuteScalarAsync(cancellationToken);
    }

    private async Task<bool> TryTakeAsync(CancellationToken cancellationToken)
    {
        if (_connection is not null)
            await _connection.DisposeAsync();
        // Outside the pool: a pooled connection would keep the lock after it is given back.
        _connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString);
        await _connection.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand("SELECT pg_try_advisory_lock($1)", _connection) { Parameters = { new() { Value = Key } } };
        _held = await command.ExecuteScalarAsync(cancellationToken) is true;
        return _held;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The sidecar's database is unreachable; nothing is published until it is back: {Problem}")]
    private static partial void LogLost(ILogger logger, string problem);

    [LoggerMessage(Level = LogLevel.Information, Message = "The sidecar's database is back")]
    private static partial void LogRegained(ILogger logger);
}
