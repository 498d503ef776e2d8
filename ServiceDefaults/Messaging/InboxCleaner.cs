using Npgsql;
using OrderMall.ServiceDefaults.Database;

namespace OrderMall.ServiceDefaults.Messaging;

/// <summary>Forgets handled events once no redelivery can come any more.</summary>
internal sealed partial class InboxCleaner(NpgsqlDataSource database, TimeProvider time, ILogger<InboxCleaner> logger) : BackgroundService
{
    // Short statements: a large backlog must not meet the time limit of commands.
    private const int BatchSize = 5000;
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);
    // Well beyond the retries of the inbound policy and what a broker keeps.
    private static readonly TimeSpan Memory = TimeSpan.FromDays(7);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                int forgotten;
                do
                {
                    await using var command = database.CreateCommand("DELETE FROM inbox WHERE event_id IN (SELECT event_id FROM inbox WHERE handled_at < $1 LIMIT $2)");
                    command.Parameters.Add(new() { Value = time.GetUtcNow() - Memory });
                    command.Parameters.Add(new() { Value = BatchSize });
                    forgotten = await command.ExecuteNonQueryAsync(stoppingToken);
                    LogForgotten(forgotten);
                }
                while (forgotten == BatchSize);
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException || DatabaseFailure.IsTransient(e))
            {
                LogFailed(e.Message);
            }
        }
    }

    [LoggerMessage(LogLevel.Debug, "Forgot {Count} handled events")]
    private partial void LogForgotten(int count);

    [LoggerMessage(LogLevel.Warning, "Could not forget handled events: {Reason}")]
    private partial void LogFailed(string reason);
}
