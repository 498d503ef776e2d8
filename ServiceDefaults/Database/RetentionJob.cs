using Npgsql;

namespace OrderMall.ServiceDefaults.Database;

/// <summary>Deletes, at the start and once an hour, what each <see cref="Retention"/> of the service says is not needed any more.</summary>
internal sealed partial class RetentionJob(NpgsqlDataSource database, IEnumerable<Retention> retentions, TimeProvider time, ILogger<RetentionJob> logger) : BackgroundService
{
    // Short statements: a large backlog must not meet the time limit of commands.
    private const int BatchSize = 5000;
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        do
        {
            foreach (var retention in retentions)
                await DeleteAsync(retention, stoppingToken);
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task DeleteAsync(Retention retention, CancellationToken stoppingToken)
    {
        try
        {
            int deleted;
            do
            {
                var delete = retention.Value is { } value ? $"UPDATE {retention.Table} SET {value} = NULL" : $"DELETE FROM {retention.Table}";
                await using var command = database.CreateCommand(
                    $"{delete} WHERE {retention.Key} = ANY (ARRAY(SELECT {retention.Key} FROM {retention.Table} WHERE {retention.At} < $1 AND {retention.Ended} LIMIT $2 FOR UPDATE SKIP LOCKED))");
                command.Parameters.Add(new() { Value = time.GetUtcNow() - retention.Life });
                command.Parameters.Add(new() { Value = BatchSize });
                deleted = await command.ExecuteNonQueryAsync(stoppingToken);
                LogDeleted(deleted, retention.Table);
            }
            while (deleted == BatchSize);
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException || DatabaseFailure.IsTransient(e))
        {
            LogFailed(retention.Table, e.Message);
            DatabaseFailure.EvictPool(e, database);
        }
    }

    [LoggerMessage(LogLevel.Debug, "Deleted {Count} rows of {Table} that nobody needs any more")]
    private partial void LogDeleted(int count, string table);

    [LoggerMessage(LogLevel.Warning, "Could not delete old rows of {Table}, which is tried again in an hour: {Reason}")]
    private partial void LogFailed(string table, string reason);
}
