using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace OrderMall.ServiceDefaults.Alarms;

/// <summary>
/// Measures a service's alarms on request: anew for operations. A collector scrapes them every second, by the
/// gauges of the meter <c>OrderMall</c>, and is given what was measured within the last <see cref="Age"/>, in the background. What
/// cannot be measured in time is no value to a collector, and raised to operations.
/// </summary>
public sealed partial class AlarmMeter
{
    /// <summary>How old a value may be that a collector is given.</summary>
    public static readonly TimeSpan Age = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    private readonly IServiceProvider _services;
    private readonly ConcurrentDictionary<string, bool> _unmeasured = new(); // the last time
    private readonly IReadOnlyList<Measured> _alarms;
    private readonly IHostApplicationLifetime _lifetime;
    private readonly TimeProvider _time;
    private readonly ILogger<AlarmMeter> _logger;
    private volatile Figures? _figures;
    private long _measuredAt;
    private int _measuring;

    internal AlarmMeter(IServiceProvider services, IEnumerable<Measured> alarms, IMeterFactory meters, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<AlarmMeter> logger)
    {
        (_services, _alarms, _lifetime, _time, _logger) = (services, [.. alarms], lifetime, time, logger);
        var meter = meters.Create("OrderMall");
        for (var i = 0; i < _alarms.Count; i++)
        {
            var (number, alarm) = (i, _alarms[i].Alarm);
            meter.CreateObservableGauge(alarm.Name, () => Latest()?.Values[number] is { } value ? [new(value)] : Array.Empty<Measurement<double>>(), alarm.Unit, alarm.Meaning);
        }

        meter.CreateObservableGauge("ordermall.ready", () => Latest() is { } figures ? [new(figures.Ready ? 1 : 0)] : Array.Empty<Measurement<int>>(), "1", "Whether the service has what it needs.");
    }

    private sealed record Figures(double?[] Values, bool Ready);

    internal void Map(IEndpointRouteBuilder routes) => routes.MapGet("/alarms", async (CancellationToken cancellationToken) =>
        TypedResults.Ok(await MeasureAsync(cancellationToken))).ExcludeFromDescription();

    /// <summary>All of them as they are now.</summary>
    /// <returns>Also those that are not raised.</returns>
    public async Task<List<MeasuredAlarm>> MeasureAsync(CancellationToken cancellationToken)
    {
        var measured = new List<MeasuredAlarm>();
        foreach (var each in _alarms)
            measured.Add(new MeasuredAlarm(each.Alarm.Name, await TryAsync(each, cancellationToken), each.Alarm.Limit, each.Alarm.Unit, each.Alarm.Meaning));
        return measured;
    }

    /// <summary>What was measured last, at once. Where that was long ago, it is measured anew meanwhile.</summary>
    private Figures? Latest()
    {
        // Before the service has started its tables may not be there.
        if (!_lifetime.ApplicationStarted.IsCancellationRequested || _lifetime.ApplicationStopping.IsCancellationRequested)
            return null;
        var figures = _figures;
        var measuredAt = Volatile.Read(ref _measuredAt);
        if ((measuredAt == 0 || _time.GetElapsedTime(measuredAt) >= Age) && Interlocked.Exchange(ref _measuring, 1) == 0)
        {
            // Whoever collects has its own telemetry suppressed: then the sidecar would not be told that this call is in nobody's name.
            using (ExecutionContext.SuppressFlow())
                _ = Task.Run(MeasureFiguresAsync);
        }

        return figures;
    }

    private async Task MeasureFiguresAsync()
    {
        try
        {
            var values = new double?[_alarms.Count];
            for (var i = 0; i < values.Length; i++)
                values[i] = await TryAsync(_alarms[i], _lifetime.ApplicationStopping);
            _figures = new Figures(values, await ReadyAsync());
        }
        finally
        {
            Volatile.Write(ref _measuredAt, _time.GetTimestamp());
            Volatile.Write(ref _measuring, 0);
        }
    }

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
            var value = await alarm.MeasureAsync(_services, limit.Token);
            _unmeasured.TryRemove(alarm.Alarm.Name, out _);
            return value;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // A cold start, or a hiccup, needs nobody's attention: the second in a row does.
            LogUnmeasured(_unmeasured.TryAdd(alarm.Alarm.Name, true) ? LogLevel.Information : LogLevel.Warning, alarm.Alarm.Name, e.Message);
            return null;
        }
    }

    [LoggerMessage(Message = "{Name} could not be measured: {Reason}")]
    private partial void LogUnmeasured(LogLevel level, string name, string reason);
}
