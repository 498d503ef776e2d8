using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrderMall.AppHost.Supervision;
using OrderMall.Contracts;
using OrderMall.ServiceDefaults.Api;

namespace OrderMall.AppHost.Dapr;

/// <summary>
/// Kills a <c>daprd</c> that answers its probes but takes no events: one of 1.18.3 that has lost all its connections to Redis never gets
/// them back. Its service's events wait in the outbox meanwhile, whose age says so; the <see cref="Supervisor"/> starts it again.
/// </summary>
internal sealed partial class PublishingWatch(MallServices services, DaprdSidecars sidecars, ILogger<PublishingWatch> logger) : BackgroundService
{
    private const string OutboxAge = "ordermall.outbox.age";
    // The outbox retries every two seconds: this is some thirty failures in a row.
    private static readonly TimeSpan LongestAge = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(1);
    // A broker that is gone itself is not brought back by this: then there is no hurry.
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(5);

    private readonly Dictionary<string, (TimeSpan Age, long At)> _looks = [];
    private readonly Dictionary<string, long> _kills = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(LookInterval);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            foreach (var app in services.Apps)
            {
                if (await OutboxAgeAsync(app, stoppingToken) is { } age && IsStuck(app.AppId, age))
                    Kill(app.AppId, age);
            }
        }
    }

    // Grown by all the time since the last look: the same event is still the oldest. Where many wait and leave one after the other it grows by less.
    private bool IsStuck(string appId, TimeSpan age)
    {
        var before = _looks.TryGetValue(appId, out var look) ? look : ((TimeSpan Age, long At)?)null;
        _looks[appId] = (age, Stopwatch.GetTimestamp());
        return age > LongestAge
            && before is { } last && age - last.Age > Stopwatch.GetElapsedTime(last.At) - Tolerance
            && !(_kills.TryGetValue(appId, out var killed) && Stopwatch.GetElapsedTime(killed) < Pause);
    }

    // All of them: an instance whose sidecar takes events publishes those of the others too.
    private void Kill(string appId, TimeSpan age)
    {
        _kills[appId] = Stopwatch.GetTimestamp();
        foreach (var sidecar in sidecars.ProgramsOf(appId))
        {
            var program = services.Programs.First(program => program.Name == sidecar.Name);
            if (program is not { IsRunning: true, IsWanted: true, ProcessId: { } id })
                continue;
            LogStuck(program.Name, age.TotalSeconds);
            program.Kill(id, string.Create(CultureInfo.InvariantCulture, $"it has taken no events for {age.TotalSeconds:0} s"));
        }
    }

    // Null where it is not to be had: the service is not up, keeps no outbox, or cannot measure it.
    private static async Task<TimeSpan?> OutboxAgeAsync(MallApp app, CancellationToken stoppingToken)
    {
        foreach (var instance in app.Instances)
        {
            var request = new HttpRequestMessage(HttpMethod.Get, new Uri(instance.Address, "/alarms")) { Headers = { { GatewayIdentity.CallerHeader, AppIds.Operations } } };
            var alarms = await SidecarRequests.SendAsync(request, app.AppToken, content => content.ReadFromJsonAsync(ServiceDefaultsJson.Default.ListMeasuredAlarm, stoppingToken), stoppingToken, AnswerLimit);
            if (alarms is not null)
                return alarms.FirstOrDefault(alarm => alarm.Name == OutboxAge)?.Value is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
        }

        return null;
    }

    [LoggerMessage(LogLevel.Warning, "{Name} is killed: it has taken no events for {Age:0} s.")]
    private partial void LogStuck(string name, double age);
}
