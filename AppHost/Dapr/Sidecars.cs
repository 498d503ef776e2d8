using OrderMall.AppHost.Postgres;
using OrderMall.Control;
using OrderMall.Postgres;

namespace OrderMall.AppHost.Dapr;

/// <summary>The Dapr sidecars of the mall's apps.</summary>
internal abstract class Sidecars
{
    /// <summary>Those that <c>Mall:Sidecar</c> names: the embedded one for all, or a real <c>daprd</c> for each.</summary>
    /// <exception cref="MallException">daprd or Redis is missing.</exception>
    public static async Task<Sidecars> AddAsync(IDistributedApplicationBuilder builder, MallSettings settings, DataFolder folder, Databases databases) => settings.Daprd
        ? await DaprdSidecars.AddAsync(builder, settings.Components, folder, settings.Servers)
        : new EmbeddedSidecars(builder, settings.Components, folder, databases);

    /// <summary>Puts a sidecar beside every instance of an app, and tells both of each other.</summary>
    /// <param name="instances">Its instances' resources, in their order; none for an app in this process.</param>
    public abstract void Join(MallApp app, IReadOnlyList<IResourceBuilder<IResourceWithEnvironment>> instances);

    /// <summary>Lets an app wait for its sidecar.</summary>
    public abstract void WaitedForBy<T>(IResourceBuilder<T> app)
        where T : IResourceWithWaitSupport;

    /// <summary>The programs that are sidecars, and where each says that it answers.</summary>
    public abstract IReadOnlyList<SidecarProgram> Programs { get; }

    /// <summary>The port on 127.0.0.1 on which an app's first instance finds Dapr's HTTP API.</summary>
    public abstract int HttpPortOf(string appId);

    /// <summary>The circuit breakers that an app's sidecar keeps; none where it does not answer.</summary>
    public abstract Task<IReadOnlyList<CircuitView>> CircuitsAsync(string appId, CancellationToken cancellationToken);

    /// <summary>How many instances of an app get work, as far as the sidecar knows; asks it to look at once.</summary>
    /// <returns><see langword="null"/> where sidecars do not tell.</returns>
    public abstract Task<int?> HealthyInstancesAsync(string appId, CancellationToken cancellationToken);

    /// <summary>Tells an instance where its sidecar is, and what to call it with.</summary>
    protected static void Tell(IResourceBuilder<IResourceWithEnvironment> instance, MallApp app, int http, int grpc) =>
        instance.WithEnvironment(context =>
        {
            var variables = context.EnvironmentVariables;
            variables["DAPR_HTTP_PORT"] = $"{http}";
            variables["DAPR_GRPC_PORT"] = $"{grpc}";
            variables["DAPR_API_TOKEN"] = app.ApiToken;
            variables["APP_API_TOKEN"] = app.AppToken;
        });
}

/// <summary>A sidecar's program.</summary>
/// <param name="Alive">Answers with success while it lives.</param>
/// <param name="Token">What it is asked with, in <c>dapr-api-token</c>.</param>
internal sealed record SidecarProgram(string Name, Uri Alive, string Token);
