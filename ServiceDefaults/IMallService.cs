namespace OrderMall.ServiceDefaults;

/// <summary>A service of the mall: what it is called, needs and exposes. <see cref="ServiceHost"/> does the rest.</summary>
public interface IMallService
{
    /// <summary>The Dapr app id.</summary>
    static abstract string AppId { get; }

    /// <summary>
    /// Whether people reach this service directly. <see langword="false"/> (the default) refuses every request that does not
    /// come through the service's own sidecar.
    /// </summary>
    static virtual bool IsPublic => false;

    /// <summary>Adds the service's own parts; the defaults are there already.</summary>
    static abstract void Configure(WebApplicationBuilder builder);

    /// <summary>Adds the middleware that runs between authentication and authorization.</summary>
    static virtual void UseMiddleware(WebApplication app)
    {
    }

    /// <summary>Maps the service's endpoints and subscriptions.</summary>
    static abstract void Map(WebApplication app);
}
