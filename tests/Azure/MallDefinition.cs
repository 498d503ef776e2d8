using System.Text.Json.Nodes;
using YamlDotNet.Serialization;

namespace OrderMall.Azure.Tests;

/// <summary>A service of the AppHost's list.</summary>
internal sealed record DefinedService(string AppId, string Project, bool HasDatabase, bool IsDemo, bool IsPublic, IReadOnlyList<string> Invokes, string Joins);

/// <summary>How the mall is defined apart from the templates: the list of services, and <c>components/</c>.</summary>
internal static class MallDefinition
{
    /// <summary>The list.</summary>
    public static IReadOnlyList<DefinedService> Services { get; } = [.. JsonNode.Parse(File.ReadAllText(Path.Combine(Paths.Checkout, "infra/services.json")))!.AsArray().Select(service => new DefinedService(
        (string)service!["appId"]!,
        (string)service["project"]!,
        (bool)service["hasDatabase"]!,
        (bool)service["isDemo"]!,
        (bool)service["isPublic"]!,
        [.. service["invokes"]!.AsArray().Select(invoked => (string)invoked!)],
        (string)service["joins"]!))];

    /// <summary>The topics that a service publishes to.</summary>
    public static IReadOnlyList<string> Publishes(string appId) => Topics("publishingScopes", appId);

    /// <summary>The topics that a service subscribes to.</summary>
    public static IReadOnlyList<string> Subscribes(string appId) => Topics("subscriptionScopes", appId);

    /// <summary>Those that publish or subscribe.</summary>
    public static IReadOnlyList<string> WithEvents { get; } = Scopes("pubsub.yaml");

    /// <summary>Those that keep state.</summary>
    public static IReadOnlyList<string> WithState { get; } = Scopes("statestore.yaml");

    /// <summary>The policies of <c>components/resiliency.yaml</c>.</summary>
    public static dynamic Resiliency { get; } = Yaml("components/resiliency.yaml");

    /// <summary>A file of the repository.</summary>
    public static dynamic Yaml(string path) => new DeserializerBuilder().Build().Deserialize<object>(File.ReadAllText(Path.Combine(Paths.Checkout, path)))!;

    private static List<string> Scopes(string file) => [.. ((List<object>)Yaml($"components/{file}")["scopes"]).Cast<string>()];

    private static List<string> Topics(string name, string appId)
    {
        var scopes = (string)((List<object>)Yaml("components/pubsub.yaml")["spec"]["metadata"]).Cast<Dictionary<object, object>>().Single(setting => (string)setting["name"] == name)["value"];
        var own = scopes.Split(';').Select(scope => scope.Split('=')).FirstOrDefault(scope => scope[0].Trim() == appId);
        return [.. own?[1].Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? []];
    }
}
