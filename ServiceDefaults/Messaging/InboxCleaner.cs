using Npgsql;
using OrderMall.ServiceDefaults.Database;

namespace OrderMall.ServiceDefaults.Messaging;

/// <summary>Forgets handled events once no redelivery can come any more, and answers that nobody asks for again.</summary>
internal sealed partial class InboxCleaner(NpgsqlDataSource database, TimeProvider time, ILogger<InboxCleaner> logger) : BackgroundService
{
    // Short statements: a large backlog must not meet the time limit of commands.
    private const int BatchSize = 5000;
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);
    // Well beyond the retries of the inbound policy and what a broker keeps.
    private static readonly TimeSpan Memory = TimeSpan.FromDays(7);
    // What is promised of an Idempotency-Key.
    private static readonly TimeSpan MemoryOfAnswers = TimeSpan.FromDays(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await ForgetAsync("DELETE FROM inbox WHERE event_id IN (SELECT event_id FROM inbox WHERE handled_at < $1 LIMIT $2)", Memory, stoppingToken);
                await ForgetAsync("DELETE FROM answered_request WHERE id IN (SELECT id FROM answered_request WHERE answered_at < $1 LIMIT $2)", MemoryOfAnswers, stoppingToken);
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException || DatabaseFailure.IsTransient(e))
            {
                LogFailed(e.Message);
            }
        }
    }

    private async Task ForgetAsync(string sql, TimeSpan memory, CancellationToken cancellationToken)
    {
        int forgotten;
        do
        {
#pragma warning disable CA2100 // Constants of this file.
            await using var command = database.CreateCommand(sql);
#pragma warning restore CA2100
            command.Parameters.Add(new() { Value = time.GetUtcNow() - memory });
            command.Parameters.Add(new() { Value = BatchSize });
            forgotten = await command.ExecuteNonQueryAsync(cancellationToken);
            LogForgotten(forgotten);
        }
        while (forgotten == BatchSize);
    }

    [LoggerMessage(LogLevel.Debug, "Forgot {Count} handled events or answers")]
    private partial void LogForgotten(int count);

    [LoggerMessage(LogLevel.Warning, "Could not forget handled events or answers: {Reason}")]
    private partial void LogFailed(string reason);
}
