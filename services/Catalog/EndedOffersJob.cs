using Npgsql;

namespace OrderMall.Catalog;

/// <summary>Marks offers whose day is over everywhere on Earth, or that are off sale, so that lists need not pass over them. What is not marked yet is not listed either.</summary>
internal sealed partial class EndedOffersJob(NpgsqlDataSource database, TimeProvider time, ILogger<EndedOffersJob> logger) : BackgroundService
{
    // Short statements: a day of many offers must not meet the time limit of commands, nor keep their holds waiting.
    private const int BatchSize = 1000;
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        do
        {
            try
            {
                while (await MarkAsync("NOT is_over AND date < $1", stoppingToken) == BatchSize)
                {
                }

                // By a clock that was wrong.
                while (await MarkAsync("is_over AND off_sale_at IS NULL AND date >= $1", stoppingToken) == BatchSize)
                {
                }

                // Unmarked by a replica that does not know of it yet.
                while (await MarkAsync("NOT is_over AND off_sale_at IS NOT NULL AND $1 IS NOT NULL", stoppingToken) == BatchSize)
                {
                }
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException || DatabaseFailure.IsTransient(e))
            {
                LogFailed(e.Message);
                DatabaseFailure.EvictPool(e, database);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task<int> MarkAsync(string wrong, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            $"UPDATE offer SET is_over = NOT is_over WHERE id = ANY (ARRAY(SELECT id FROM offer WHERE {wrong} LIMIT $2 FOR UPDATE SKIP LOCKED))");
        command.Parameters.Add(new() { Value = time.EarliestDay() });
        command.Parameters.Add(new() { Value = BatchSize });
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    [LoggerMessage(LogLevel.Warning, "Could not mark offers whose day is over: {Reason}")]
    private partial void LogFailed(string reason);
}
