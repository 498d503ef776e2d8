using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace OrderMall.ServiceDefaults;

/// <summary>Makes a service's telemetry providers and keeps them as long as the service, by OpenTelemetry.Extensions.Hosting.</summary>
internal static class TelemetryProviders
{
    public static void Add(IServiceCollection services, Action<IServiceProvider, TracerProviderBuilder> configureTraces, Action<IServiceProvider, MeterProviderBuilder> configureMetrics)
    {
        services.ConfigureOpenTelemetryTracerProvider(configureTraces);
        services.ConfigureOpenTelemetryMeterProvider(configureMetrics);
        services.AddOpenTelemetry().WithTracing().WithMetrics();
    }
}
