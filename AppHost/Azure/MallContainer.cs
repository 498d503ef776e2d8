using Aspire.Hosting.Azure;
using Azure.Provisioning.AppContainers;
using OrderMall.AppHost.Servers;

namespace OrderMall.AppHost.Azure;

/// <summary>A service as a container app: its sidecar, when there are more or fewer of it, and how a new version takes over.</summary>
internal sealed class MallContainer(MallService service, AzureUserAssignedIdentityResource identity, AzureServiceBusResource broker)
{
    // The oldest that knows health checks by sidecars and scaling by identity.
    private const string ApiVersion = "2025-10-02-preview";

    public void Configure(AzureResourceInfrastructure infrastructure, ContainerApp app)
    {
        app.ResourceVersion = ApiVersion;
        // Not the toolkit's WithDaprComponents, which writes this block without health checks. As for the local sidecars: events for
        // an instance that is away should stay in the broker.
        app.Configuration.Dapr = new ContainerAppDaprConfiguration
        {
            IsEnabled = true,
            AppId = service.AppId,
            AppPort = MallServers.ContainerPort,
            AppProtocol = ContainerAppProtocol.Http,
            AppHealth = new DaprAppHealth { IsEnabled = true, Path = "/health", ProbeIntervalSeconds = 1, ProbeTimeoutMilliseconds = 1_000, Threshold = 3 },
        };
        // A new version gets all traffic when its readiness probe says so, and not before; the old one then finishes what it took
        // (10 s at most, ServiceHost.DrainTime).
        app.Configuration.ActiveRevisionsMode = ContainerAppActiveRevisionsMode.Single;
        app.Template.TerminationGracePeriodSeconds = 30;
        Scale(infrastructure, app.Template.Scale);
    }

    // Never to zero: outboxes, sagas and streams go on without anybody asking.
    private void Scale(AzureResourceInfrastructure infrastructure, ContainerAppScale scale)
    {
        scale.MaxReplicas = service.IsSingle ? 1 : Mall.MostReplicas;
        if (service.IsSingle)
            return;
        // Only what comes in from outside counts as HTTP for Container Apps: calls between sidecars pass it by, and show as work.
        if (service.IsPublic)
            scale.Rules.Add(new ContainerAppScaleRule { Name = "people", Http = new ContainerAppHttpScaleRule { Metadata = { ["concurrentRequests"] = "50" } } });
        scale.Rules.Add(new ContainerAppScaleRule { Name = "work", Custom = new ContainerAppCustomScaleRule { CustomScaleRuleType = "cpu", Metadata = { ["type"] = "Utilization", ["value"] = "70" } } });
        foreach (var topic in service.Hears)
            scale.Rules.Add(new ContainerAppScaleRule { Name = $"events-{topic}", Custom = Waiting(infrastructure, topic) });
    }

    // Events that wait for this service: its subscription has its app id.
    private ContainerAppCustomScaleRule Waiting(AzureResourceInfrastructure infrastructure, string topic) => new()
    {
        CustomScaleRuleType = "azure-servicebus",
        Identity = identity.Id.AsProvisioningParameter(infrastructure),
        Metadata =
        {
            ["namespace"] = broker.NameOutputReference.AsProvisioningParameter(infrastructure),
            ["topicName"] = topic,
            ["subscriptionName"] = service.AppId,
            ["messageCount"] = "100",
        },
    };
}
