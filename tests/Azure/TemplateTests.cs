namespace OrderMall.Azure.Tests;

/// <summary>What <c>infra/</c> makes says what the mall says: after <c>azd up</c> with nothing but a region, with everything that can be said, and as a demo.</summary>
[Collection(TemplatesCollection.Name)]
public sealed class TemplateTests(Templates templates)
{
    [BicepFact]
    public void The_compiler_has_nothing_to_say() => OfEach((deployment, _) => DeploymentRules.ItCompiles(deployment));

    [BicepFact]
    public void Every_service_of_the_list_is_an_app() => OfEach((deployment, environment) => DeploymentRules.EveryServiceIsAnApp(deployment, environment == Templates.Demo));

    [BicepFact]
    public void Every_app_has_its_sidecar_which_asks_for_its_health() => OfEach((deployment, _) => DeploymentRules.EveryAppHasItsSidecar(deployment));

    [BicepFact]
    public void Every_app_is_probed_and_replaced_without_a_gap() => OfEach((deployment, _) => DeploymentRules.EveryAppIsProbedAndReplacedWithoutAGap(deployment));

    [BicepFact]
    public void Every_app_scales_by_its_work() => OfEach((deployment, _) => DeploymentRules.EveryAppScalesByItsWork(deployment));

    [BicepFact]
    public void Every_app_runs_as_an_identity_of_its_own() => OfEach((deployment, _) => DeploymentRules.EveryAppIsItself(deployment));

    [BicepFact]
    public void A_service_may_use_its_topics_and_nothing_else() => OfEach((deployment, _) => DeploymentRules.NobodyMayMore(deployment));

    [BicepFact]
    public void Every_subscription_is_there_before_anybody_publishes() => OfEach((deployment, _) => DeploymentRules.EverySubscriptionIsThereBefore(deployment));

    [BicepFact]
    public void Every_sidecar_has_components_of_its_own_with_the_policies_of_the_mall() => OfEach((deployment, _) => DeploymentRules.EverySidecarHasItsComponents(deployment));

    [BicepFact]
    public void Every_call_has_the_policy_of_the_mall() => OfEach((deployment, _) => DeploymentRules.EveryCallHasItsPolicy(deployment));

    [BicepFact]
    public void Nothing_but_the_gateway_and_the_screens_is_public() => OfEach((deployment, _) => DeploymentRules.NothingElseIsPublic(deployment));

    [BicepFact]
    public void Nobody_signs_in_with_a_password() => OfEach((deployment, _) => DeploymentRules.NobodySignsInWithAPassword(deployment));

    [BicepFact]
    public void No_secret_is_told() => OfEach((deployment, environment) => DeploymentRules.NoSecretIsTold(
        deployment, new[] { "PAYMENT_PROVIDER_KEY", "SMTP_PASSWORD", "PUSH_KEY" }.Where(environment.ContainsKey).Select(name => environment[name])));

    [BicepFact]
    public void Every_owner_of_data_has_a_database_of_its_own() => OfEach((deployment, _) => DeploymentRules.EveryOwnerHasItsDatabase(deployment));

    [BicepFact]
    public void There_are_connections_enough() => OfEach((deployment, environment) => DeploymentRules.ThereAreConnectionsEnough(deployment, environment.GetValueOrDefault("MALL_SIZE", "small")));

    [BicepFact]
    public void Names_are_within_Azures_limits() => OfEach((deployment, _) => DeploymentRules.NamesAreWithinLimits(deployment));

    [BicepFact]
    public void Provisioning_again_leaves_images_as_they_are() => OfEach((deployment, _) => DeploymentRules.ProvisioningLeavesAppsAlone(deployment));

    [BicepFact]
    public void What_is_said_to_azd_reaches_the_service_that_it_is_for()
    {
        var (little, much, demo) = (templates.Plain.Apps, templates.Full.Apps, templates.WithDemo.Apps);
        Assert.All(little.Values.Concat(much.Values), app => Assert.Equal("false", DeploymentRules.Setting(app, "Mall__Demo")));
        Assert.All(demo.Values, app => Assert.Equal("true", DeploymentRules.Setting(app, "Mall__Demo")));
        Assert.Equal("operator@example.com", DeploymentRules.Setting(much["gateway"], "Operator__Email"));
        Assert.Null(DeploymentRules.Setting(little["gateway"], "Operator__Email"));
        Assert.Equal("marketing", DeploymentRules.Setting(little["gateway"], "Gateway__Routes__recommendations__AppId"));
        Assert.Equal("marketing", DeploymentRules.Setting(little["operations"], "Operations__Services__0"));
        // Without a provider the mall takes no payments, and starts.
        Assert.All(new[] { "ordering", "payment" }, appId => Assert.Equal(("false", "true"), (DeploymentRules.Setting(little[appId], "Mall__Payments"), DeploymentRules.Setting(much[appId], "Mall__Payments"))));
        Assert.Equal((null, "bank"), (DeploymentRules.Setting(little["ordering"], "Ordering__PaymentMethods__0"), DeploymentRules.Setting(much["ordering"], "Ordering__PaymentMethods__0")));
        Assert.Equal("https://payments.example.com/v1", DeploymentRules.Setting(much["payment"], "PaymentProvider__Address"));
        Assert.All(new[] { "Smtp__Host", "Push__Address" }, setting => Assert.Null(DeploymentRules.Setting(little["notification"], setting)));
        Assert.Equal("https://push.example.com/v1", DeploymentRules.Setting(much["notification"], "Push__Address"));
        Assert.Equal(("587", "true"), (DeploymentRules.Setting(much["notification"], "Smtp__Port"), DeploymentRules.Setting(much["notification"], "Smtp__EnableSsl")));
        Assert.NotEmpty(templates.Full.Of("Microsoft.Insights/metricAlerts"));
        Assert.Empty(templates.Plain.Of("Microsoft.Insights/actionGroups"));
    }

    private void OfEach(Action<Deployment, IReadOnlyDictionary<string, string>> holds)
    {
        holds(templates.Plain, Templates.Little);
        holds(templates.Full, Templates.Much);
        holds(templates.WithDemo, Templates.Demo);
    }
}
