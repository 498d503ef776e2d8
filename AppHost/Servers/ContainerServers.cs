namespace OrderMall.AppHost.Servers;

/// <summary>Everything in containers, which keep their data in volumes.</summary>
internal sealed class ContainerServers : LocalServers
{
    private readonly IDistributedApplicationBuilder _builder;
    private readonly IResourceBuilder<PostgresServerResource> _postgres;
    private readonly IResourceBuilder<RedisResource> _redis;

    public ContainerServers(IDistributedApplicationBuilder builder)
    {
        _builder = builder;
        _postgres = builder.AddPostgres("postgres")
            .WithDataVolume("ordermall-postgres")
            // A pool of connections (below) for every instance of every service: the default of 100 is too few.
            .WithArgs("-c", "max_connections=500");
        _redis = builder.AddRedis("redis")
            .WithDataVolume("ordermall-redis")
            .WithPersistence(TimeSpan.FromSeconds(10), keysChangedThreshold: 1)
            // components/ speak plainly to it, on this machine alone.
            .WithoutHttpsCertificate();
    }

    protected override (object HostAndPort, object Password) GiveBroker<T>(IResourceBuilder<T> app)
    {
        app.WaitFor(_redis);
        return (_redis.Resource.PrimaryEndpoint.Property(EndpointProperty.HostAndPort), _redis.Resource.PasswordParameter!);
    }

    protected override void GiveDatabase<T>(IResourceBuilder<T> app, MallService service)
    {
        var database = _postgres.AddDatabase($"{service.AppId}-db", service.Database);
        app.WithEnvironment($"ConnectionStrings__{service.AppId}", ReferenceExpression.Create($"{database};Maximum Pool Size=20")).WaitFor(database);
    }

    protected override void GiveMail<T>(IResourceBuilder<T> app)
    {
        if (MailSettings.Pass(_builder, app))
            return;
        var catcher = _builder.AddContainer("mail", "axllent/mailpit", "v1.27")
            .WithHttpEndpoint(targetPort: 8025)
            .WithEndpoint(targetPort: 1025, name: "smtp")
            .WithHttpHealthCheck("/livez")
            .WithUrlForEndpoint("http", url => url.DisplayText = "Emails");
        var smtp = catcher.GetEndpoint("smtp");
        MailSettings.Give(app, smtp.Property(EndpointProperty.Host), smtp.Property(EndpointProperty.Port));
        app.WaitFor(catcher);
    }
}
