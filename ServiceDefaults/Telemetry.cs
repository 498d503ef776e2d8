using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection.Extensions;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace OrderMall.ServiceDefaults;

/// <summary>
/// Traces, metrics and logs over OTLP, when <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is configured. Several services
/// may share a process, and activities and meters are process-wide in .NET: each service exports its own only.
/// </summary>
internal static class Telemetry
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private const string ClientSource = "System.Net.Http";

    /// <summary>Whether there is a collector to export to.</summary>
    public static bool IsExported(IConfiguration configuration) => configuration[Endpoint] is { Length: > 0 };

    public static void AddTelemetry(this WebApplicationBuilder builder, string appId)
    {
        // ASP.NET Core starts the span of a request from the ActivitySource it finds here: one per service tells them apart.
        var source = new ActivitySource($"OrderMall.{appId}");
        builder.Services.Replace(ServiceDescriptor.Singleton(source));

        if (!IsExported(builder.Configuration))
            return;
        var endpoint = builder.Configuration[Endpoint];
        if (!Uri.TryCreate(endpoint, UriKind.Absolute, out var collector))
            throw new InvalidOperationException($"{Endpoint} is '{endpoint}': it must be an absolute URL such as http://127.0.0.1:4317.");
        // .NET 10 leaves even the path of a span to others unless told so, and sampling goes by it.
        AppContext.SetSwitch("Microsoft.AspNetCore.Hosting.SuppressActivityOpenTelemetryData", false);
        var overHttp = builder.Configuration["OTEL_EXPORTER_OTLP_PROTOCOL"] == "http/protobuf";
        var headers = builder.Configuration["OTEL_EXPORTER_OTLP_HEADERS"];
        OtlpExporterOptions Exporter(string signal) => new()
        {
            Protocol = overHttp ? OtlpExportProtocol.HttpProtobuf : OtlpExportProtocol.Grpc,
            Endpoint = overHttp ? new Uri(collector, $"v1/{signal}") : collector,
            Headers = headers,
        };

        // Aspire names the instance itself, to know it again in its dashboard, and a replica as ordering-2.
        var name = builder.Configuration["OTEL_SERVICE_NAME"] is { } given && given.StartsWith($"{appId}-", StringComparison.Ordinal) && int.TryParse(given.AsSpan(appId.Length + 1), out _) ? given : appId;
        var named = builder.Configuration["OTEL_RESOURCE_ATTRIBUTES"]?.Contains("service.instance.id=", StringComparison.Ordinal) == true;
        var resource = ResourceBuilder.CreateDefault().AddService(name, serviceNamespace: "OrderMall", autoGenerateServiceInstanceId: !named);
        builder.Services.AddOpenTelemetry()
            .WithTracing(traces => traces
                .SetResourceBuilder(resource)
                .SetSampler(new PeoplesTraces())
                .AddSource(source.Name, ClientSource)
                .AddProcessor(new OwnSpans(source, new OtlpTraceExporter(Exporter("traces")), builder.Configuration.GetValue("OTEL_BSP_SCHEDULE_DELAY", 5_000))))
            .WithMetrics();
        builder.Services.ConfigureOpenTelemetryMeterProvider((services, metrics) =>
        {
            var own = services.GetRequiredService<IMeterFactory>();
            metrics.SetResourceBuilder(resource)
                .AddMeter("Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime", "Npgsql", "OrderMall")
                .AddView(instrument => instrument.Meter.Scope is IMeterFactory other && !ReferenceEquals(other, own)
                    ? MetricStreamConfiguration.Drop
                    : null)
                .AddReader(new PeriodicExportingMetricReader(new OtlpMetricExporter(Exporter("metrics")), builder.Configuration.GetValue("OTEL_METRIC_EXPORT_INTERVAL", 60_000)));
        });
        builder.Logging.AddOpenTelemetry(logging =>
        {
            logging.SetResourceBuilder(resource);
            logging.IncludeFormattedMessage = true;
            logging.AddProcessor(new BatchLogRecordExportProcessor(
                new OtlpLogExporter(Exporter("logs")), scheduledDelayMilliseconds: builder.Configuration.GetValue("OTEL_BLRP_SCHEDULE_DELAY", 5_000)));
        });
    }

    /// <summary>
    /// What people did makes traces. What the mall does by itself, again and again, makes none: probes, what its sidecar asks it, and
    /// calls in nobody's name. Those tell the sidecar by their <c>traceparent</c> that they are not sampled.
    /// </summary>
    private sealed class PeoplesTraces : Sampler
    {
        public override SamplingResult ShouldSample(in SamplingParameters samplingParameters)
        {
            var parent = samplingParameters.ParentContext;
            var sampled = parent.TraceId != default
                ? parent.TraceFlags.HasFlag(ActivityTraceFlags.Recorded)
                : samplingParameters.Kind != ActivityKind.Client;
            return new SamplingResult(sampled && !IsOfTheSidecar(samplingParameters.Tags) ? SamplingDecision.RecordAndSample : SamplingDecision.Drop);
        }

        private static bool IsOfTheSidecar(IEnumerable<KeyValuePair<string, object?>>? tags)
        {
            foreach (var (name, value) in tags ?? [])
            {
                if (name == "url.path")
                    return value is Probes.Ready or Probes.Alive || (value is string path && path.StartsWith("/dapr/", StringComparison.Ordinal));
            }

            return false;
        }
    }

    private sealed class OwnSpans(ActivitySource own, BaseExporter<Activity> exporter, int delayMilliseconds)
        : BatchActivityExportProcessor(exporter, scheduledDelayMilliseconds: delayMilliseconds)
    {
        public override void OnEnd(Activity data)
        {
            if (!data.Recorded)
                return;
            for (var span = data; span is not null; span = span.Parent)
            {
                if (!ReferenceEquals(span.Source, own))
                    continue;
                SpanNames.Complete(data);
                base.OnEnd(data);
                return;
            }
        }
    }
}
