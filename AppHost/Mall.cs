using System.Security.Cryptography;
using Microsoft.Extensions.Configuration;
using OrderMall.AppHost.Azure;
using OrderMall.AppHost.Servers;

namespace OrderMall.AppHost;

/// <summary>The mall under construction: every service gets here what all services get.</summary>
internal sealed class Mall
{
    // What is asked of every service: its process answers; it and what it cannot do without are there.
    private const string Alive = "/alive";
    private const string Ready = "/health";

    /// <summary>So many instances of a service there are at most.</summary>
    public const int MostReplicas = 5;

    private readonly IDistributedApplicationBuilder _builder;
    private readonly MallServers _servers;
    private readonly bool _demo;
    private readonly int _replicas;
    private readonly List<(MallService Service, IResourceBuilder<IResourceWithWaitSupport> Resource)> _services = [];
    private readonly Dictionary<string, ParameterResource> _tokens = [];

    public Mall(IDistributedApplicationBuilder builder)
    {
        _builder = builder;
        _servers = IsPublished ? new AzureServers(builder)
            : ExistingServers.AreGiven(builder.Configuration) ? new ExistingServers(builder)
            : new ContainerServers(builder);
        // Everybody knows the demo accounts' password: a deployed mall has them only if it is asked to (Mall__Demo=true azd up).
        _demo = builder.Configuration.GetValue("Mall:Demo", !IsPublished);
        _replicas = builder.Configuration.GetValue("Mall:Replicas", 1);
        if (_replicas is < 1 or > MostReplicas)
            throw new DistributedApplicationException($"Mall:Replicas is {_replicas}: it must be from 1 to {MostReplicas}.");
    }

    private bool IsPublished => _builder.ExecutionContext.IsPublishMode;

    // Images of .NET serve on this port; elsewhere Aspire finds a free one.
    private int? TargetPort => IsPublished ? MallServers.ContainerPort : null;

    /// <summary>Adds a service that is a project of this solution.</summary>
    public IResourceBuilder<ProjectResource> Add<TProject>(MallService service)
        where TProject : IProjectMetadata, new()
    {
        var project = _builder.AddProject<TProject>(service.AppId).WithHttpEndpoint(targetPort: TargetPort);
        if (service.IsReplicated)
            project.WithReplicas(_replicas);
        return Join(project, service);
    }

    /// <summary>Adds a service that is a Python script with nothing to install; published by the Dockerfile beside it.</summary>
    public IResourceBuilder<ExecutableResource> AddPython(MallService service, string folder, string script) =>
        Join(
            _builder.AddExecutable(service.AppId, Requirements.Python, folder, script)
                .WithHttpEndpoint(targetPort: TargetPort, env: "APP_PORT")
                .WithOtlpExporter()
                .PublishAsDockerFile(),
            service);

    /// <summary>Adds the public door. It comes last, and opens when all services are ready.</summary>
    public IResourceBuilder<ProjectResource> AddGateway<TProject>(MallService service)
        where TProject : IProjectMetadata, new()
    {
        var gateway = _builder.AddProject<TProject>(service.AppId)
            .WithHttpEndpoint(port: IsPublished ? null : _builder.Configuration.GetValue("Mall:Port", 8080), targetPort: TargetPort)
            .WithExternalHttpEndpoints()
            .WithUrlForEndpoint("http", url => url.DisplayText = "Shop")
            .WithUrlForEndpoint("http", _ => new ResourceUrlAnnotation { Url = "/openapi/v1.json", DisplayText = "API" });
        foreach (var (joined, resource) in _services)
        {
            gateway.WaitFor(resource);
            if (joined.Joins is not { } prefix)
                continue;
            gateway.WithEnvironment($"Gateway__Routes__{prefix}__AppId", joined.AppId);
            gateway.WithEnvironment($"Gateway__Routes__{prefix}__AnyoneMayRead", "true");
        }

        return Join(gateway, service);
    }

    /// <summary>The secret without which a service takes no calls: its sidecar knows it.</summary>
    public ParameterResource TokenOf(string appId) => Token(appId, "app");

    private IResourceBuilder<T> Join<T>(IResourceBuilder<T> app, MallService service)
        where T : class, IResourceWithEnvironment, IResourceWithEndpoints, IResourceWithWaitSupport, IResourceWithProbes, IComputeResource
    {
        // Its daprd hears within three probes that it leaves; what is sent to it until then it answers. Where no other instance
        // takes over, saying that it leaves would help nobody.
        if (IsPublished || (_replicas > 1 && service.IsReplicated))
            app.WithEnvironment("Drain__Seconds", "6");
        app.WithEnvironment("Mall__Demo", _demo ? "true" : "false");
        // The schema is brought up to date before anything answers: there is a minute for it (ten failures are the most there may be).
        Probe(ProbeType.Startup, Alive, period: 6, failures: 10);
        Probe(ProbeType.Readiness, Ready, period: 5, failures: 3);
        Probe(ProbeType.Liveness, Alive, period: 10, failures: 6);
        app.WithHttpHealthCheck(Ready);
        foreach (var called in _services.Where(other => service.Calls.Contains(other.Service.AppId)))
            app.WithReferenceRelationship(called.Resource);
        _servers.Serve(app, service, Token(service.AppId, "app"), Token(service.AppId, "sidecar"));
        _services.Add((service, app));
        return app;

        void Probe(ProbeType type, string path, int period, int failures) => app.WithAnnotation(new EndpointProbeAnnotation
        {
            Type = type,
            EndpointReference = app.GetEndpoint("http"),
            Path = path,
            InitialDelaySeconds = 1,
            PeriodSeconds = period,
            TimeoutSeconds = 3,
            FailureThreshold = failures,
            SuccessThreshold = 1,
        });
    }

    // New at every start: both who needs it start then.
    private ParameterResource Token(string appId, string of)
    {
        var name = $"{appId}-{of}-token";
        if (_tokens.TryGetValue(name, out var known))
            return known;
        var value = RandomNumberGenerator.GetHexString(32, lowercase: true);
        return _tokens[name] = new ParameterResource(name, _ => value, secret: true);
    }
}
