using System.Globalization;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Options;
using OrderMall.ServiceDefaults.Alarms;
using OrderMall.ServiceDefaults.Api;
using OrderMall.ServiceDefaults.Configuration;
using OrderMall.ServiceDefaults.Dapr;
using OrderMall.ServiceDefaults.Database;
using OrderMall.ServiceDefaults.Messaging;

namespace OrderMall.ServiceDefaults;

/// <summary>Makes and runs a service with everything that all services have.</summary>
public static class ServiceHost
{
    /// <summary>The Dapr app id of the service that asks every other what operators want to know.</summary>
    public const string OperationsAppId = "operations";

    /// <summary>How long a stopping service may go on with what it took.</summary>
    public static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(10);

    /// <summary>Runs a service as this process until it is told to stop.</summary>
    /// <param name="args">Configuration as <c>--Key value</c>; environment variables of the same names count too.</param>
    public static async Task RunAsync<TService>(string[] args)
        where TService : IMallService
    {
        try
        {
            await using var app = Build<TService>(args, ownsProcess: true);
            await app.RunAsync();
        }
        catch (Exception misconfigured) when (misconfigured is InvalidOperationException or OptionsValidationException)
        {
            await Console.Error.WriteLineAsync(misconfigured.Message);
            Environment.ExitCode = 1;
        }
    }

    /// <summary>Makes a service ready to start, in a process that is somebody else's: signals to it are not the service's to answer.</summary>
    /// <param name="args">Configuration as <c>--Key value</c>.</param>
    /// <returns>The application; the caller starts, stops and disposes it.</returns>
    /// <exception cref="InvalidOperationException">Something the service needs is not configured; the message names the key.</exception>
    public static WebApplication Create<TService>(string[] args)
        where TService : IMallService => Build<TService>(args, ownsProcess: false);

    private static WebApplication Build<TService>(string[] args, bool ownsProcess)
        where TService : IMallService
    {
        // Numbers and dates are written the same on every machine.
        CultureInfo.DefaultThreadCurrentCulture = CultureInfo.InvariantCulture;
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions
        {
            Args = args,
            ApplicationName = typeof(TService).Assembly.GetName().Name,
            ContentRootPath = AppContext.BaseDirectory,
        });
        SettingsFile.AddIfNamed(builder);
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        // Races for a row are expected and handled; EF would log each as an error.
        builder.Logging.AddFilter("Microsoft.EntityFrameworkCore.Update", LogLevel.None);
        builder.Logging.AddFilter("Microsoft.EntityFrameworkCore.Database.Command", LogLevel.None);
        builder.Logging.AddFilter("System", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Information);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            // The sidecar's own limit, see the Dapr facts: more never arrives.
            kestrel.Limits.MaxRequestBodySize = 4 * 1024 * 1024;
        });
        GracefulShutdown.Add(builder);
        if (!ownsProcess)
            builder.Services.AddSingleton<IHostLifetime, OwnersLifetime>();
        builder.Services.AddSingleton(TimeProvider.System);
        builder.AddTelemetry(TService.AppId);
        builder.AddSidecar(TService.AppId);
        builder.AddApiDefaults(TService.IsPublic);
        builder.Services.AddHealthChecks();
        TService.Configure(builder);

        var app = builder.Build();
        if (Telemetry.IsExported(app.Configuration))
            app.UseSpanNames();
        app.UseApiDefaults();
        app.MapProbes();
        if (TService.IsPublic)
            app.MapFor(OperationsAppId, MapOperations);
        else
            app.UseAppToken();
        JsonCharset.Use(app);
        app.UseRouting();
        app.UseAuthentication();
        TService.UseMiddleware(app);
        app.UseAuthorization();
        TService.Map(app);
        if (!TService.IsPublic)
        {
            MapOperations(app);
            // The gateway merges the documents of the services behind it into one.
            app.MapOpenApi();
        }

        return app;
    }

    // What the operators' side asks of every service that has it.
    private static void MapOperations(IEndpointRouteBuilder routes)
    {
        // Made even where nobody asks: a collector is to have the figures too.
        routes.ServiceProvider.GetService<AlarmMeter>()?.Map(routes);
        if (routes.ServiceProvider.GetService<CommitSignal>() is not null)
            MessagingAudit.Map(routes);
    }

    /// <summary>Starts and stops when its owner says so.</summary>
    private sealed class OwnersLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
