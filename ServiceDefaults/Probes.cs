using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace OrderMall.ServiceDefaults;

/// <summary>The two probes every service answers.</summary>
public static class Probes
{
    /// <summary>Ready: the service and what it cannot do without are there, and it is not stopping.</summary>
    public const string Ready = "/health";

    /// <summary>Alive: the process answers. A service that does not should be restarted.</summary>
    public const string Alive = "/alive";

    internal static void MapProbes(this WebApplication app)
    {
        var shutdown = app.Services.GetRequiredService<GracefulShutdown>();
        app.UseHealthChecks(Alive, new HealthCheckOptions { Predicate = _ => false });
        app.UseHealthChecks(Ready, new HealthCheckOptions
        {
            Predicate = _ => true,
            ResponseWriter = (context, report) =>
            {
                if (shutdown.IsShuttingDown())
                    context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
                return context.Response.WriteAsync(report.Status == HealthStatus.Healthy ? "Healthy" : "Unhealthy", context.RequestAborted);
            },
        });
    }
}
