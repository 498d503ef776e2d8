namespace OrderMall.Sidecar.Tests;

public sealed class ConfigurationMistakeTests : IDisposable
{
    private const string Component = "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: pubsub\nspec:\n  type: pubsub.redis\n  version: v1\n";
    private const string State = "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: state\nspec:\n  type: state.redis\n  version: v1\n";
    private const string Policies = "apiVersion: dapr.io/v1alpha1\nkind: Resiliency\nmetadata:\n  name: res\nspec:\n  policies:\n";

    private const string Configuration = "apiVersion: dapr.io/v1alpha1\nkind: Configuration\nmetadata:\n  name: c\nspec:\n";

    private static readonly string TheMalls = Path.Combine(AppContext.BaseDirectory, "components");

    private readonly string _folder = Directory.CreateTempSubdirectory("ordermall-mistakes-").FullName;

    public static TheoryData<string, string> Mistakes => new()
    {
        { "apiVersion: [", "r.yaml:2: this is not valid YAML" },
        { "- a list", "r.yaml:1: the resource must be a mapping" },
        { "kind: Component\nkind: Component", "r.yaml:2: this is not valid YAML: Duplicate key" },
        { "apiVersion: dapr.io/v1alpha1\nkind: Subscription\n", "r.yaml:2: the embedded sidecar does not have Subscription; remove the resource, or run with daprd" },
        { "apiVersion: dapr.io/v1alpha1\nkind: Subscriptions\n", "r.yaml:2: the embedded sidecar knows no kind 'Subscriptions'" },
        { "apiVersion: dapr.io/v2\nkind: Component\n", "r.yaml:1: apiVersion is 'dapr.io/v2'; write dapr.io/v1alpha1" },
        { "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  namespace: x\n", "r.yaml:4: the resource.metadata needs the field 'name'" },
        { Component.Replace("pubsub.redis", "pubsub.kafka", StringComparison.Ordinal), "r.yaml:6: the embedded sidecar cannot stand in for component type 'pubsub.kafka'; it can for pubsub.redis" },
        { Component + "  colour: red\n", "r.yaml:8: unknown field 'colour' in the resource.spec; known here: type, version" },
        { Component + "  metadata:\n    name: x\n", "r.yaml:9: the resource.spec.metadata must be a list" },
        { Component + "  metadata:\n    - name: x\n", "r.yaml:9: the resource.spec.metadata[] needs the field 'value'" },
        { Component + "  metadata:\n    - name: redeliverInterval\n      value: soon\n", "r.yaml:10: the resource.spec.metadata[].value is 'soon'; write a duration such as 500ms, 5s or 1m30s" },
        { Component + Setting("publishingScopes", "a=b;c"), "r.yaml:10: publishingScopes has 'c'; write app=topic,topic;app=topic" },
        { Component + Setting("ProtectedTopics", "a"), "r.yaml:9: daprd reads no 'ProtectedTopics', and would let everybody do everything; write protectedTopics" },
        { Component.Replace("version: v1", "version: v7", StringComparison.Ordinal), "r.yaml:7: the embedded sidecar does not have pubsub.redis of version 'v7'; write v1" },
        { Component + Setting("redeliverInterval", "0"), "r.yaml:10: redeliverInterval must be more than zero" },
        { Component + Setting("concurrency", "0"), "r.yaml:10: concurrency must be 1 or more" },
        { Component + Setting("concurrency", "many"), "r.yaml:10: concurrency is 'many'; write a whole number" },
        { Component + Setting("consumerID", "shared"), "r.yaml:10: consumerID is 'shared', which would share events among apps" },
        { Component + Setting("ConsumerID", "{uuid}") + "scopes: [one]\n", "r.yaml:10: consumerID is '{uuid}', which would share events among apps or give them to every instance" },
        { Component + "  metadata:\n    - name: concurrency\n      envRef: PLACES\n", "r.yaml:9: the embedded sidecar reads 'concurrency' from no secret and no environment variable; write its value" },
        { State + Setting("ttlInSeconds", "soon"), "r.yaml:10: ttlInSeconds is 'soon'; write a whole number" },
        { State + Setting("outboxPublishPubsub", "pubsub"), "r.yaml:9: the embedded sidecar does not enforce 'outboxPublishPubsub'" },
        { State + Setting("primaryEncryptionKey", "k"), "r.yaml:9: the embedded sidecar does not enforce 'primaryEncryptionKey'" },
        { State + Setting("keyPrefix", "a||b"), "r.yaml:10: keyPrefix cannot contain '||'" },
        { Component + "---\n" + Component, "r.yaml:12: there are two resources of kind Component named 'pubsub'" },
        { Policies + "    timeouts:\n      short: quick\n", "r.yaml:8: the resource.spec.policies.timeouts.short is 'quick'; write a duration" },
        { Policies + "    timeout:\n      short: 1s\n", "r.yaml:7: unknown field 'timeout' in the resource.spec.policies; known here: timeouts, retries, circuitBreakers" },
        { Policies + "    retries:\n      r:\n        policy: linear\n", "r.yaml:9: the resource.spec.policies.retries.r.policy is 'linear'; write constant or exponential" },
        { Policies + "    retries:\n      r:\n        maxRetries: many\n", "r.yaml:9: the resource.spec.policies.retries.r.maxRetries is 'many'; write a whole number" },
        { Policies + "    retries:\n      r:\n        maxRetries: -2\n", "r.yaml:9: the resource.spec.policies.retries.r.maxRetries is -2; write -1 for no limit" },
        { Policies + "    retries:\n      r:\n        matching:\n          httpStatusCodes: 5xx\n", "r.yaml:10: '5xx' is not a status or a range of them; write for example 429,500-599" },
        { Policies + "    circuitBreakers:\n      c:\n        trip: failures > 5\n", "r.yaml:9: the resource.spec.policies.circuitBreakers.c.trip is 'failures > 5'; the embedded sidecar knows conditions such as consecutiveFailures >= 5" },
        { Policies + "    retries: {}\n  targets:\n    apps:\n      a:\n        retry: missing\n", "r.yaml:11: the resource.spec.targets.apps.a.retry names 'missing', which spec.policies.retries does not define" },
        { Policies + "    retries: {}\n  targets:\n    actors:\n      a: {}\n", "r.yaml:10: the embedded sidecar has no actors" },
        { Configuration + "  httpPipeline: {}\n", "r.yaml:6: the embedded sidecar does not have the resource.spec.httpPipeline; remove it, or run with daprd" },
        { Configuration + "  appHttpPipeline: {}\n", "r.yaml:6: the embedded sidecar does not have the resource.spec.appHttpPipeline" },
        { Configuration + "  secrets: {}\n", "r.yaml:6: the embedded sidecar does not have the resource.spec.secrets" },
        { Configuration + "  components: {}\n", "r.yaml:6: the embedded sidecar does not have the resource.spec.components" },
        { Configuration + "  colour: red\n", "r.yaml:6: unknown field 'colour' in the resource.spec" },
        { Configuration + "  accessControl:\n    defaultAction: maybe\n", "r.yaml:7: the resource.spec.accessControl.defaultAction is 'maybe'; write allow or deny" },
        { Configuration + "  accessControl:\n    policies:\n      - appId: a\n", "r.yaml:8: the resource.spec.accessControl.policies[] needs the field 'trustDomain'" },
        { Configuration + "  api:\n    denied: []\n", "r.yaml:7: the embedded sidecar does not have the resource.spec.api.denied" },
        { Configuration + "---\n" + Configuration, "r.yaml:8: there are two Configurations" },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void A_mistake_is_told_with_its_place_and_the_fix(string yaml, string expected)
    {
        File.WriteAllText(Path.Combine(_folder, "r.yaml"), yaml);
        var mistake = Assert.Throws<SidecarConfigurationException>(() => Resources.Read(_folder));
        Assert.StartsWith(expected, mistake.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Settings_without_a_meaning_here_are_accepted_and_unknown_ones_are_warned_of()
    {
        File.WriteAllText(
            Path.Combine(_folder, "r.yaml"),
            Component + "  metadata:\n" + string.Concat(
                new[] { "redisHost", "REDISPASSWORD", "maxLenApprox", "queueDepth", "processingTimeout" }.Select(name => $"    - name: {name}\n      value: \"1\"\n"))
            + "    - name: consumerID\n      value: \"{appID}\"\n    - name: redisUsername\n      envRef: USER\n    - name: redeliveryInterval\n      value: 1s\n");
        File.WriteAllText(
            Path.Combine(_folder, "s.yaml"),
            State.Replace("redis", "postgresql", StringComparison.Ordinal).Replace("  version: v1\n", "", StringComparison.Ordinal)
            + Setting("connectionString", "x") + "    - name: actorStateStore\n      value: true\n    - name: ttlInSeconds\n      value: 1\n");
        Assert.Equal(
            [
                "r.yaml:23: component 'pubsub' has a setting 'redeliveryInterval' that pubsub.redis does not know; it changes nothing",
                "s.yaml:12: component 'state' has a setting 'ttlInSeconds' that state.postgresql does not know; it changes nothing",
            ],
            Resources.Read(_folder).Warnings);
    }

    [Theory]
    [InlineData("        trip: consecutiveFailures >= 5\n", 5)]
    [InlineData("        trip: consecutiveFailures > 5\n", 6)]
    [InlineData("        trip: ' consecutiveFailures>3 '\n", 4)]
    [InlineData("", 6)]
    public void A_breaker_opens_after_so_many_failures_in_a_row(string trip, long failures)
    {
        File.WriteAllText(Path.Combine(_folder, "r.yaml"), Policies + "    circuitBreakers:\n      c:\n        timeout: 1s\n" + trip);
        Assert.Equal(failures, Assert.Single(Resources.Read(_folder).Resiliencies).Breakers["c"].Failures);
    }

    [Fact]
    public void Subfolders_are_not_read()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "azure"));
        File.WriteAllText(Path.Combine(_folder, "azure", "r.yaml"), "nonsense");
        Assert.Empty(Resources.Read(_folder).Components);
    }

    [Fact]
    public void The_malls_own_files_are_in_order()
    {
        var resources = Resources.Read(TheMalls);
        Assert.Empty(resources.Warnings);
        Assert.Equal(["pubsub", "secretstore", "statestore"], resources.Components.Select(component => component.Name).Order());
        var policies = new AppPolicies("ordering", resources.Resiliencies, TimeProvider.System);
        Assert.Equal(TimeSpan.FromSeconds(4), policies.ForApp("payment")!.Timeout);
        foreach (var appId in new[] { "gateway", "operations" })
            Assert.Null(new AppPolicies(appId, resources.Resiliencies, TimeProvider.System).ForApp("payment"));
    }

    [Theory]
    [InlineData("gateway", "GET", "api/orders", true)]
    [InlineData("gateway", "POST", "api/orders/1/cancellation", true)]
    [InlineData("gateway", "GET", "openapi/v1.json", true)]
    [InlineData("gateway", "POST", "charges", false)]
    [InlineData("gateway", "POST", "audit/orders", false)]
    [InlineData("gateway", "GET", "alarms", false)]
    [InlineData("operations", "POST", "audit/orders/some", true)]
    [InlineData("operations", "GET", "alarms", true)]
    [InlineData("operations", "GET", "dead-letters", true)]
    [InlineData("operations", "POST", "dead-letters/replay", true)]
    [InlineData("operations", "POST", "republications", true)]
    [InlineData("operations", "POST", "views/rebuild", true)]
    [InlineData("operations", "GET", "views/rebuild", true)]
    [InlineData("operations", "POST", "refunds", false)]
    [InlineData("operations", "GET", "api/orders", false)]
    [InlineData("ordering", "POST", "charges", true)]
    [InlineData("ordering", "POST", "audit/payments", false)]
    [InlineData("store", "GET", "alarms", false)]
    [InlineData("mall-control", "GET", "alive", true)]
    [InlineData("mall-control", "POST", "refunds", false)]
    public void The_malls_own_files_say_who_may_ask_what(string caller, string verb, string method, bool allowed) =>
        Assert.Equal(allowed, Resources.Read(TheMalls).Configuration.Access.Allows(caller, method, verb));

    [Theory]
    [InlineData("1m30s", 90_000)]
    [InlineData("1.5s", 1500)]
    [InlineData("250", 250)]
    [InlineData("0s", 0)]
    public void Durations_are_gos(string text, int milliseconds)
    {
        Assert.True(GoDuration.TryParse(text, out var duration));
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), duration);
    }

    private static string Setting(string name, string value) => $"  metadata:\n    - name: {name}\n      value: \"{value}\"\n";

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
