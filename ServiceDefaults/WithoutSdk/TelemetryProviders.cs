using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace OrderMall.ServiceDefaults;

/// <summary>Makes a service's telemetry providers and keeps them as long as the service, in a build without OpenTelemetry.Extensions.Hosting.</summary>
internal static class TelemetryProviders
{
    public static void Add(IServiceCollection services, Action<IServiceProvider, TracerProviderBuilder> configureTraces, Action<IServiceProvider, MeterProviderBuilder> configureMetrics)
    {
        services.AddSingleton(provider =>
        {
            var builder = OpenTelemetry.Sdk.CreateTracerProviderBuilder();
            configureTraces(provider, builder);
            return builder.Build();
        });
        services.AddSingleton(provider =>
        {
            var builder = OpenTelemetry.Sdk.CreateMeterProviderBuilder();
            configureMetrics(provider, builder);
            return builder.Build();
        });
        services.AddHostedService<Start>();
    }

    // Providers listen from the moment they exist: this makes them exist. The container disposes, and so flushes, them.
    private const int FlushMilliseconds = 2_000;

    private sealed class Start(TracerProvider traces, MeterProvider metrics) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        // Both wait: not on a thread of the pool, which the exporters need, and the gauges.
        public Task StopAsync(CancellationToken cancellationToken) => Task.Factory.StartNew(
            () =>
            {
                traces.ForceFlush(FlushMilliseconds);
                metrics.ForceFlush(FlushMilliseconds);
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }
}
