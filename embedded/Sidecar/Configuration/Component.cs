using System.Globalization;

namespace OrderMall.Sidecar.Configuration;

/// <summary>A component of the resources folder. Whatever product it names, the embedded sidecar stands in for it with PostgreSQL.</summary>
/// <param name="Type">The Dapr component type, such as <c>pubsub.redis</c>.</param>
/// <param name="Version">As it is written; empty where it is not.</param>
/// <param name="Scopes">The apps that may use it; empty means all.</param>
internal sealed record Component(string Name, string Type, string Version, IReadOnlyList<string> Scopes)
{
    /// <summary>For pub/sub: how long a failed event rests when no retry policy says otherwise.</summary>
    public TimeSpan RedeliverInterval { get; init; } = TimeSpan.FromSeconds(60); // the Redis component's own default

    /// <summary>For pub/sub: events that one instance of an app is given at a time, of all topics together; <see langword="null"/> where it is not said.</summary>
    public int? Concurrency { get; init; }

    /// <summary>For pub/sub: the only topics there are; empty for any.</summary>
    public IReadOnlyList<string> AllowedTopics { get; init; } = [];

    /// <summary>For pub/sub: the topics that are nobody's but those whose scopes name them.</summary>
    public IReadOnlyList<string> ProtectedTopics { get; init; } = [];

    /// <summary>For pub/sub, by app id: the topics that it may publish to. Who is not in it may publish to all that are not protected.</summary>
    public ILookup<string, string> PublishingScopes { get; init; } = NoScopes;

    /// <summary>For pub/sub, by app id: the topics that it may subscribe to. Who is not in it may subscribe to all that are not protected.</summary>
    public ILookup<string, string> SubscriptionScopes { get; init; } = NoScopes;

    /// <summary>For state: <c>appid</c>, <c>name</c>, <c>none</c>, or a fixed prefix.</summary>
    public string KeyPrefix { get; init; } = "appid";

    /// <summary>For state: the seconds after which a key is gone whose write does not say; <see langword="null"/> for never.</summary>
    public string? TimeToLive { get; init; }

    public bool IsPubSub => Type.StartsWith("pubsub.", StringComparison.Ordinal);

    public bool IsState => Type.StartsWith("state.", StringComparison.Ordinal);

    /// <summary>For state: whether a write that does not say how long the key lives leaves that as it was, and a read does not tell it. The other stores do the opposite.</summary>
    public bool ExpiresAsRedis => Type == "state.redis";

    public bool IsFor(string appId) => Scopes.Count == 0 || Scopes.Contains(appId);

    public bool MayPublish(string appId, string topic) => IsAllowed(topic, PublishingScopes[appId]);

    public bool MaySubscribe(string appId, string topic) => IsAllowed(topic, SubscriptionScopes[appId]);

    private static readonly ILookup<string, string> NoScopes = Enumerable.Empty<string>().ToLookup(static app => app);

    // dapr/dapr, pkg/runtime/pubsub: IsOperationAllowed.
    private bool IsAllowed(string topic, IEnumerable<string> scoped) =>
        (AllowedTopics.Count == 0 || AllowedTopics.Contains(topic)) && ((!scoped.Any() && !ProtectedTopics.Contains(topic)) || scoped.Contains(topic));
}

/// <summary>
/// Reads <c>kind: Component</c>. Settings that change what an app sees are followed or refused; those of a product's own
/// connections and storage have no meaning on PostgreSQL.
/// </summary>
internal static class ComponentReader
{
    private static readonly string[] Redis =
    [
        "redisHost", "redisPort", "redisUsername", "redisPassword", "redisType", "redisDB", "sentinelUsername", "sentinelPassword", "sentinelMasterName",
        "failover", "useOIDC", "oidcTokenEndpoint", "oidcClientID", "oidcClientAssertionCert", "oidcClientAssertionKey", "oidcResource", "oidcAudience",
        "oidcScopes", "oidcKid", "oidcCACert", "useEntraID", "useAzureAD", "azureTenantId", "azureClientId", "azureClientSecret", "azureCertificate",
        "azureCertificateFile", "azureCertificatePassword", "azureEnvironment", "enableTLS", "insecureSkipTLSVerify", "clientCert", "clientKey",
        "redisMaxRetries", "redisMinRetryInterval", "redisMaxRetryInterval", "maxRetries", "maxRetryBackoff", "dialTimeout", "readTimeout",
        "writeTimeout", "poolSize", "poolTimeout", "maxConnAge", "minIdleConns", "idleCheckFrequency", "idleTimeout",
    ];

    private static readonly string[] PostgreSql =
    [
        "connectionString", "host", "hostaddr", "port", "database", "user", "password", "sslRootCert", "timeout", "timeoutInSeconds", "tableName",
        "tablePrefix", "metadataTableName", "cleanupInterval", "cleanupIntervalInSeconds", "maxConns", "connectionMaxIdleTime", "queryExecMode",
        "useAzureAD", "azureTenantId", "azureClientId", "azureClientSecret", "azureCertificate", "azureCertificateFile", "azureCertificatePassword",
        "azureEnvironment", "useAWSIAM", "awsRegion", "awsAccessKey", "awsSecretKey", "awsSessionToken", "region", "accessKey", "secretKey", "sessionToken",
        "assumeRoleArn", "sessionName", "trustAnchorArn", "trustProfileArn",
    ];

    // By type: its versions, and its settings without a meaning here.
    private static readonly Dictionary<string, (string[] Versions, string[] Meaningless)> Types = new()
    {
        // An event is kept until it is handled, by one instance at a time: Redis's limits of size and age are for its memory.
        ["pubsub.redis"] = (["v1"], [.. Redis, "processingTimeout", "queueDepth", "maxLenApprox", "streamTTL"]),
        ["pubsub.in-memory"] = (["v1"], []),
        ["state.redis"] = (["v1"], [.. Redis, "actorStateStore", "queryIndexes", "redeliverInterval", "processingTimeout"]),
        ["state.in-memory"] = (["v1"], ["actorStateStore"]),
        ["state.postgresql"] = (["v1", "v2"], [.. PostgreSql, "actorStateStore"]),
        ["secretstores.local.env"] = (["v1"], ["prefix"]),
    };

    // State that is encrypted, and state that publishes. Ignoring them would open what somebody closed.
    private static readonly string[] NotEnforced =
    [
        "primaryEncryptionKey", "secondaryEncryptionKey",
        "outboxPublishPubsub", "outboxPublishTopic", "outboxPubsub", "outboxDiscardWhenMissingState",
    ];

    /// <param name="warnings">Receives a line for each unknown setting.</param>
    public static Component Read(YamlMap resource, List<string> warnings)
    {
        resource.Only("apiVersion", "kind", "metadata", "spec", "scopes", "auth");
        var name = resource.RequiredMap("metadata").Only("name", "namespace", "labels", "annotations").RequiredText("name");
        var spec = resource.RequiredMap("spec").Only("type", "version", "initTimeout", "ignoreErrors", "metadata");
        var type = spec.RequiredText("type");
        if (!Types.TryGetValue(type, out var known))
        {
            throw spec.Wrong("type", $"the embedded sidecar cannot stand in for component type '{type}'; " +
                $"it can for {string.Join(", ", Types.Keys)}");
        }

        // As in Dapr, a component without a version is one of the first.
        var version = spec.Text("version") ?? "";
        if (version.Length > 0 && !known.Versions.Contains(version))
            throw spec.Wrong("version", $"the embedded sidecar does not have {type} of version '{version}'; write {string.Join(" or ", known.Versions)}");
        var component = new Component(name, type, version, resource.Texts("scopes"));
        foreach (var entry in spec.Maps("metadata"))
        {
            var setting = entry.Only("name", "value", "secretKeyRef", "envRef").RequiredText("name");
            if (entry.Map("secretKeyRef") is { } secret)
                secret.Only("name", "key").RequiredText("name");
            else if (!entry.Has("envRef"))
                entry.RequiredText("value");
            if (Follow(component, setting, entry) is { } followed)
                component = followed;
            else if (!known.Meaningless.Contains(setting, StringComparer.OrdinalIgnoreCase))
                warnings.Add(entry.Wrong("name", $"component '{name}' has a setting '{setting}' that {type} does not know; it changes nothing").Message);
        }

        return component;
    }

    /// <summary>Takes over a setting that changes what an app sees.</summary>
    /// <returns><see langword="null"/> where it is none.</returns>
    private static Component? Follow(Component component, string setting, YamlMap entry)
    {
        if (NotEnforced.Contains(setting, StringComparer.OrdinalIgnoreCase) && (component.IsPubSub || component.IsState))
            throw entry.Wrong("name", $"the embedded sidecar does not enforce '{setting}'; remove it, or run with daprd");
        return (component.Type, setting.ToLowerInvariant()) switch
        {
            (_, "allowedtopics") when component.IsPubSub => component with { AllowedTopics = Topics(Scoped(entry, "allowedTopics")) },
            (_, "protectedtopics") when component.IsPubSub => component with { ProtectedTopics = Topics(Scoped(entry, "protectedTopics")) },
            (_, "publishingscopes") when component.IsPubSub => component with { PublishingScopes = Scopes(entry, "publishingScopes") },
            (_, "subscriptionscopes") when component.IsPubSub => component with { SubscriptionScopes = Scopes(entry, "subscriptionScopes") },
            ("pubsub.redis", "redeliverinterval") => component with { RedeliverInterval = RedeliverInterval(entry) },
            ("pubsub.redis", "concurrency") => component with { Concurrency = Number(entry) is var places && places > 0 ? places : throw entry.Wrong("value", "concurrency must be 1 or more") },
            ("pubsub.redis", "consumerid") => OfOneApp(component, entry),
            ("state.redis", "ttlinseconds") => component with { TimeToLive = Number(entry).ToString(CultureInfo.InvariantCulture) },
            (_, "keyprefix") when component.IsState => Value(entry).Contains("||", StringComparison.Ordinal)
                ? throw entry.Wrong("value", "keyPrefix cannot contain '||'")
                : component with { KeyPrefix = Value(entry) },
            _ => null,
        };
    }

    private static string Value(YamlMap entry) =>
        entry.Has("value") ? entry.RequiredText("value")
        : throw entry.Wrong("name", $"the embedded sidecar reads '{entry.Text("name")}' from no secret and no environment variable; write its value");

    // As in dapr/dapr, pkg/scopes: blanks mean nothing, app=topic,topic;app=topic. An app with nothing after its = may do nothing.
    private static string Scoped(YamlMap entry, string spelling) => entry.Text("name") == spelling
        ? Value(entry).Replace(" ", "", StringComparison.Ordinal)
        : throw entry.Wrong("name", $"daprd reads no '{entry.Text("name")}', and would let everybody do everything; write {spelling}");

    private static string[] Topics(string list) => list.Length == 0 ? [] : list.Split(',');

    private static ILookup<string, string> Scopes(YamlMap entry, string spelling) =>
        Scoped(entry, spelling).Split(';', StringSplitOptions.RemoveEmptyEntries).SelectMany(scope => scope.Split('=') is [var app, var topics]
            ? topics.Split(',').Select(topic => (App: app, Topic: topic))
            : throw entry.Wrong("value", $"{spelling} has '{scope}'; write app=topic,topic;app=topic")).ToLookup(scope => scope.App, scope => scope.Topic);

    private static int Number(YamlMap entry) => int.TryParse(Value(entry), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
        ? number
        : throw entry.Wrong("value", $"{entry.Text("name")} is '{Value(entry)}'; write a whole number");

    private static TimeSpan RedeliverInterval(YamlMap entry)
    {
        _ = Value(entry);
        return entry.Duration("value") is { } interval && interval > TimeSpan.Zero
            ? interval
            : throw entry.Wrong("value", "redeliverInterval must be more than zero");
    }

    // Apps with one consumer id between them are given one copy of each event between them, and instances with one each a copy each.
    private static Component OfOneApp(Component component, YamlMap entry)
    {
        var id = Value(entry);
        var isPerInstance = id.Contains("{uuid}", StringComparison.Ordinal) || id.Contains("{podName}", StringComparison.Ordinal);
        return !isPerInstance && (component.Scopes.Count == 1 || id.Contains("{appID}", StringComparison.Ordinal))
            ? component
            : throw entry.Wrong("value", $"consumerID is '{id}', which would share events among apps or give them to every instance; the embedded sidecar " +
                "gives each app one copy of every event. Remove it, write {appID}, or name one app in scopes");
    }
}
