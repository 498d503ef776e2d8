using System.Diagnostics;
using OpenTelemetry;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace OrderMall.Sidecar.Telemetry;

/// <summary>
/// The spans of one app's sidecar, exported over OTLP as the service <c>{app id}-dapr</c>: there is a sidecar per app for whoever
/// reads a trace, as with daprd.
/// </summary>
internal sealed class AppSpans : IDisposable
{
    private const int FlushMilliseconds = 2000;

    private readonly ActivitySource _source;
    private readonly TracerProvider _provider;

    private AppSpans(string appId)
    {
        _source = new ActivitySource($"Dapr.{appId}");
        // Aspire names the instance itself, to know it again in its dashboard.
        var named = Environment.GetEnvironmentVariable("OTEL_RESOURCE_ATTRIBUTES")?.Contains("service.instance.id=", StringComparison.Ordinal) == true;
        _provider = Sdk.CreateTracerProviderBuilder()
            .SetResourceBuilder(ResourceBuilder.CreateDefault().AddService($"{appId}-dapr", serviceNamespace: "OrderMall", autoGenerateServiceInstanceId: !named))
            .AddSource(_source.Name)
            .AddOtlpExporter()
            .Build();
    }

    /// <summary>Exports to where this process's environment says by OpenTelemetry's variables.</summary>
    /// <returns><see langword="null"/> where it does not say.</returns>
    public static AppSpans? Of(string appId) =>
        Environment.GetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT") is { Length: > 0 } ? new AppSpans(appId) : null;

    /// <summary>Begins a span in a trace that is sampled. As daprd, the sidecar begins no traces by itself.</summary>
    public Activity? Begin(string name, string traceparent)
    {
        if (!ActivityContext.TryParse(traceparent, traceState: null, isRemote: true, out var parent) || !parent.TraceFlags.HasFlag(ActivityTraceFlags.Recorded))
            return null;
        var span = _source.StartActivity(name, ActivityKind.Client, parent);
        // Requests of one connection share their context: none is to be found in the span of the one before.
        Activity.Current = null;
        return span;
    }

    /// <summary>Sends what is still to be sent, within two seconds.</summary>
    public void Dispose()
    {
        _provider.Shutdown(FlushMilliseconds);
        _provider.Dispose();
        _source.Dispose();
    }
}
