using System.Collections.Immutable;
using CommunityToolkit.Aspire.Hosting.Dapr;

namespace OrderMall.AppHost.Servers;

/// <summary>The mall on this machine: every service with a <c>daprd</c> beside it that reads <c>components/</c>.</summary>
internal abstract class LocalServers : MallServers
{
    private const string Components = "../components";
    private const string Loopback = "127.0.0.1";

    public sealed override void Serve<T>(IResourceBuilder<T> app, MallService service, ParameterResource appToken, ParameterResource sidecarToken)
    {
        app.WithEnvironment(context => GiveTokens(context, appToken, sidecarToken));
        if (service.HasDatabase)
            GiveDatabase(app, service);
        if (service.SendsMail)
            GiveMail(app);
        var redis = GiveBroker(app);
        app.WithDaprSidecar(sidecar => sidecar
            .WithOptions(new DaprSidecarOptions
            {
                AppId = service.AppId,
                ResourcesPaths = ImmutableHashSet.Create(Components),
                Config = $"{Components}/config.yaml",
                DaprListenAddresses = Loopback,
                // Events for a service that is away stay in the broker instead of being tried and parked: so its sidecar must notice soon.
                EnableAppHealthCheck = true,
                AppHealthCheckPath = "/health",
                // In seconds, and in milliseconds: at its default of half a second a busy machine would look like a dead app.
                AppHealthProbeInterval = 1,
                AppHealthProbeTimeout = 1_000,
                AppHealthThreshold = 3,
                // For actors, workflows and jobs, of which the mall has none: without this sidecars look for them for ever.
                PlacementHostAddress = "",
                SchedulerHostAddress = "",
            })
            // Environment of the sidecar resource is what its daprd is started with.
            .WithAnnotation(new EnvironmentCallbackAnnotation(context =>
            {
                GiveTokens(context, appToken, sidecarToken);
                // What sidecars tell each other of where they are: not an address that the next network of this machine may change.
                context.EnvironmentVariables["DAPR_HOST_IP"] = Loopback;
                (context.EnvironmentVariables["REDIS_HOST"], context.EnvironmentVariables["REDIS_PASSWORD"]) = redis;
            })));
    }

    /// <summary>Lets a service wait for the Redis that is broker and state store.</summary>
    /// <returns>Where it is, for the service's sidecar.</returns>
    protected abstract (object HostAndPort, object Password) GiveBroker<T>(IResourceBuilder<T> app)
        where T : IResourceWithWaitSupport;

    protected abstract void GiveDatabase<T>(IResourceBuilder<T> app, MallService service)
        where T : IResourceWithEnvironment, IResourceWithWaitSupport;

    protected abstract void GiveMail<T>(IResourceBuilder<T> app)
        where T : IResourceWithEnvironment, IResourceWithWaitSupport;

    private static void GiveTokens(EnvironmentCallbackContext context, ParameterResource appToken, ParameterResource sidecarToken)
    {
        context.EnvironmentVariables["APP_API_TOKEN"] = appToken;
        context.EnvironmentVariables["DAPR_API_TOKEN"] = sidecarToken;
    }
}
