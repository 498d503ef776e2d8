using Aspire.Hosting.Azure;
using Azure.Provisioning.PostgreSql;
using Azure.Provisioning.Primitives;
using Azure.Provisioning.ServiceBus;
using OrderMall.AppHost.Servers;

namespace OrderMall.AppHost.Azure;

/// <summary>
/// The mall on Azure Container Apps, with PostgreSQL flexible server and Service Bus. All trust one identity: there is no password
/// anywhere. What only the apps' own sidecars know (<c>APP_API_TOKEN</c>) Container Apps makes and hands out itself.
/// </summary>
internal sealed class AzureServers : MallServers
{
    private const string StateDatabase = "ordermall_state";

    // With this and the sidecars' own (statestore.bicep), as many instances as there may be stay within the 414 connections that the
    // server below allows; each has one more, for its health.
    private const string PoolSize = "7";

    // The most there may be: policies decide when an event is parked, not Service Bus (see pubsub.bicep).
    private const int MostDeliveries = 2_000;

    private readonly IDistributedApplicationBuilder _builder;
    private readonly IResourceBuilder<AzureUserAssignedIdentityResource> _identity;
    private readonly IResourceBuilder<AzurePostgresFlexibleServerResource> _postgres;
    private readonly IResourceBuilder<AzureServiceBusResource> _broker;
    private readonly CallPolicies _policies;
    private readonly IResourceBuilder<AzureBicepResource> _state;
    private readonly List<string> _withState = [];
    private readonly Dictionary<string, IResourceBuilder<AzureServiceBusTopicResource>> _topics = [];

    public AzureServers(IDistributedApplicationBuilder builder)
    {
        _builder = builder;
        _policies = CallPolicies.Read(Path.Combine(builder.AppHostDirectory, "../components/resiliency.yaml"));
        var environment = builder.AddAzureContainerAppEnvironment("environment");
        _postgres = builder.AddAzurePostgresFlexibleServer("postgres").ConfigureInfrastructure(Configure).ClearDefaultRoleAssignments();
        _broker = builder.AddAzureServiceBus("broker").ClearDefaultRoleAssignments();
        // One identity for all, since one component is one identity to every sidecar that loads it. So its roles are assigned once,
        // instead of once for each service: PostgreSQL takes one administrator at a time.
        _identity = builder.AddAzureUserAssignedIdentity("mall-identity")
            .WithRoleAssignments(_broker, ServiceBusBuiltInRole.AzureServiceBusDataOwner)
            .WithAnnotation(new RoleAssignmentAnnotation(_postgres.Resource, new HashSet<RoleDefinition>()));
        _postgres.AddDatabase("state-db", StateDatabase);

        builder.AddBicepTemplate("pubsub", "../components/azure/pubsub.bicep")
            .WithParameter("environmentName", environment.Resource.NameOutputReference)
            .WithParameter("serviceBusName", _broker.Resource.NameOutputReference)
            .WithParameter("clientId", _identity.Resource.ClientId);
        _state = builder.AddBicepTemplate("statestore", "../components/azure/statestore.bicep")
            .WithParameter("environmentName", environment.Resource.NameOutputReference)
            .WithParameter("postgresHost", _postgres.Resource.HostName)
            .WithParameter("database", StateDatabase)
            .WithParameter("clientId", _identity.Resource.ClientId)
            .WithParameter("identityName", _identity.Resource.PrincipalName);
    }

    public override void Serve<T>(IResourceBuilder<T> app, MallService service, ParameterResource appToken, ParameterResource sidecarToken)
    {
        app.WithAzureUserAssignedIdentity(_identity);
        if (service.HasDatabase)
        {
            var database = _postgres.AddDatabase($"{service.AppId}-db", service.Database);
            app.WithEnvironment(
                $"ConnectionStrings__{service.AppId}",
                ReferenceExpression.Create($"{database.Resource};Username={_identity.Resource.PrincipalName};Ssl Mode=Require;Maximum Pool Size={PoolSize}"));
        }

        if (service.HasState)
        {
            _withState.Add(service.AppId);
            _state.WithParameter("scopes", string.Join(',', _withState));
        }

        foreach (var topic in service.Hears)
            Subscribe(service, topic);
        if (service.Hears.Count > 0)
            Subscribe(service, $"{service.AppId}-dead-letters");
        if (service.SendsMail)
            MailSettings.Pass(_builder, app);
        foreach (var (name, value) in _policies.Of(service))
            app.WithEnvironment(name, value);
        app.WithAnnotation(new AzureContainerAppCustomizationAnnotation((infrastructure, container) =>
            new MallContainer(service, _identity.Resource, _broker.Resource).Configure(infrastructure, container)));
    }

    // Before anybody publishes: Service Bus keeps nothing for a subscription that a sidecar would make when its app first comes up.
    private void Subscribe(MallService service, string topic)
    {
        if (!_topics.TryGetValue(topic, out var known))
            _topics[topic] = known = _broker.AddServiceBusTopic($"topic-{topic}", topic);
        known.AddServiceBusSubscription($"{service.AppId}-hears-{topic}", service.AppId)
            .WithProperties(subscription => subscription.MaxDeliveryCount = MostDeliveries);
    }

    private static void Configure(AzureResourceInfrastructure infrastructure)
    {
        var resources = infrastructure.GetProvisionableResources().ToList();
        // The smallest with enough connections for a pool in every instance of every service: the default allows 35.
        resources.OfType<PostgreSqlFlexibleServer>().Single().Sku =
            new PostgreSqlFlexibleServerSku { Name = "Standard_B2s", Tier = PostgreSqlFlexibleServerSkuTier.Burstable };
        // One after the other: a server that makes one database refuses, as busy, to make another.
        List<ProvisionableResource> parts = [.. resources.OfType<PostgreSqlFlexibleServerFirewallRule>(), .. resources.OfType<PostgreSqlFlexibleServerDatabase>()];
        foreach (var (before, after) in parts.Zip(parts.Skip(1)))
            after.DependsOn.Add(before);
    }
}
