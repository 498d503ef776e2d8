using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace OrderMall.Azure.Tests;

/// <summary>The rules that every deployment of the mall keeps. Each throws where one does not.</summary>
internal static partial class DeploymentRules
{
    private const string Identity = "Microsoft.ManagedIdentity/userAssignedIdentities";
    private const string Sender = "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39";
    private const string Receiver = "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0";
    private const string ServiceBusOwner = "090c5cfd-751d-490a-894a-3ce6f1109419";
    private const string ImagePuller = "7f951dda-4ed3-4680-a7ca-43fe172d538d";
    private const string SecretsReader = "4633458b-17de-408a-b874-0445c86b69e6";
    private const string KeyWrapper = "e147488a-f6f5-4113-8e2d-b22465e65bf6";
    private const string Contributor = "b24988ac-6180-42a0-ab88-20f7382dd24c";

    // The connections of a service beside its pool: for its health (DatabaseSetup), of the catalog for what anybody may read, of a sidecar for its state.
    private const int ForHealth = 2;
    private const int ForPublicReads = 4;
    private const int ForState = 4;

    /// <summary>The compiler has nothing to say, not even a warning.</summary>
    public static void ItCompiles(Deployment deployment) => Assert.Empty(deployment.Diagnostics);

    /// <summary>Every service of the list is an app, and nothing else is.</summary>
    public static void EveryServiceIsAnApp(Deployment deployment, bool demo) =>
        Assert.Equal(MallDefinition.Services.Where(service => demo || !service.IsDemo).Select(service => service.AppId).Order(), deployment.Apps.Keys.Order());

    /// <summary>Every app has its sidecar, which asks for the app's health.</summary>
    public static void EveryAppHasItsSidecar(Deployment deployment) => Assert.All(deployment.Apps, app =>
    {
        var dapr = app.Value["properties"]!["configuration"]!["dapr"]!;
        Assert.Equal((true, app.Key, "http"), ((bool)dapr["enabled"]!, (string)dapr["appId"]!, (string)dapr["appProtocol"]!));
        Assert.Equal(app.Key == "gateway" ? 8081 : 8080, (int)dapr["appPort"]!);
        var health = dapr["appHealth"]!;
        Assert.Equal((true, "/health", 1, 3), ((bool)health["enabled"]!, (string)health["path"]!, (int)health["probeIntervalSeconds"]!, (int)health["threshold"]!));
    });

    /// <summary>Every app is probed, and replaced without a gap: a new revision when it is ready, and time for the old one to finish.</summary>
    public static void EveryAppIsProbedAndReplacedWithoutAGap(Deployment deployment) => Assert.All(deployment.Apps.Values, app =>
    {
        Assert.Equal("Single", (string)app["properties"]!["configuration"]!["activeRevisionsMode"]!);
        var template = app["properties"]!["template"]!;
        var container = Assert.Single(template["containers"]!.AsArray())!;
        var port = (int)app["properties"]!["configuration"]!["dapr"]!["appPort"]!;
        Assert.Equal(
            [("Startup", "/alive", port), ("Readiness", "/health", port), ("Liveness", "/alive", port)],
            container["probes"]!.AsArray().Select(probe => ((string)probe!["type"]!, (string)probe["httpGet"]!["path"]!, (int)probe["httpGet"]!["port"]!)));
        // Draining, then what is in flight (ServiceHost.DrainTime).
        var drain = int.Parse(Setting(app, "Drain__Seconds")!, CultureInfo.InvariantCulture);
        Assert.InRange((int)template["terminationGracePeriodSeconds"]!, drain + 10 + 2, 60);
        Assert.InRange(drain, 3, 10);
    });

    /// <summary>Every app has as many instances as its work wants, and never none.</summary>
    public static void EveryAppScalesByItsWork(Deployment deployment) => Assert.All(deployment.Apps, app =>
    {
        var scale = app.Value["properties"]!["template"]!["scale"]!;
        var rules = scale["rules"]!.AsArray().ToDictionary(rule => (string)rule!["name"]!, rule => rule!);
        Assert.InRange((int)scale["minReplicas"]!, 1, (int)scale["maxReplicas"]!);
        if (app.Key is "operations" or "payment-provider")
        {
            Assert.Equal(1, (int)scale["maxReplicas"]!);
            Assert.Empty(rules);
            return;
        }

        var topics = MallDefinition.Subscribes(app.Key).Where(topic => topic != $"{app.Key}-dead-letters").ToList();
        Assert.Equal([.. topics.Select(topic => $"events-{topic}").Append("cpu").Concat(IsPublic(app.Key) ? ["people"] : Array.Empty<string>()).Order()], rules.Keys.Order());
        Assert.Equal("cpu", (string)rules["cpu"]["custom"]!["type"]!);
        foreach (var topic in topics)
        {
            var rule = rules[$"events-{topic}"]["custom"]!;
            Assert.Equal("azure-servicebus", (string)rule["type"]!);
            Assert.EndsWith("/id-platform", (string)rule["identity"]!, StringComparison.Ordinal);
            Assert.Equal((topic, app.Key), ((string)rule["metadata"]!["topicName"]!, (string)rule["metadata"]!["subscriptionName"]!));
            Assert.Equal((string)Assert.Single(deployment.Of("Microsoft.ServiceBus/namespaces"))["name"]!, (string)rule["metadata"]!["namespace"]!);
        }

        if (IsPublic(app.Key))
            Assert.NotNull(rules["people"]["http"]);
    });

    /// <summary>Every app runs as an identity of its own; what the platform does for it, it does as another that no container gets a token of.</summary>
    public static void EveryAppIsItself(Deployment deployment) => Assert.All(deployment.Apps, app =>
    {
        Assert.Equal(new[] { $"id-{app.Key}", "id-platform" }.Order(), app.Value["identity"]!["userAssignedIdentities"]!.AsObject().Select(identity => Last(identity.Key)).Order());
        Assert.Equal(
            [($"id-{app.Key}", "All"), ("id-platform", "None")],
            app.Value["properties"]!["configuration"]!["identitySettings"]!.AsArray().Select(setting => (Last((string)setting!["identity"]!), (string)setting["lifecycle"]!)));
        Assert.Contains(deployment.Of(Identity), identity => (string)identity["name"]! == $"id-{app.Key}");
        Assert.Contains($"/id-{app.Key}'", Setting(app.Value, "AZURE_CLIENT_ID"), StringComparison.Ordinal);
        Assert.All(app.Value["properties"]!["configuration"]!["registries"]!.AsArray(), registry => Assert.EndsWith("/id-platform", (string)registry!["identity"]!, StringComparison.Ordinal));
    });

    /// <summary>Who may do what: each service its topics, and nothing else but the gateway and the screens a key.</summary>
    public static void NobodyMayMore(Deployment deployment)
    {
        var services = deployment.Apps.Keys.ToList();
        var expected = services.SelectMany(appId => MallDefinition.Publishes(appId).Select(topic => $"id-{appId} {Sender} topics/{topic}")
                .Concat(MallDefinition.Subscribes(appId).Select(topic => $"id-{appId} {Receiver} subscriptions/{topic}/{appId}")))
            .Concat(
            [
                $"id-gateway {KeyWrapper} keys/tokens", $"id-web {KeyWrapper} keys/cookies",
                $"id-platform {ImagePuller} registries", $"id-platform {SecretsReader} vaults", $"id-platform {ServiceBusOwner} namespaces",
                $"id-databases {Contributor} jobs/databases",
            ]);
        Assert.Equal(expected.Order(), deployment.Of("Microsoft.Authorization/roleAssignments").Select(Right).Order());
        Assert.Contains("keys/tokens", Setting(deployment.Apps["gateway"], "Gateway__TokenKey"), StringComparison.Ordinal);
        Assert.Contains("keys/cookies", Setting(deployment.Apps["web"], "Web__CookieKey"), StringComparison.Ordinal);
        Assert.Equal(services.Select(appId => $"id-{appId}").Concat(["id-databases", "id-platform"]).Order(), deployment.Of(Identity).Select(identity => (string)identity["name"]!).Order());
    }

    /// <summary>Every topic and subscription is there before anybody publishes, and events in them outlast policies.</summary>
    public static void EverySubscriptionIsThereBefore(Deployment deployment)
    {
        var services = deployment.Apps.Keys.ToList();
        var topics = deployment.Of("Microsoft.ServiceBus/namespaces/topics").Select(topic => Last((string)topic["name"]!)).ToList();
        Assert.All(services.SelectMany(MallDefinition.Publishes).Concat(services.SelectMany(MallDefinition.Subscribes)), topic => Assert.Contains(topic, topics));
        var subscriptions = deployment.Of("Microsoft.ServiceBus/namespaces/topics/subscriptions").ToList();
        Assert.Equal(
            services.SelectMany(appId => MallDefinition.Subscribes(appId).Select(topic => $"{topic}/{appId}")).Order(),
            subscriptions.Select(subscription => string.Join('/', ((string)subscription["name"]!).Split('/')[1..])).Order());
        Assert.All(subscriptions, subscription => Assert.Equal(2000, (int)subscription["properties"]!["maxDeliveryCount"]!));
    }

    /// <summary>Every sidecar has its components, which are nobody else's, with the topics of its own and the policies of the mall.</summary>
    public static void EverySidecarHasItsComponents(Deployment deployment)
    {
        var services = deployment.Apps.Keys.ToList();
        var components = deployment.Of("Microsoft.App/managedEnvironments/daprComponents").ToDictionary(component => Last((string)component["name"]!));
        Assert.Equal(
            services.Where(MallDefinition.WithEvents.Contains).Select(appId => $"pubsub-{appId}").Concat(services.Where(MallDefinition.WithState.Contains).Select(appId => $"statestore-{appId}")).Order(),
            components.Keys.Order());
        foreach (var appId in services.Where(MallDefinition.WithEvents.Contains))
        {
            var (pubsub, metadata) = Own("pubsub", appId);
            Assert.Equal("pubsub.azure.servicebus.topics", (string)pubsub["properties"]!["componentType"]!);
            Assert.Equal(("true", appId), (metadata["disableEntityManagement"], metadata["consumerID"]));
            Assert.Equal($"{appId}={string.Join(',', MallDefinition.Publishes(appId))}", metadata["publishingScopes"]);
            Assert.Equal($"{appId}={string.Join(',', MallDefinition.Subscribes(appId))}", metadata["subscriptionScopes"]);
            Assert.Equal($"pubsub-{appId}", Setting(deployment.Apps[appId], "Dapr__PubSub"));

            var policies = MallDefinition.Resiliency["spec"]["policies"];
            var inbound = MallDefinition.Resiliency["spec"]["targets"]["components"]["pubsub"]["inbound"];
            var policy = Assert.Single(deployment.Of("Microsoft.App/managedEnvironments/daprComponents/resiliencyPolicies"), policy => ((string)policy["name"]!).Contains($"/pubsub-{appId}/", StringComparison.Ordinal))["properties"]!["inboundPolicy"]!;
            Assert.Equal(Duration((string)policies["timeouts"][inbound["timeout"]]), TimeSpan.FromSeconds((int)policy["timeoutPolicy"]!["responseTimeoutInSeconds"]!));
            var retry = policies["retries"][inbound["retry"]];
            Assert.Equal((string)retry["maxRetries"], policy["httpRetryPolicy"]!["maxRetries"]!.ToString());
            Assert.Equal(Duration((string)retry["maxInterval"]), TimeSpan.FromMilliseconds((int)policy["httpRetryPolicy"]!["retryBackOff"]!["maxIntervalInMilliseconds"]!));
        }

        foreach (var appId in services.Where(MallDefinition.WithState.Contains))
        {
            var (_, metadata) = Own("statestore", appId);
            Assert.Equal("true", metadata["useAzureAD"]);
            Assert.Contains($"'{appId}', '{appId}'", metadata["connectionString"], StringComparison.Ordinal);
            Assert.Equal($"statestore-{appId}", Setting(deployment.Apps[appId], "Dapr__StateStore"));
        }

        (JsonNode Component, Dictionary<string, string> Metadata) Own(string kind, string appId)
        {
            var component = components[$"{kind}-{appId}"];
            Assert.Equal([appId], component["properties"]!["scopes"]!.AsArray().Select(scope => (string)scope!));
            var metadata = component["properties"]!["metadata"]!.AsArray().ToDictionary(setting => (string)setting!["name"]!, setting => (string)setting!["value"]!);
            Assert.Contains($"/id-{appId}'", metadata["azureClientId"], StringComparison.Ordinal);
            return (component, metadata);
        }
    }

    /// <summary>Whoever invokes others keeps the policies of <c>components/resiliency.yaml</c> for them.</summary>
    public static void EveryCallHasItsPolicy(Deployment deployment)
    {
        var resiliency = MallDefinition.Resiliency;
        foreach (var (appId, app) in deployment.Apps)
        {
            var expected = new SortedDictionary<string, string>(StringComparer.Ordinal);
            foreach (var callee in MallDefinition.Services.Single(service => service.AppId == appId).Invokes)
            {
                if (!((List<object>)resiliency["scopes"]).Contains(appId) || !((Dictionary<object, object>)resiliency["spec"]["targets"]["apps"]).ContainsKey(callee))
                    continue;
                var target = (Dictionary<object, object>)resiliency["spec"]["targets"]["apps"][callee];
                var policies = resiliency["spec"]["policies"];
                if (target.TryGetValue("timeout", out var timeout))
                    expected[$"{callee}__Timeout"] = $"{Duration((string)policies["timeouts"][timeout])}";
                if (target.TryGetValue("retry", out var retry))
                {
                    expected[$"{callee}__Retries"] = (string)policies["retries"][retry]["maxRetries"];
                    expected[$"{callee}__RetryAfter"] = $"{Duration((string)policies["retries"][retry]["duration"])}";
                    expected[$"{callee}__RetryOn"] = (string)policies["retries"][retry]["matching"]["httpStatusCodes"];
                }

                if (target.TryGetValue("circuitBreaker", out var breaker))
                {
                    expected[$"{callee}__BreakAfter"] = ((string)policies["circuitBreakers"][breaker]["trip"])["consecutiveFailures >= ".Length..];
                    expected[$"{callee}__BreakFor"] = $"{Duration((string)policies["circuitBreakers"][breaker]["timeout"])}";
                }
            }

            const string Prefix = "Resiliency__";
            var told = new SortedDictionary<string, string>(StringComparer.Ordinal);
            foreach (var (name, value) in Settings(app).Where(setting => setting.Key.StartsWith(Prefix, StringComparison.Ordinal)))
                told[name[Prefix.Length..]] = TimeSpan.TryParseExact(value, @"hh\:mm\:ss\.fff", CultureInfo.InvariantCulture, out var time) ? $"{time}" : value!;
            Assert.Equal(expected, told);
        }
    }

    /// <summary>Nobody from outside reaches anything but the public services, and those encrypted alone.</summary>
    public static void NothingElseIsPublic(Deployment deployment)
    {
        Assert.All(deployment.Apps, app =>
        {
            var ingress = app.Value["properties"]!["configuration"]!["ingress"];
            if (!IsPublic(app.Key))
            {
                Assert.Null(ingress);
                return;
            }

            Assert.Equal((true, false, 8080), ((bool)ingress!["external"]!, (bool)ingress["allowInsecure"]!, (int)ingress["targetPort"]!));
        });
        Assert.All(deployment.Apps.Keys.Where(IsPublic), appId => Assert.Contains(appId, new[] { "gateway", "web" }));
        Assert.DoesNotContain(deployment.Resources, resource => ((string)resource["type"]!).Contains("firewallRules", StringComparison.OrdinalIgnoreCase));
        var postgres = Assert.Single(deployment.Of("Microsoft.DBforPostgreSQL/flexibleServers"))["properties"]!;
        Assert.Equal("Disabled", (string)postgres["network"]!["publicNetworkAccess"]!);
        Assert.Contains("/postgres", JsonText(postgres["network"]!["delegatedSubnetResourceId"]!), StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Nobody signs in anywhere with a password or key.</summary>
    public static void NobodySignsInWithAPassword(Deployment deployment)
    {
        var auth = Assert.Single(deployment.Of("Microsoft.DBforPostgreSQL/flexibleServers"))["properties"]!["authConfig"]!;
        Assert.Equal(("Enabled", "Disabled"), ((string)auth["activeDirectoryAuth"]!, (string)auth["passwordAuth"]!));
        Assert.True((bool)Assert.Single(deployment.Of("Microsoft.ServiceBus/namespaces"))["properties"]!["disableLocalAuth"]!);
        Assert.False((bool)Assert.Single(deployment.Of("Microsoft.ContainerRegistry/registries"))["properties"]!["adminUserEnabled"]!);
        Assert.True((bool)Assert.Single(deployment.Of("Microsoft.KeyVault/vaults"))["properties"]!["enableRbacAuthorization"]!);
        Assert.All(deployment.Apps.Values.SelectMany(Settings), setting => Assert.DoesNotContain("password=", setting.Value ?? "", StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>What is secret is in the vault: apps are told where, and no template, output or setting says it.</summary>
    public static void NoSecretIsTold(Deployment deployment, IEnumerable<string> secrets)
    {
        foreach (var (file, template) in deployment.Templates)
        {
            Assert.DoesNotContain("listKeys(", JsonText(template), StringComparison.OrdinalIgnoreCase);
            foreach (var (name, output) in template["outputs"]?.AsObject().ToDictionary() ?? [])
            {
                Assert.DoesNotMatch("(?i)secret|password|key|connectionstring", name);
                Assert.True((string)output!["type"]! == "string", $"{file}: {name}");
            }
        }

        var stored = deployment.Of("Microsoft.KeyVault/vaults/secrets").ToList();
        // A value that the compiler knows to be secret it does not say.
        Assert.All(stored, kept => Assert.StartsWith("[parameters('", (string)kept["properties"]!["value"]!, StringComparison.Ordinal));
        Assert.All(secrets, secret => Assert.DoesNotContain(deployment.Resources, resource => JsonText(resource).Contains(secret, StringComparison.Ordinal)));
        Assert.All(deployment.Apps.Values.SelectMany(app => app["properties"]!["configuration"]!["secrets"]!.AsArray()), secret =>
        {
            Assert.Null(secret!["value"]);
            Assert.Contains(stored, kept => Last((string)kept["name"]!) == (string)secret["name"]!);
            Assert.EndsWith("/id-platform", (string)secret["identity"]!, StringComparison.Ordinal);
        });
    }

    /// <summary>Who has a database or state has a role and a database, and a string to reach it with, and nobody else.</summary>
    public static void EveryOwnerHasItsDatabase(Deployment deployment)
    {
        var services = MallDefinition.Services.Where(service => deployment.Apps.ContainsKey(service.AppId)).ToList();
        var job = Assert.Single(deployment.Of("Microsoft.App/jobs"))["properties"]!["template"]!["containers"]![0]!;
        Assert.Equal(
            services.Where(service => service.HasDatabase || MallDefinition.WithState.Contains(service.AppId)).Select(service => ($"ROLE_{service.AppId.Replace('-', '_')}", true)).Order(),
            job["env"]!.AsArray().Select(role => ((string)role!["name"]!, ((string)role["value"]!).Contains($"/id-{((string)role["name"]!)["ROLE_".Length..].Replace('_', '-')}'", StringComparison.Ordinal))).Order());
        foreach (var service in services)
        {
            var told = Settings(deployment.Apps[service.AppId]).Where(setting => setting.Key.StartsWith("ConnectionStrings__", StringComparison.Ordinal)).ToList();
            if (!service.HasDatabase)
            {
                Assert.Empty(told);
                continue;
            }

            var (name, value) = Assert.Single(told);
            Assert.Equal($"ConnectionStrings__{service.AppId}", name);
            Assert.Contains("SSL Mode=VerifyFull", value, StringComparison.Ordinal);
            Assert.Contains($"'{service.AppId.Replace('-', '_')}', '{service.AppId.Replace('-', '_')}'", value, StringComparison.Ordinal);
        }
    }

    /// <summary>With every service at its most instances, and the largest one twice while it is replaced, there are connections left.</summary>
    public static void ThereAreConnectionsEnough(Deployment deployment, string size)
    {
        var sizes = JsonNode.Parse(File.ReadAllText(Path.Combine(Paths.Checkout, "infra/sizes.json")))![size]!;
        var each = deployment.Apps.Select(app =>
        {
            var instances = (int)app.Value["properties"]!["template"]!["scale"]!["maxReplicas"]!;
            var connections = Setting(app.Value, $"ConnectionStrings__{app.Key}") is null ? 0 : (int)sizes["poolSize"]! + ForHealth + (app.Key == "catalog" ? ForPublicReads : 0);
            return instances * (connections + (MallDefinition.WithState.Contains(app.Key) ? ForState : 0));
        }).ToList();
        Assert.InRange(each.Sum() + each.Max(), 1, (int)sizes["postgres"]!["connections"]!);
    }

    /// <summary>Names are what Azure takes.</summary>
    public static void NamesAreWithinLimits(Deployment deployment) => Assert.All(deployment.Resources, resource =>
    {
        var (type, name) = ((string)resource["type"]!, Last((string)resource["name"]!));
        Assert.True(NameRules.TryGetValue(type, out var rule), $"{type} has no rule for names here.");
        Assert.True(Regex.IsMatch(name, $@"\A(?:{rule})\z"), $"{type}: {name}");
    });

    /// <summary>Provisioning makes no app, so provisioning again takes no image away.</summary>
    public static void ProvisioningLeavesAppsAlone(Deployment deployment) =>
        Assert.DoesNotContain("\"Microsoft.App/containerApps\"", JsonText(deployment.Templates["main"]), StringComparison.OrdinalIgnoreCase);

    /// <summary>What an app is told by its environment.</summary>
    public static string? Setting(JsonNode app, string name) => Settings(app).GetValueOrDefault(name);

    private static Dictionary<string, string?> Settings(JsonNode app) =>
        app["properties"]!["template"]!["containers"]![0]!["env"]!.AsArray().ToDictionary(variable => (string)variable!["name"]!, variable => (string?)variable!["value"]);

    private static bool IsPublic(string appId) => MallDefinition.Services.Single(service => service.AppId == appId).IsPublic;

    private static string JsonText(JsonNode node) => node.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    private static string Last(string path) => path.Split('/')[^1];

    // Who may what where, in a few words.
    private static string Right(JsonNode assignment)
    {
        var properties = assignment["properties"]!;
        var who = Principal().Match((string)properties["principalId"]!);
        var scope = ((string?)assignment["scope"] ?? (string)assignment["id"]!).Split("/providers/Microsoft.Authorization/")[0].Split('/');
        var where = scope[^2] switch
        {
            "subscriptions" => $"subscriptions/{scope[^3]}/{scope[^1]}",
            "topics" or "keys" or "jobs" => $"{scope[^2]}/{scope[^1]}",
            var kind => kind,
        };
        return $"{who.Groups[1].Value} {Last((string)properties["roleDefinitionId"]!)} {where}";
    }

    private static TimeSpan Duration(string text) => text switch
    {
        _ when text.EndsWith("ms", StringComparison.Ordinal) => TimeSpan.FromMilliseconds(int.Parse(text[..^2], CultureInfo.InvariantCulture)),
        _ when text.EndsWith('s') => TimeSpan.FromSeconds(int.Parse(text[..^1], CultureInfo.InvariantCulture)),
        _ => TimeSpan.FromMinutes(int.Parse(text[..^1], CultureInfo.InvariantCulture)),
    };

    [GeneratedRegex("/userAssignedIdentities/(id-[a-z-]+)'")]
    private static partial Regex Principal();

    // Of Azure's naming rules (learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules) those that the mall uses.
    private static readonly Dictionary<string, string> NameRules = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Microsoft.App/containerApps"] = "(?!.*--)[a-z][a-z0-9-]{0,30}[a-z0-9]",
        ["Microsoft.App/jobs"] = "(?!.*--)[a-z][a-z0-9-]{0,30}[a-z0-9]",
        ["Microsoft.App/managedEnvironments"] = "[a-zA-Z][a-zA-Z0-9-]{0,58}[a-zA-Z0-9]",
        ["Microsoft.App/managedEnvironments/daprComponents"] = "[a-z0-9][a-z0-9-]{0,58}[a-z0-9]",
        ["Microsoft.App/managedEnvironments/daprComponents/resiliencyPolicies"] = "[a-z0-9][a-z0-9-]{0,58}[a-z0-9]",
        ["Microsoft.Authorization/roleAssignments"] = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        ["Microsoft.ContainerRegistry/registries"] = "[a-zA-Z0-9]{5,50}",
        ["Microsoft.DBforPostgreSQL/flexibleServers"] = "[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
        ["Microsoft.DBforPostgreSQL/flexibleServers/administrators"] = ".+", // the id of a principal
        ["Microsoft.Insights/actionGroups"] = "[^:<>+/&%\\?|]{1,259}[^:<>+/&%\\?|. ]",
        ["Microsoft.Insights/components"] = "[^%&\\?/]{1,254}[^%&\\?/. ]",
        ["Microsoft.Insights/diagnosticSettings"] = "[^*<>%:&\\?+/]{1,260}",
        ["Microsoft.Insights/metricAlerts"] = "[^*#&+:<>?@%{}\\/]{1,259}[^*#&+:<>?@%{}\\/. ]",
        ["Microsoft.Insights/scheduledQueryRules"] = "[^*<>%{}&:\\?/#|]{1,259}[^*<>%{}&:\\?/#|. ]",
        ["Microsoft.KeyVault/vaults"] = "(?!.*--)[a-zA-Z][a-zA-Z0-9-]{1,22}[a-zA-Z0-9]",
        ["Microsoft.KeyVault/vaults/keys"] = "[a-zA-Z0-9-]{1,127}",
        ["Microsoft.KeyVault/vaults/secrets"] = "[a-zA-Z0-9-]{1,127}",
        ["Microsoft.ManagedIdentity/userAssignedIdentities"] = "[a-zA-Z0-9][a-zA-Z0-9_-]{2,127}",
        ["Microsoft.Network/privateDnsZones"] = "[a-z0-9_-]{1,63}(\\.[a-z0-9_-]{1,63}){1,33}",
        ["Microsoft.Network/privateDnsZones/virtualNetworkLinks"] = "[a-zA-Z0-9][a-zA-Z0-9_.-]{0,78}[a-zA-Z0-9_]",
        ["Microsoft.Network/virtualNetworks"] = "[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}[a-zA-Z0-9_]",
        ["Microsoft.OperationalInsights/workspaces"] = "[a-zA-Z0-9][a-zA-Z0-9-]{2,61}[a-zA-Z0-9]",
        ["Microsoft.Resources/deploymentScripts"] = "[a-zA-Z0-9_.() -]{1,90}",
        ["Microsoft.Resources/resourceGroups"] = "[\\w.()-]{0,89}[\\w()-]",
        ["Microsoft.ServiceBus/namespaces"] = "(?!.*--)[a-zA-Z][a-zA-Z0-9-]{4,48}[a-zA-Z0-9]",
        ["Microsoft.ServiceBus/namespaces/topics"] = "[a-zA-Z0-9]([a-zA-Z0-9._/-]{0,258}[a-zA-Z0-9])?",
        ["Microsoft.ServiceBus/namespaces/topics/subscriptions"] = "[a-zA-Z0-9]([a-zA-Z0-9._-]{0,48}[a-zA-Z0-9])?",
    };
}
