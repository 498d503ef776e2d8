namespace OrderMall.Operations;

/// <summary>What can go wrong with the audit.</summary>
internal static class OperationsAlarms
{
    private const int RoundsMissed = 2;

    /// <exception cref="InvalidOperationException">The configured interval of audits is no such time.</exception>
    public static void Add(WebApplicationBuilder builder)
    {
        builder.AddAlarm(
            new Alarm("ordermall.audit.disagreement.count", "{disagreement}", 0, "The last audit found what does not agree: GET /api/ops/audit says what."),
            static (services, _) => Task.FromResult<double>(services.GetRequiredService<Audit>().Last?.Disagreements.Count(found => found.Rule != Audit.Reachable) ?? 0));
        var interval = AuditJob.IntervalOf(builder.Configuration);
        if (interval == TimeSpan.Zero)
            return;
        var started = DateTimeOffset.UtcNow;
        builder.AddAlarm(
            new Alarm("ordermall.audit.age", "s", (RoundsMissed * interval).TotalSeconds + Audit.TimeLimit.TotalSeconds, "No audit was finished for long: what does not agree would not be known. GET /api/ops/audit says why."),
            (services, _) => Task.FromResult((services.GetRequiredService<TimeProvider>().GetUtcNow() - (services.GetRequiredService<Audit>().LastComplete ?? started)).TotalSeconds));
    }
}
