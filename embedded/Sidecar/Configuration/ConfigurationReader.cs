namespace OrderMall.Sidecar.Configuration;

/// <summary>What a <c>kind: Configuration</c> says that the embedded sidecar must enforce.</summary>
/// <param name="Apis">The parts of Dapr's HTTP API that apps may use, as <c>v1.0/invoke</c>; <see langword="null"/> for all.</param>
/// <param name="GrpcApis">The parts of its gRPC API that apps may use, as <c>v1.0/state</c>; <see langword="null"/> for all.</param>
internal sealed record Configuration(AccessControl Access, IReadOnlySet<string>? Apis, IReadOnlySet<string>? GrpcApis)
{
    public static Configuration None { get; } = new(AccessControl.None, null, null);
}

/// <summary>Reads <c>kind: Configuration</c>. What it would enforce elsewhere and cannot here is refused, not ignored in silence.</summary>
internal static class ConfigurationReader
{
    public static Configuration Read(YamlMap resource)
    {
        resource.Only("apiVersion", "kind", "metadata", "spec");
        // What is said of workflows and WebAssembly has no meaning for who has neither.
        var spec = resource.Map("spec")?.Without("httpPipeline", "appHttpPipeline", "secrets", "components")
            .Only("tracing", "metric", "metrics", "logging", "mtls", "nameResolution", "features", "accessControl", "api", "workflow", "wasm");
        var (http, grpc) = spec?.Map("api") is { } api ? ReadApis(api) : (null, null);
        return new Configuration(spec?.Map("accessControl") is { } access ? ReadAccess(access) : AccessControl.None, http, grpc);
    }

    private static AccessControl ReadAccess(YamlMap access)
    {
        access.Only("defaultAction", "trustDomain", "policies");
        var trustDomain = access.Text("trustDomain") is { Length: > 0 } given ? given : AccessControl.PublicDomain;
        var policies = new Dictionary<string, AccessPolicy>();
        foreach (var policy in access.Maps("policies"))
        {
            policy.Only("appId", "defaultAction", "trustDomain", "namespace", "operations");
            var (appId, domain, space) = (policy.RequiredText("appId"), policy.RequiredText("trustDomain"), policy.RequiredText("namespace"));
            // An app's own default goes before the general one, which as in Dapr is deny where it is not said.
            var allows = policy.Has("defaultAction") ? IsAllow(policy, "defaultAction") : access.Has("defaultAction") && IsAllow(access, "defaultAction");
            var rules = new AccessRules();
            foreach (var operation in policy.Maps("operations"))
                rules.Add(operation.Only("name", "httpVerb", "action").RequiredText("name").TrimStart('/'), new AccessRule(operation.Texts("httpVerb"), IsAllow(operation, "action")));
            // One for apps of another trust domain or namespace is for none here.
            if ((domain, space) == (trustDomain, "default") && !policies.TryAdd(appId, new AccessPolicy(allows, rules)))
                throw policy.Wrong("appId", $"there are two policies for '{appId}'; put their operations into one");
        }

        return new AccessControl(access.Has("defaultAction") ? IsAllow(access, "defaultAction") : !access.Maps("policies").Any(), policies) { TrustDomain = trustDomain };
    }

    private static bool IsAllow(YamlMap map, string key) => map.RequiredText(key) switch
    {
        "allow" => true,
        "deny" => false,
        var other => throw map.Wrong(key, $"{map.Name}.{key} is '{other}'; write allow or deny"),
    };

    private static (HashSet<string>? Http, HashSet<string>? Grpc) ReadApis(YamlMap api)
    {
        var allowed = api.Without("denied").Only("allowed").Maps("allowed").ToList();
        foreach (var rule in allowed)
        {
            rule.Only("name", "version", "protocol").RequiredText("version");
            if (rule.RequiredText("protocol") is not ("http" or "grpc") and var protocol)
                throw rule.Wrong("protocol", $"{rule.Name}.protocol is '{protocol}'; write http or grpc");
        }

        // One protocol's list does not close the other.
        return (Of("http"), Of("grpc"));

        HashSet<string>? Of(string protocol)
        {
            var names = allowed.Where(rule => rule.Text("protocol") == protocol).Select(rule => $"{Version(rule.Text("version")!)}/{rule.RequiredText("name")}").ToHashSet();
            return names.Count == 0 ? null : names;
        }
    }

    // v1 and v1alpha1 are also called v1.0 and v1.0-alpha1, as they stand in paths.
    private static string Version(string name) => name switch
    {
        "v1" => "v1.0",
        "v1alpha1" => "v1.0-alpha1",
        _ => name,
    };
}
