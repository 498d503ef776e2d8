namespace OrderMall.Operations;

/// <summary>Shows operators what they should look at now: the same figures that the services' metrics give a collector.</summary>
internal static class AlarmsApi
{
    private static readonly Alarm Ready = new("ordermall.ready", "1", 0, "The service does not answer: it is down, or not ready.");

    public static void Map(WebApplication app) =>
        app.MapGet("/api/ops/alarms", ListAsync)
            .WithTags("Operation").WithName("ListAlarms").WithSummary("What is raised now, measured anew in every service.")
            .RequireRole(Roles.Operator);

    private static async Task<Ok<AlarmReport>> ListAsync(OperatorClient calls, AlarmMeter own, TimeProvider time, CancellationToken cancellationToken)
    {
        var others = await OperatorClient.EachAsync(
            calls.Subscribers.Append(AppIds.Gateway),
            appId => calls.AskAsync(appId, HttpMethod.Get, "alarms", body: null, ServiceDefaultsJson.Default.ListMeasuredAlarm, cancellationToken));
        var raised = others.SelectMany(other => other.Failure is null ? Raised(other.AppId, other.Answer ?? []) : [new RaisedAlarm(other.AppId, Ready.Name, Value: 0, Ready.Unit, Ready.Meaning)]);
        return TypedResults.Ok(new AlarmReport(time.Now(), [.. raised, .. Raised(AppIds.Operations, await own.MeasureAsync(cancellationToken))]));
    }

    private static IEnumerable<RaisedAlarm> Raised(string appId, IEnumerable<MeasuredAlarm> alarms) =>
        alarms.Where(alarm => alarm.IsRaised).Select(alarm => new RaisedAlarm(appId, alarm.Name, alarm.Value, alarm.Unit, alarm.Meaning));
}

/// <summary>What an operator should look at.</summary>
/// <param name="At">When it was measured (UTC).</param>
/// <param name="Alarms">What is raised; empty when all is well.</param>
internal sealed record AlarmReport(DateTimeOffset At, IReadOnlyList<RaisedAlarm> Alarms);

/// <summary>An alarm that is raised.</summary>
/// <param name="Name">Which: the name of the metric that says the same.</param>
/// <param name="Value">What was measured; <see langword="null"/> where that was not possible.</param>
/// <param name="Unit">What is counted, by UCUM.</param>
internal sealed record RaisedAlarm(string Service, string Name, double? Value, string Unit, string Meaning);
