using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using OrderMall.Contracts;

namespace OrderMall.AppHost.Tests;

/// <summary>The mall as it is deployed to Azure.</summary>
public sealed class PublishTests(PublishedMall mall) : IClassFixture<PublishedMall>
{
    private static readonly string[] Services = [.. typeof(AppIds).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (string)field.GetRawConstantValue()!).Where(appId => appId != AppIds.MallControl)];

    private static readonly string[] WithoutDatabase = [AppIds.MyPage, AppIds.Marketing];

    [AspireFact]
    public void Azd_understands_every_resource() =>
        Assert.All(mall.Resources.Values, resource =>
            Assert.Matches("^(azure\\.bicep\\.v[01]|container\\.v1|project\\.v1|value\\.v0)$", resource.GetProperty("type").GetString()));

    [AspireFact]
    public void Azd_has_nothing_to_ask() =>
        Assert.DoesNotContain(mall.Resources.Values, resource => resource.TryGetProperty("inputs", out _));

    [AspireFact]
    public void Every_service_has_a_sidecar_of_its_app_id_that_looks_after_it()
    {
        foreach (var service in Services)
        {
            var dapr = Block(mall.ContainerApp(service), "dapr: {");
            Assert.Contains("enabled: true", dapr, StringComparison.Ordinal);
            Assert.Contains($"appId: '{service}'", dapr, StringComparison.Ordinal);
            Assert.Contains("appPort: 8080", dapr, StringComparison.Ordinal);
            Assert.Contains("path: '/health'", Block(dapr, "appHealth: {"), StringComparison.Ordinal);
        }
    }

    [AspireFact]
    public void Only_the_gateway_is_reachable_from_outside()
    {
        foreach (var service in Services)
        {
            var ingress = Block(mall.ContainerApp(service), "ingress: {");
            Assert.Contains($"external: {(service == AppIds.Gateway ? "true" : "false")}", ingress, StringComparison.Ordinal);
            Assert.Contains("targetPort: 8080", ingress, StringComparison.Ordinal);
        }
    }

    [AspireFact]
    public void Every_service_has_its_three_probes()
    {
        foreach (var service in Services)
        {
            var probes = Regex.Matches(mall.ContainerApp(service), @"path: '(/\w+)'\s+port: [^\n]*8080[^\n]*\s+scheme: 'HTTP'\s+}[^}]*type: '(\w+)'|type: '(\w+)'[^}]*path: '(/\w+)'")
                .Select(probe => $"{probe.Groups[2].Value}{probe.Groups[3].Value} {probe.Groups[1].Value}{probe.Groups[4].Value}").Order();
            Assert.Equal(["Liveness /alive", "Readiness /health", "Startup /alive"], probes);
            // Container Apps takes no more than ten.
            Assert.All(Regex.Matches(mall.ContainerApp(service), @"failureThreshold: (\d+)").AsEnumerable(), failures => Assert.InRange(int.Parse(failures.Groups[1].Value), 1, 10));
        }
    }

    [AspireFact]
    public void A_new_version_takes_over_when_it_is_ready_and_the_old_one_finishes_what_it_took()
    {
        foreach (var service in Services)
        {
            Assert.Contains("activeRevisionsMode: 'Single'", mall.ContainerApp(service), StringComparison.Ordinal);
            Assert.Contains("terminationGracePeriodSeconds: 30", mall.ContainerApp(service), StringComparison.Ordinal);
        }
    }

    [AspireFact]
    public void Services_scale_by_what_makes_work_for_them_and_never_to_zero()
    {
        foreach (var service in Services)
        {
            var scale = Block(mall.ContainerApp(service), "scale: {");
            Assert.Contains("minReplicas: 1", scale, StringComparison.Ordinal);
            var rules = Regex.Matches(scale, "name: '([a-z-]+)'").Select(rule => rule.Groups[1].Value).ToList();
            if (service == AppIds.PaymentProvider)
            {
                Assert.Contains("maxReplicas: 1", scale, StringComparison.Ordinal);
                Assert.Empty(rules);
                continue;
            }

            Assert.Contains("maxReplicas: 5", scale, StringComparison.Ordinal);
            Assert.Contains("work", rules);
            Assert.Equal(service == AppIds.Gateway, rules.Contains("people"));
            foreach (var events in rules.Where(rule => rule.StartsWith("events-", StringComparison.Ordinal)))
                Assert.Matches($@"name: '{events}'\s+custom: {{\s+type: 'azure-servicebus'\s+metadata: {{[^}}]*topicName: '{events["events-".Length..]}'\s+subscriptionName: '{service}'[^}}]*}}\s+identity: ", scale);
        }

        Assert.Contains("events-orders", mall.ContainerApp(AppIds.Catalog), StringComparison.Ordinal);
    }

    [AspireFact]
    public void Nothing_that_was_written_is_a_secret()
    {
        Assert.All(mall.Files.Values, text => Assert.DoesNotMatch("(?i)password ?=|accountkey|sharedaccesskey|app_api_token|@secure\\(\\)", text));
        Assert.DoesNotContain(mall.Resources.Values, resource => resource.GetRawText().Contains("\"secret\": true", StringComparison.Ordinal));
    }

    [AspireFact]
    public void Every_service_has_a_database_of_its_own_and_comes_in_by_identity()
    {
        foreach (var service in Services.Except(WithoutDatabase))
        {
            var connection = Setting(service, $"ConnectionStrings__{service}");
            Assert.Contains($";Database=ordermall_{service.Replace('-', '_')};Username=$", connection, StringComparison.Ordinal);
            Assert.EndsWith(";Ssl Mode=Require;Maximum Pool Size=7", connection, StringComparison.Ordinal);
            Assert.Contains("AZURE_CLIENT_ID", mall.ContainerApp(service), StringComparison.Ordinal);
        }

        // PostgreSQL takes one administrator at a time: modules of their own for each service would get in each other's way.
        Assert.Single(mall.Files, file => file.Value.Contains("flexibleServers/administrators@", StringComparison.Ordinal));
        Assert.Contains("passwordAuth: 'Disabled'", mall.Files["postgres.module.bicep"], StringComparison.Ordinal);
    }

    [AspireFact]
    public void What_a_service_hears_is_kept_for_it_before_it_is_there()
    {
        var broker = mall.Files["broker.module.bicep"];
        foreach (var service in Services)
        {
            var hears = Regex.Matches(mall.ContainerApp(service), "name: 'events-([a-z]+)'").Select(rule => rule.Groups[1].Value).ToList();
            if (hears.Count > 0)
                hears.Add($"{service}-dead-letters");
            foreach (var topic in hears)
            {
                var name = Regex.Match(broker, $@"resource (\w+) 'Microsoft.ServiceBus/namespaces/topics@[^']+' = {{\s+name: '{topic}'").Groups[1].Value;
                Assert.Matches($@"subscriptions@[^']+' = {{\s+name: '{service}'\s+properties: {{\s+maxDeliveryCount: 2000\s+}}\s+parent: {name}\s", broker);
            }
        }
    }

    [AspireFact]
    public void State_is_for_those_who_keep_it() =>
        Assert.Equal("mypage,marketing", mall.Resources["statestore"].GetProperty("params").GetProperty("scopes").GetString());

    [AspireFact]
    public void Who_is_called_is_asked_as_long_and_as_often_as_resiliency_yaml_says()
    {
        var file = ResiliencyFile.Read();
        string[] calls = ["ordering:catalog", "ordering:payment", "ordering:store", "ordering:delivery", "ordering:dispatch", "payment:payment-provider", "publishing:store"];
        foreach (var (caller, callee) in calls.Select(call => (call.Split(':')[0], call.Split(':')[1])))
        {
            var target = file["spec", "targets", "apps", callee];
            Assert.Equal(ResiliencyFile.Duration(file["spec", "policies", "timeouts"][target["timeout"]]), TimeSpan.Parse(Policy("Timeout")!));
            var breaker = file["spec", "policies", "circuitBreakers", target["circuitBreaker"]];
            Assert.Equal(breaker["trip"], $"consecutiveFailures >= {Policy("BreakAfter")}");
            Assert.Equal(ResiliencyFile.Duration(breaker["timeout"]), TimeSpan.Parse(Policy("BreakFor")!));
            var retry = target.TryGetValue("retry", out var name) ? file["spec", "policies", "retries", name] : null;
            Assert.Equal(retry?["maxRetries"], Policy("Retries"));
            Assert.Equal(retry is null, Policy("RetryAfter") is null);
            if (retry is not null)
                Assert.Equal(ResiliencyFile.Duration(retry["duration"]), TimeSpan.Parse(Policy("RetryAfter")!));

            string? Policy(string policy) => Setting(caller, $"Resiliency__{callee}__{policy}");
        }
    }

    [AspireFact]
    public void Demo_accounts_are_there_only_if_asked_for() =>
        Assert.All(Services, service => Assert.Equal("false", Setting(service, "Mall__Demo")));

    [AspireFact]
    public async Task Bicep_has_a_module_for_everything()
    {
        var main = await mall.PublishBicepAsync();
        foreach (var module in (string[])["environment", "postgres", "broker", "mall-identity", "pubsub", "statestore"])
            Assert.Matches($@"module \w+ '{module}/[^']+\.bicep'", main);
    }

    private string? Setting(string service, string name) =>
        Regex.Match(mall.ContainerApp(service), $@"name: '{name}'\s+value: '([^\n]*)'") is { Success: true } setting ? setting.Groups[1].Value : null;

    // From an opening brace to the one that closes it.
    private static string Block(string text, string opening)
    {
        var from = text.IndexOf(opening, StringComparison.Ordinal);
        Assert.True(from >= 0, $"There is no '{opening}' in: {text}");
        var depth = 0;
        for (var i = from; i < text.Length; i++)
        {
            depth += text[i] switch { '{' => 1, '}' => -1, _ => 0 };
            if (depth == 0 && text[i] == '}')
                return text[from..(i + 1)];
        }

        throw new JsonException($"'{opening}' is not closed.");
    }
}
