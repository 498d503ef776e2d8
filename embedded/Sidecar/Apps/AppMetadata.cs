using Dapr.Client.Autogen.Grpc.v1;

namespace OrderMall.Sidecar.Apps;

/// <summary>What an app's sidecar is and has.</summary>
internal sealed class AppMetadata(Resources resources, Subscriptions subscriptions)
{
    private const string Version = "embedded";

    // In a subscription's metadata: why events of it cannot be delivered.
    private const string Problem = "problem";

    public GetMetadataResponse Of(App caller) => new()
    {
        Id = caller.AppId,
        RuntimeVersion = Version,
        ExtendedMetadata = { ["daprRuntimeVersion"] = Version },
        RegisteredComponents =
        {
            resources.Components.Where(component => component.IsFor(caller.AppId))
                .Select(component => new RegisteredComponents { Name = component.Name, Type = component.Type, Version = component.Version }),
        },
        Subscriptions =
        {
            subscriptions.Of(caller.AppId).Select(queue => queue.Subscription).OfType<Subscription>().Select(Describe),
        },
        AppConnectionProperties = new AppConnectionProperties
        {
            Port = new Uri(caller.Instances[0].BaseAddress).Port,
            Protocol = "http",
            ChannelAddress = "127.0.0.1",
        },
        Resiliencies = { resources.Resiliencies.Where(resiliency => resiliency.IsFor(caller.AppId)).Select(resiliency => new MetadataResiliency { Name = resiliency.Name }) },
    };

    // What the app has asked for in this run, as daprd tells it.
    private static PubsubSubscription Describe(Subscription subscription)
    {
        var described = new PubsubSubscription
        {
            PubsubName = subscription.PubSub,
            Topic = subscription.Topic,
            DeadLetterTopic = subscription.DeadLetterTopic ?? "",
            Type = PubsubSubscriptionType.Programmatic,
            Rules = new PubsubSubscriptionRules { Rules = { subscription.Routes.Select(route => new PubsubSubscriptionRule { Match = route.Match, Path = route.Path }) } },
        };
        if (subscription.Routes.FirstOrDefault(route => route.Problem is not null) is { Problem: { } problem })
            described.Metadata[Problem] = problem;
        return described;
    }
}
