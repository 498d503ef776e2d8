namespace OrderMall.AppHost;

/// <summary>What the list in <c>AppHost.cs</c> is for: to open the mall (<see cref="Mall"/>), or to be read by the templates of Azure (<see cref="PublishedList"/>).</summary>
internal abstract class ServiceList
{
    /// <summary>Adds a service that is a project of this solution.</summary>
    public abstract void Add<TProject>(MallService service)
        where TProject : IProjectMetadata, new();

    /// <summary>Adds a service that is a Python script with nothing to install.</summary>
    /// <param name="folder">Relative to the AppHost's.</param>
    public abstract void AddPython(MallService service, string folder, string script);

    /// <summary>Adds the operators' side. It comes after the services that join, which it is told of.</summary>
    public abstract void AddOperations<TProject>(MallService service)
        where TProject : IProjectMetadata, new();

    /// <summary>Adds the public gateway. It comes last, and opens when all services are ready.</summary>
    public abstract void AddGateway<TProject>(MallService service)
        where TProject : IProjectMetadata, new();

    /// <summary>Adds the screens, which ask the gateway.</summary>
    public abstract void AddWeb<TProject>(MallService service)
        where TProject : IProjectMetadata, new();

    /// <summary>Does what the list is for.</summary>
    /// <returns>The exit code.</returns>
    public abstract Task<int> RunAsync();
}
