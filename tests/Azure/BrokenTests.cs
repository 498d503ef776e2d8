using System.Text.RegularExpressions;
using Xunit.Sdk;

namespace OrderMall.Azure.Tests;

/// <summary>Every rule notices a deployment that breaks it: a copy of the templates or of <c>components/</c> that is wrong on purpose.</summary>
[Collection(TemplatesCollection.Name)]
public sealed class BrokenTests(Templates templates)
{
    [BicepFact]
    public Task A_property_that_there_is_not() => IsComplainedOfAsync("infra/app.bicep", "terminationGracePeriodSeconds:", "terminationGraceSeconds:");

    [BicepFact]
    public Task A_parameter_that_nobody_uses() => IsComplainedOfAsync("infra/modules/identity.bicep", "param appId string", "param appId string\nparam unused string = ''");

    [BicepFact]
    public Task A_service_missing() => IsNoticedAsync(deployment => DeploymentRules.EveryServiceIsAnApp(deployment, demo: false), folder => File.Delete(Path.Combine(folder, "infra/apps/delivery.bicepparam")));

    [BicepFact]
    public Task A_sidecar_without_health() => IsNoticedAsync(DeploymentRules.EveryAppHasItsSidecar, "infra/app.bicep", "appHealth: { enabled: true", "appHealth: { enabled: false");

    [BicepFact]
    public Task A_probe_missing() => IsNoticedAsync(DeploymentRules.EveryAppIsProbedAndReplacedWithoutAGap, "infra/app.bicep", "{ type: 'Readiness'.*\n", "");

    [BicepFact]
    public Task Too_little_time_to_end() => IsNoticedAsync(DeploymentRules.EveryAppIsProbedAndReplacedWithoutAGap, "infra/app.bicep", "terminationGracePeriodSeconds: 30", "terminationGracePeriodSeconds: 10");

    [BicepFact]
    public Task No_scaling_by_events() => IsNoticedAsync(DeploymentRules.EveryAppScalesByItsWork, "infra/app.bicep", @"topic != '\$\{appId\}-dead-letters'", "topic == 'none'");

    [BicepFact]
    public Task An_identity_for_all() => IsNoticedAsync(DeploymentRules.EveryAppIsItself, "infra/app.bicep", @"name: identityOf\(appId\)", "name: identityOf('payment')");

    [BicepFact]
    public Task The_platforms_identity_given_to_containers() => IsNoticedAsync(DeploymentRules.EveryAppIsItself, "infra/app.bicep", "lifecycle: 'None'", "lifecycle: 'All'");

    [BicepFact]
    public Task A_right_to_the_whole_namespace() => IsNoticedAsync(DeploymentRules.NobodyMayMore, "infra/modules/dapr.bicep", @"scope: published\[i\]", "scope: namespace");

    [BicepFact]
    public Task A_topic_more() => IsNoticedAsync(DeploymentRules.NobodyMayMore, "components/pubsub.yaml", "delivery=order-ends, store,", "delivery=order-ends, payments, store,");

    [BicepFact]
    public Task A_subscription_dropped() => IsNoticedAsync(DeploymentRules.EverySubscriptionIsThereBefore, "components/pubsub.yaml", "orders, titles, mypage-dead-letters", "orders, mypage-dead-letters");

    [BicepFact]
    public Task A_scope_dropped() => IsNoticedAsync(DeploymentRules.EverySidecarHasItsComponents, "infra/modules/dapr.bicep", @"scopes: \[appId\]", "scopes: []");

    [BicepFact]
    public Task A_time_limit_for_events_changed() => IsNoticedAsync(DeploymentRules.EverySidecarHasItsComponents, "components/resiliency.yaml", "handle: 10s", "handle: 11s");

    [BicepFact]
    public Task A_policy_changed() => IsNoticedAsync(DeploymentRules.EveryCallHasItsPolicy, "components/resiliency.yaml", "charge: 4s", "charge: 5s");

    [BicepFact]
    public Task A_service_made_public() => IsNoticedAsync(DeploymentRules.NothingElseIsPublic, "infra/app.bicep", "ingress: !self.isPublic", "ingress: appId == 'operations'");

    [BicepFact]
    public Task A_password_for_PostgreSQL() => IsNoticedAsync(DeploymentRules.NobodySignsInWithAPassword, "infra/modules/postgres.bicep", "passwordAuth: 'Disabled'", "passwordAuth: 'Enabled'");

    [BicepFact]
    public Task A_secret_in_an_output() => IsNoticedAsync(
        deployment => DeploymentRules.NoSecretIsTold(deployment, []), "infra/main.bicep", "output MALL_URL string", "#disable-next-line outputs-should-not-contain-secrets\noutput PROVIDER_KEY string = paymentProviderKey\noutput MALL_URL string");

    [BicepFact]
    public Task A_database_missing() => IsNoticedAsync(DeploymentRules.EveryOwnerHasItsDatabase, "infra/modules/databases.bicep", @"service\.hasDatabase \|\| contains\(withState, service\.appId\)", "service.hasDatabase && !contains(withState, service.appId)");

    [BicepFact]
    public Task Too_few_connections() => IsNoticedAsync(deployment => DeploymentRules.ThereAreConnectionsEnough(deployment, "small"), "infra/sizes.json", "\"max\": 3", "\"max\": 30");

    [BicepFact]
    public Task A_name_too_long() => IsNoticedAsync(DeploymentRules.NamesAreWithinLimits, "infra/mall.bicep", @"'\$\{what\}\$\{uniqueString\(group\)\}'", "'${what}${uniqueString(group)}-of-the-mall'");

    private async Task IsComplainedOfAsync(string file, string pattern, string replacement)
    {
        var broken = await templates.OfLittleAsync(Edit(file, pattern, replacement));
        Assert.ThrowsAny<XunitException>(() => DeploymentRules.ItCompiles(broken));
    }

    private Task IsNoticedAsync(Action<Deployment> promise, string file, string pattern, string replacement) => IsNoticedAsync(promise, Edit(file, pattern, replacement));

    private static Action<string> Edit(string file, string pattern, string replacement) => folder =>
    {
        var path = Path.Combine(folder, file);
        var text = File.ReadAllText(path);
        var broken = Regex.Replace(text, pattern, replacement);
        if (broken == text)
            throw new InvalidOperationException($"{file} has no {pattern} to be broken.");
        File.WriteAllText(path, broken);
    };

    private async Task IsNoticedAsync(Action<Deployment> promise, Action<string> edit)
    {
        var broken = await templates.OfLittleAsync(edit);
        // It is what it makes that is wrong, not how it is written.
        DeploymentRules.ItCompiles(broken);
        Assert.ThrowsAny<XunitException>(() => promise(broken));
    }
}
