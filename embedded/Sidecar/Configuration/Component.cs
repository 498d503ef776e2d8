namespace OrderMall.Sidecar;

/// <summary>A component of the resources folder. Whatever product it names, the embedded sidecar stands in for it with PostgreSQL.</summary>
/// <param name="Name">How apps name it.</param>
/// <param name="Type">The Dapr component type, such as <c>pubsub.redis</c>.</param>
/// <param name="Scopes">The apps that may use it; empty means all.</param>
/// <param name="RedeliverInterval">For pub/sub: how long a failed event rests when no retry policy says otherwise.</param>
/// <param name="KeyPrefix">For state: <c>appid</c>, <c>name</c>, <c>none</c>, or a fixed prefix.</param>
internal sealed record Component(
    string Name,
    string Type,
    string Version,
    IReadOnlyList<string> Scopes,
    TimeSpan RedeliverInterval,
    string KeyPrefix)
{
    public bool IsPubSub => Type.StartsWith("pubsub.", StringComparison.Ordinal);

    public bool IsState => Type.StartsWith("state.", StringComparison.Ordinal);

    public bool IsFor(string appId) => Scopes.Count == 0 || Scopes.Contains(appId);
}

/// <summary>Reads <c>kind: Component</c>.</summary>
internal static class ComponentReader
{
    private static readonly string[] StandInFor =
        ["pubsub.redis", "pubsub.in-memory", "state.redis", "state.in-memory", "state.postgresql", "secretstores.local.env"];

    // These limit who may publish or subscribe what. Ignoring them would open what somebody closed.
    private static readonly string[] TopicScoping = ["allowedTopics", "publishingScopes", "subscriptionScopes", "protectedTopics"];

    public static Component Read(YamlMap resource)
    {
        resource.Only("apiVersion", "kind", "metadata", "spec", "scopes", "auth");
        var name = resource.RequiredMap("metadata").Only("name", "namespace", "labels", "annotations").RequiredText("name");
        var spec = resource.RequiredMap("spec").Only("type", "version", "initTimeout", "ignoreErrors", "metadata");
        var type = spec.RequiredText("type");
        if (!StandInFor.Contains(type))
        {
            throw spec.Wrong("type", $"the embedded sidecar cannot stand in for component type '{type}'; " +
                $"it can for {string.Join(", ", StandInFor)}");
        }

        var component = new Component(
            name,
            type,
            spec.RequiredText("version"),
            resource.Texts("scopes"),
            // The Redis component's own default.
            RedeliverInterval: TimeSpan.FromSeconds(60),
            KeyPrefix: "appid");
        foreach (var entry in spec.Maps("metadata"))
            component = Apply(component, entry.Only("name", "value", "secretKeyRef"));
        return component;
    }

    private static Component Apply(Component component, YamlMap entry)
    {
        var key = entry.RequiredText("name");
        if (entry.Map("secretKeyRef") is { } secret)
        {
            secret.Only("name", "key").RequiredText("name");
            return component;
        }

        var value = entry.RequiredText("value");
        if (component.IsPubSub && TopicScoping.Contains(key, StringComparer.OrdinalIgnoreCase))
            throw entry.Wrong("name", $"the embedded sidecar does not enforce '{key}'; remove it, or run with daprd");
        if (component.IsPubSub && key.Equals("redeliverInterval", StringComparison.OrdinalIgnoreCase))
        {
            var interval = entry.Duration("value")!.Value;
            return interval > TimeSpan.Zero
                ? component with { RedeliverInterval = interval }
                : throw entry.Wrong("value", "redeliverInterval must be more than zero");
        }

        if (component.IsState && key.Equals("keyPrefix", StringComparison.OrdinalIgnoreCase))
        {
            return value.Contains("||", StringComparison.Ordinal)
                ? throw entry.Wrong("value", "keyPrefix cannot contain '||'")
                : component with { KeyPrefix = value };
        }

        return component;
    }
}
