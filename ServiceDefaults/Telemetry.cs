using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
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
    private const string ClientSource = "System.Net.Http";

    public static void AddTelemetry(this WebApplicationBuilder builder, string appId)
    {
        // ASP.NET Core starts the span of a request from the ActivitySource it finds here: one per service tells them apart.
        var source = new ActivitySource($"OrderMall.{appId}");
        builder.Services.Replace(ServiceDescriptor.Singleton(source));

        if (builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] is not { Length: > 0 } endpoint)
            return;
        if (!Uri.TryCreate(endpoint, UriKind.Absolute, out var collector))
            throw new InvalidOperationException($"OTEL_EXPORTER_OTLP_ENDPOINT is '{endpoint}': it must be an absolute URL such as http://127.0.0.1:4317.");
        var overHttp = builder.Configuration["OTEL_EXPORTER_OTLP_PROTOCOL"] == "http/protobuf";
        var headers = builder.Configuration["OTEL_EXPORTER_OTLP_HEADERS"];
        void Configure(OtlpExporterOptions options, string signal)
        {
            options.Protocol = overHttp ? OtlpExportProtocol.HttpProtobuf : OtlpExportProtocol.Grpc;
            options.Endpoint = overHttp ? new Uri(collector, $"v1/{signal}") : collector;
            options.Headers = headers;
        }

        // Aspire names the instance itself, to know it again in its dashboard.
        var named = builder.Configuration["OTEL_RESOURCE_ATTRIBUTES"]?.Contains("service.instance.id=", StringComparison.Ordinal) == true;
        var resource = ResourceBuilder.CreateDefault().AddService(appId, serviceNamespace: "OrderMall", autoGenerateServiceInstanceId: !named);
        TelemetryProviders.Add(
            builder.Services,
            (_, traces) =>
            {
                var options = new OtlpExporterOptions();
                Configure(options, "traces");
                traces.SetResourceBuilder(resource)
                    .AddSource(source.Name, ClientSource)
                    .AddProcessor(new OwnSpansProcessor(source, new OtlpTraceExporter(options), builder.Configuration.GetValue("OTEL_BSP_SCHEDULE_DELAY", 5_000)));
            },
            (services, metrics) =>
            {
                var own = services.GetRequiredService<IMeterFactory>();
                var options = new OtlpExporterOptions();
                Configure(options, "metrics");
                metrics.SetResourceBuilder(resource)
                    .AddMeter("Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime", "Npgsql", "OrderMall")
                    .AddView(instrument => instrument.Meter.Scope is IMeterFactory other && !ReferenceEquals(other, own)
                        ? MetricStreamConfiguration.Drop
                        : null)
                    .AddReader(new PeriodicExportingMetricReader(new OtlpMetricExporter(options), builder.Configuration.GetValue("OTEL_METRIC_EXPORT_INTERVAL", 60_000)));
            });
        builder.Logging.AddOpenTelemetry(logging =>
        {
            logging.SetResourceBuilder(resource);
            logging.IncludeFormattedMessage = true;
            logging.AddOtlpExporter(options => Configure(options, "logs"));
        });
    }

    private sealed class OwnSpansProcessor(ActivitySource own, BaseExporter<Activity> exporter, int delayMilliseconds)
        : BatchActivityExportProcessor(exporter, scheduledDelayMilliseconds: delayMilliseconds)
    {
        public override void OnEnd(Activity data)
        {
            // Probes come several times a second and say nothing.
            if (data.GetTagItem("url.path") is Probes.Ready or Probes.Alive)
                return;
            for (var span = data; span is not null; span = span.Parent)
            {
                if (ReferenceEquals(span.Source, own))
                {
                    base.OnEnd(data);
                    return;
                }
            }
        }
    }
}
