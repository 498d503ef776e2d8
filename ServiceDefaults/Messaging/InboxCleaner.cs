using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace OrderMall.ServiceDefaults.Messaging;

/// <summary>Forgets handled events once no redelivery can come any more.</summary>
internal sealed partial class InboxCleaner(NpgsqlDataSource database, TimeProvider time, ILogger<InboxCleaner> logger) : BackgroundService
{
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
                await using var command = database.CreateCommand("DELETE FROM inbox WHERE handled_at < $1");
                command.Parameters.Add(new() { Value = time.GetUtcNow() - Memory });
                LogForgotten(await command.ExecuteNonQueryAsync(stoppingToken));
            }
            catch (NpgsqlException e)
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
