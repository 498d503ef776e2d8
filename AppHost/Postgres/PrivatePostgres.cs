using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using OrderMall.AppHost.Supervision;
using OrderMall.Postgres;

namespace OrderMall.AppHost.Postgres;

/// <summary>A PostgreSQL that the AppHost starts itself; it is started again when it dies.</summary>
internal sealed class PrivatePostgresResource(string name) : Resource(name), IResourceWithWaitSupport;

/// <summary>A private server with its data in the mall's folder, from the programs on this machine, else from a download.</summary>
internal static class PrivatePostgres
{
    // Of its 300. A connection costs PostgreSQL megabytes, and its statements are prepared for each anew.
    private const int Connections = 110;
    private const string ProcessId = "executable.pid";
    private const string Restarts = "Restarts";

    public static Databases Add(IDistributedApplicationBuilder builder, DataFolder folder)
    {
        var running = new TaskCompletionSource<PostgresCluster>(TaskCreationOptions.RunContinuationsAsynchronously);
        var server = builder.AddResource(new PrivatePostgresResource("postgres"))
            .WithInitialState(new CustomResourceSnapshot
            {
                ResourceType = "PostgreSQL",
                State = KnownResourceStates.NotStarted,
                Properties = [new ResourcePropertySnapshot("Data", folder.Postgres), new ResourcePropertySnapshot("Log", Path.Combine(folder.Postgres, "server.log"))],
            })
            .WithIconName("DatabaseMultiple")
            .ExcludeFromManifest()
            .OnInitializeResource(async (resource, started, cancellationToken) =>
            {
                await started.Notifications.PublishUpdateAsync(resource, snapshot => snapshot with { State = KnownResourceStates.Starting });
                try
                {
                    await started.Eventing.PublishAsync(new BeforeResourceStartedEvent(resource, started.Services), cancellationToken);
                    var cluster = await PostgresCluster.StartAsync(folder.Postgres, cancellationToken, line => Log(started.Logger, line));
                    running.SetResult(cluster);
                    var restarts = 0;
                    cluster.Restarted = processId => _ = ShowAsync(started.Notifications, resource, processId, ++restarts);
                    await ShowAsync(started.Notifications, resource, cluster.ProcessId, restarts);
                }
                catch (Exception failed)
                {
                    running.TrySetException(failed);
                    await started.Notifications.PublishUpdateAsync(resource, snapshot => snapshot with { State = KnownResourceStates.FailedToStart });
                    started.Services.GetRequiredService<MallState>().CannotOpen(failed is OperationCanceledException ? null : failed.Message);
                }
            });
        builder.Services.AddHealthChecks().AddCheck("postgres", () => running.Task is { IsCompletedSuccessfully: true, Result.ProcessId: not null }
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy("The server is not running; it is being started."));
        server.WithHealthCheck("postgres");
        return new Databases(
            server, "", Connections,
            async cancellationToken => (await running.Task.WaitAsync(cancellationToken)).ConnectionString,
            async () =>
            {
                if (running.Task.IsCompletedSuccessfully)
                    await (await running.Task).DisposeAsync();
            });
    }

    private static Task ShowAsync(ResourceNotificationService notifications, IResource resource, int? processId, int restarts) =>
        notifications.PublishUpdateAsync(resource, snapshot => snapshot with
        {
            State = KnownResourceStates.Running,
            StartTimeStamp = DateTime.UtcNow,
            Properties =
            [
                .. snapshot.Properties.Where(property => property.Name is not (ProcessId or Restarts)),
                new ResourcePropertySnapshot(ProcessId, processId),
                .. restarts == 0 ? Array.Empty<ResourcePropertySnapshot>() : [new ResourcePropertySnapshot(Restarts, restarts)],
            ],
        });

    private static void Log(ILogger logger, string line) => logger.Log(LogLevel.Information, default, line, null, static (text, _) => text);
}
