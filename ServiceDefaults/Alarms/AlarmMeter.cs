using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using OrderMall.Contracts;

namespace OrderMall.ServiceDefaults.Alarms;

/// <summary>
/// Measures a service's alarms when somebody asks: a collector, by the gauges of the meter <c>OrderMall</c>, or the gateway. Nothing
/// is kept between. What cannot be measured in time is no value to a collector, and raised to the gateway.
/// </summary>
public sealed partial class AlarmMeter
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    private readonly IServiceProvider _services;
    private readonly IReadOnlyList<Measured> _alarms;
    private readonly ILogger<AlarmMeter> _logger;

    internal AlarmMeter(IServiceProvider services, IEnumerable<Measured> alarms, IMeterFactory meters, ILogger<AlarmMeter> logger)
    {
        (_services, _alarms, _logger) = (services, [.. alarms], logger);
        var meter = meters.Create("OrderMall");
        foreach (var each in _alarms)
            meter.CreateObservableGauge(each.Alarm.Name, () => Observe(each), each.Alarm.Unit, each.Alarm.Meaning);
        meter.CreateObservableGauge("ordermall.ready", ObserveReadiness, "1", "Whether the service has what it needs.");
    }

    internal void Map(WebApplication app) => app.MapGet("/alarms", async (CancellationToken cancellationToken) =>
        TypedResults.Ok(await MeasureAsync(cancellationToken))).ExcludeFromDescription();

    /// <summary>All of them as they are now.</summary>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>Also those that are not raised.</returns>
    public async Task<List<MeasuredAlarm>> MeasureAsync(CancellationToken cancellationToken)
    {
        var measured = new List<MeasuredAlarm>();
        foreach (var each in _alarms)
            measured.Add(new MeasuredAlarm(each.Alarm.Name, await TryAsync(each, cancellationToken), each.Alarm.Limit, each.Alarm.Unit, each.Alarm.Meaning));
        return measured;
    }

    // A collector asks from a thread of its own, which may wait: there is no asynchronous way.
    private IEnumerable<Measurement<double>> Observe(Measured alarm) =>
        Task.Run(() => TryAsync(alarm, CancellationToken.None)).GetAwaiter().GetResult() is { } value ? [new(value)] : [];

    private int ObserveReadiness() => Task.Run(ReadyAsync).GetAwaiter().GetResult() ? 1 : 0;

    private async Task<bool> ReadyAsync()
    {
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            return (await _services.GetRequiredService<HealthCheckService>().CheckHealthAsync(limit.Token)).Status == HealthStatus.Healthy;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private async Task<double?> TryAsync(Measured alarm, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            return await alarm.MeasureAsync(_services, limit.Token);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            LogUnmeasured(alarm.Alarm.Name, e.Message);
            return null;
        }
    }

    [LoggerMessage(LogLevel.Warning, "{Name} could not be measured: {Reason}")]
    private partial void LogUnmeasured(string name, string reason);
}
