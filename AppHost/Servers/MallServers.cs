namespace OrderMall.AppHost.Servers;

/// <summary>What the mall runs on: databases, a broker, a state store, a mail server, and the sidecars in front of them.</summary>
internal abstract class MallServers
{
    /// <summary>Where services listen in their containers.</summary>
    public const int ContainerPort = 8080;

    /// <summary>Gives a service what it needs.</summary>
    /// <param name="app">The service.</param>
    /// <param name="service">What it needs.</param>
    /// <param name="appToken">What the service wants to see of its sidecar.</param>
    /// <param name="sidecarToken">What the sidecar wants to see of its service.</param>
    public abstract void Serve<T>(IResourceBuilder<T> app, MallService service, ParameterResource appToken, ParameterResource sidecarToken)
        where T : IResourceWithEnvironment, IResourceWithEndpoints, IResourceWithWaitSupport, IComputeResource;
}
