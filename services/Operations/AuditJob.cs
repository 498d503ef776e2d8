using System.Globalization;

namespace OrderMall.Operations;

/// <summary>Audits from time to time, without anybody asking: what it finds is an alarm. Each instance does.</summary>
internal sealed partial class AuditJob(Audit audit, TimeSpan interval, TimeProvider time, ILogger<AuditJob> logger) : BackgroundService
{
    private const string Key = "Audit:Interval";
    private static readonly TimeSpan Usual = TimeSpan.FromHours(1);
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1);

    /// <summary>Adds the job, unless the configured interval is zero.</summary>
    /// <exception cref="InvalidOperationException">It is no such time.</exception>
    public static void AddIfWanted(WebApplicationBuilder builder)
    {
        var interval = IntervalOf(builder.Configuration);
        if (interval != TimeSpan.Zero)
            builder.Services.AddHostedService(services => ActivatorUtilities.CreateInstance<AuditJob>(services, interval));
    }

    /// <summary>The time from one audit to the next; zero for no audits.</summary>
    /// <exception cref="InvalidOperationException">What is configured is no such time.</exception>
    public static TimeSpan IntervalOf(IConfiguration configuration)
    {
        var text = configuration[Key] is { Length: > 0 } set ? set : Usual.ToString();
        if (!TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var interval) || (interval != TimeSpan.Zero && interval < Shortest))
            throw new InvalidOperationException($"{Key} is '{text}': it must be a time such as 01:00:00, at least {Shortest}, or 0 for never.");
        return interval;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                AuditReport report;
                do
                {
                    using var limit = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
                    limit.CancelAfter(Audit.TimeLimit);
                    report = await audit.RunAsync(Audit.Turn, limit.Token);
                }
                while (audit.IsUnderWay);
                foreach (var found in report.Disagreements.Take(10))
                    LogFound(found.Rule, found.OrderId ?? found.TitleId ?? found.OfferId, found.Detail);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(e.Message);
            }
        }
    }

    [LoggerMessage(LogLevel.Error, "The audit found a disagreement: {Rule} {Id}: {Detail}")]
    private partial void LogFound(string rule, Guid? id, string detail);

    [LoggerMessage(LogLevel.Warning, "The audit was not finished: {Reason}")]
    private partial void LogFailed(string reason);
}
