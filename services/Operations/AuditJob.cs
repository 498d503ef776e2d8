using System.Globalization;

namespace OrderMall.Operations;

/// <summary>Audits from time to time, without anybody asking: what it finds is an alarm. Each instance does.</summary>
internal sealed partial class AuditJob(Audit audit, TimeSpan interval, TimeProvider time, ILogger<AuditJob> logger) : BackgroundService
{
    private const string Key = "Audit:Interval";
    private static readonly TimeSpan Usual = TimeSpan.FromHours(1);
    private const int RoundsMissed = 2;
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1);

    /// <summary>Adds the job and their alarm, unless the configured interval is zero.</summary>
    /// <exception cref="InvalidOperationException">It is no such time.</exception>
    public static void AddIfWanted(WebApplicationBuilder builder)
    {
        builder.AddAlarm(
            new Alarm("ordermall.audit.disagreement.count", "{disagreement}", 0, "The last audit found what does not agree: GET /api/ops/audit says what."),
            static (services, _) => Task.FromResult<double>(services.GetRequiredService<Audit>().Last?.Disagreements.Count(found => found.Rule != Audit.Reachable) ?? 0));
        var text = builder.Configuration[Key] is { Length: > 0 } set ? set : Usual.ToString();
        if (!TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var interval) || (interval != TimeSpan.Zero && interval < Shortest))
            throw new InvalidOperationException($"{Key} is '{text}': it must be a time such as 01:00:00, at least {Shortest}, or 0 for never.");
        if (interval == TimeSpan.Zero)
            return;
        var started = DateTimeOffset.UtcNow;
        builder.AddAlarm(
            new Alarm("ordermall.audit.age", "s", (RoundsMissed * interval).TotalSeconds + Audit.TimeLimit.TotalSeconds, "No audit was finished for long: what does not agree would not be known. GET /api/ops/audit says why."),
            (services, _) => Task.FromResult((services.GetRequiredService<TimeProvider>().GetUtcNow() - (services.GetRequiredService<Audit>().LastComplete ?? started)).TotalSeconds));
        builder.Services.AddHostedService(services => ActivatorUtilities.CreateInstance<AuditJob>(services, interval));
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
