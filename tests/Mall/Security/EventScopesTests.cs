using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using Microsoft.AspNetCore.Routing;
using OrderMall.Contracts;
using OrderMall.Mall.Tests.Marketing;
using OrderMall.Mall.Tests.Opening;
using OrderMall.ServiceDefaults.Messaging;
using YamlDotNet.RepresentationModel;

namespace OrderMall.Mall.Tests.Security;

/// <summary>
/// <c>components/pubsub.yaml</c> lets each service publish and subscribe what it does, and nothing else. What it does stands in its code alone:
/// the events that it hands to the outbox, as its assembly has them, and the routes that it has mapped for topics.
/// </summary>
public sealed class EventScopesTests
{
    private const string Route = "/events/";
    private const string DeadLetters = "dead-letters";

    [FactNeeding(Need.Own | Need.Python)]
    public async Task They_are_what_the_services_publish_and_subscribe_to()
    {
        SortedDictionary<string, string> publishing = new(StringComparer.Ordinal), subscribing = new(StringComparer.Ordinal);
        foreach (var service in InProcessService.All)
            Add(service.AppId, [.. PublishedBy(service.AppId)], await SubscribedByAsync(service));
        Add(AppIds.Marketing, [], await MarketingsAsync());

        Assert.Equal(publishing, Scopes("publishingScopes"));
        Assert.Equal(subscribing, Scopes("subscriptionScopes"));
        Assert.Equal(Joined(publishing.Concat(subscribing).SelectMany(scope => Topics(scope.Value))), Joined(Topics(Setting("protectedTopics"))));
        // Who neither publishes nor subscribes does not have the component at all.
        Assert.Equal(publishing.Keys, ((YamlSequenceNode)PubSub["scopes"]).Select(app => ((YamlScalarNode)app).Value!).Order(StringComparer.Ordinal));

        void Add(string appId, IReadOnlyList<string> published, IReadOnlyList<string> subscribed)
        {
            if (published.Count + subscribed.Count == 0)
                return;
            // Its sidecar publishes its dead letters for it.
            publishing.Add(appId, Joined(published.Concat(subscribed.Where(topic => topic == $"{appId}-{DeadLetters}"))));
            subscribing.Add(appId, Joined(subscribed));
        }
    }

    [Fact]
    public void The_picture_of_the_architecture_shows_them()
    {
        var owners = Scopes("publishingScopes")
            .SelectMany(scope => Topics(scope.Value).Where(topic => !topic.EndsWith(DeadLetters, StringComparison.Ordinal)).Select(topic => (Topic: topic, AppId: scope.Key)))
            .ToDictionary(owned => owned.Topic, owned => owned.AppId);
        var subscribed = Scopes("subscriptionScopes").SelectMany(scope => Topics(scope.Value).Where(owners.ContainsKey)
            .GroupBy(topic => owners[topic]).Select(topics => $"{topics.Key} -.->|{Joined(topics)}| {scope.Key}"));
        var drawn = File.ReadLines(Checkout.Of("docs", "architecture.md")).Select(line => line.Trim()).Where(line => line.Contains(" -.->|", StringComparison.Ordinal));
        Assert.Equal(subscribed.Order(StringComparer.Ordinal), drawn.Order(StringComparer.Ordinal));
    }

    // Every Outbox.Publish<T> that the assembly calls.
    private static IEnumerable<string> PublishedBy(string appId)
    {
        var assembly = AssemblyOf(appId);
        using var file = new PEReader(File.OpenRead(assembly.Location));
        var metadata = file.GetMetadataReader();
        for (var row = 1; row <= metadata.GetTableRowCount(TableIndex.MethodSpec); row++)
        {
            var call = MetadataTokens.MethodSpecificationHandle(row);
            if (metadata.GetMethodSpecification(call).Method is { Kind: HandleKind.MemberReference } method
                && metadata.GetString(metadata.GetMemberReference((MemberReferenceHandle)method).Name) == nameof(Outbox.Publish)
                && assembly.ManifestModule.ResolveMethod(MetadataTokens.GetToken(call)) is { } published && published.DeclaringType == typeof(Outbox))
            {
                foreach (var topic in TopicsOf(published.GetGenericArguments()[0]))
                    yield return topic;
            }
        }
    }

    // Its events are named by its constants.
    private static IEnumerable<string> TopicsOf(Type e) => e.GetFields(BindingFlags.Static | BindingFlags.Public).Where(field => field.IsLiteral)
        .Select(name => (string)typeof(EventScopesTests).GetMethod(nameof(Topic), BindingFlags.Static | BindingFlags.NonPublic)!.MakeGenericMethod(e).Invoke(null, [name.GetRawConstantValue()])!);

    private static string Topic<T>(string type)
        where T : class, IEvent<T> => T.TopicOf(type);

    private static Assembly AssemblyOf(string appId) =>
        AppDomain.CurrentDomain.GetAssemblies().Single(assembly => string.Equals(assembly.GetName().Name, $"OrderMall.{appId.Replace("-", "", StringComparison.Ordinal)}", StringComparison.OrdinalIgnoreCase));

    // As it is mapped: nothing is started.
    private static async Task<IReadOnlyList<string>> SubscribedByAsync(InProcessService service)
    {
        await using var app = service.Create(["--DAPR_GRPC_PORT=1", "--APP_API_TOKEN=token", "--Mall:Demo=true", $"--ConnectionStrings:{service.AppId}=Host=127.0.0.1;Port=1"]);
        return
        [
            .. ((IEndpointRouteBuilder)app).DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
                .Select(endpoint => endpoint.RoutePattern.RawText!).Where(route => route.StartsWith(Route, StringComparison.Ordinal))
                .Select(route => route[Route.Length..] is var topic && topic == DeadLetters ? $"{service.AppId}-{DeadLetters}" : topic),
        ];
    }

    private static async Task<IReadOnlyList<string>> MarketingsAsync()
    {
        await using var sidecar = await StubSidecar.StartAsync();
        await using var marketing = await MarketingProcess.StartAsync(sidecar);
        return await marketing.TopicsAsync();
    }

    private static YamlMappingNode PubSub
    {
        get
        {
            var stream = new YamlStream();
            using var file = new StreamReader(Checkout.Of("components", "pubsub.yaml"));
            stream.Load(file);
            return (YamlMappingNode)stream.Documents.Single().RootNode;
        }
    }

    private static string Setting(string name) =>
        ((YamlSequenceNode)PubSub["spec"]["metadata"]).Where(setting => (string?)setting["name"] == name).Select(setting => (string)setting["value"]!).Single();

    private static SortedDictionary<string, string> Scopes(string setting) => new(
        Setting(setting).Split(';').Select(scope => scope.Split('=')).ToDictionary(scope => scope[0].Trim(), scope => Joined(Topics(scope[1]))), StringComparer.Ordinal);

    private static IEnumerable<string> Topics(string list) => list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private static string Joined(IEnumerable<string> topics) => string.Join(", ", topics.Distinct().Order(StringComparer.Ordinal));
}
