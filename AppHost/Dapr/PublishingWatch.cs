using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrderMall.AppHost.Operations;
using OrderMall.Contracts;
using OrderMall.ServiceDefaults.Dapr;

namespace OrderMall.AppHost.Dapr;

/// <summary>
/// Kills a <c>daprd</c> that answers its probes but takes no events: one of 1.18.3 that has lost all its connections to Redis never gets
/// them back. Its service's events wait in the outbox meanwhile, whose age says so; the <see cref="Supervisor"/> starts it again.
/// </summary>
internal sealed partial class PublishingWatch(MallServices services, DaprdSidecars sidecars, ILogger<PublishingWatch> logger) : BackgroundService
{
    private const string OutboxAge = "ordermall.outbox.age";
    // In seconds. The outbox retries every two: this is some thirty failures in a row.
    private const double LongestAge = 60;
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(15);
    // A broker that is gone itself is not brought back by this: then there is no hurry.
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(2);
    private static readonly HttpClient Http = new(new ResetConnections(new SocketsHttpHandler { UseProxy = false })) { Timeout = TimeSpan.FromSeconds(5) };

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var last = new Dictionary<string, DateTime>();
        using var timer = new PeriodicTimer(LookInterval);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            foreach (var app in services.Apps)
            {
                if (last.GetValueOrDefault(app.AppId) + Pause > DateTime.UtcNow || await OutboxAgeAsync(app, stoppingToken) is not (> LongestAge and var age))
                    continue;
                last[app.AppId] = DateTime.UtcNow;
                foreach (var program in sidecars.ProgramsOf(app.AppId).Select(sidecar => services.Programs.First(program => program.Name == sidecar.Name)))
                {
                    LogStuck(program.Name, age);
                    if (program is { IsRunning: true, IsWanted: true, ProcessId: { } id })
                        program.Kill(id, string.Create(CultureInfo.InvariantCulture, $"it has taken no events for {age:0} s"));
                }
            }
        }
    }

    // Null where it is not to be had: the service is not up, keeps no outbox, or cannot measure it.
    private static async Task<double?> OutboxAgeAsync(MallApp app, CancellationToken stoppingToken)
    {
        foreach (var instance in app.Instances)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(instance.Address, "/alarms"));
            request.Headers.Add("dapr-api-token", app.AppToken);
            try
            {
                using var response = await Http.SendAsync(request, stoppingToken);
                if (response.IsSuccessStatusCode && response.Content.Headers.ContentType?.MediaType == "application/json")
                    return (await response.Content.ReadFromJsonAsync(ContractsJson.Default.ListMeasuredAlarm, stoppingToken))!.FirstOrDefault(alarm => alarm.Name == OutboxAge)?.Value;
            }
            catch (Exception e) when (e is HttpRequestException or JsonException || (e is OperationCanceledException && !stoppingToken.IsCancellationRequested))
            {
                // Another instance may answer.
            }
        }

        return null;
    }

    [LoggerMessage(LogLevel.Warning, "{Name} is killed: it has taken no events for {Age:0} s.")]
    private partial void LogStuck(string name, double age);
}
