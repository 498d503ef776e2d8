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

    /// <summary>Adds the service's own parts.</summary>
    /// <param name="builder">The application under construction; the defaults are in it.</param>
    static abstract void Configure(WebApplicationBuilder builder);

    /// <summary>Puts in what judges a request, once it is known whose it is and before it is said whether that person may.</summary>
    static virtual void Admit(WebApplication app)
    {
    }

    /// <summary>Maps the service's endpoints and subscriptions.</summary>
    static abstract void Map(WebApplication app);
}
