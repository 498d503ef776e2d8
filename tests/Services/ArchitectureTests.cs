using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;
using OrderMall.Contracts;
using OrderMall.Gateway.Forwarding;
using OrderMall.Operations;

namespace OrderMall.Services.Tests;

/// <summary>The picture of the services, drawn from the list of them.</summary>
public sealed partial class ArchitectureTests
{
    [Fact]
    public void The_picture_of_the_architecture_shows_who_invokes_whom()
    {
        var services = JsonNode.Parse(File.ReadAllText(Checkout.Of("infra", "services.json")))!.AsArray().Select(service => service!).ToList();
        var joined = services.Where(service => (string)service["joins"]! != "").Select(service => (string)service["appId"]!).ToList();
        var routed = Routes.Of(new ConfigurationBuilder().Build()).Select(route => route.AppId).Where(appId => appId != AppIds.MallControl);
        var edges = services.SelectMany(service => service["invokes"]!.AsArray().Select(invoked => ((string)service["appId"]!, (string)invoked!)))
            .Concat(routed.Concat(joined).Select(appId => (AppIds.Gateway, appId)))
            .Concat(AuditSources.Services.Concat(joined).Select(appId => (AppIds.Operations, appId)))
            .Distinct().Order();

        var drawn = Edge().Matches(File.ReadAllText(Checkout.Of("docs", "architecture.md")).Split("```mermaid")[1].Split("```")[0])
            .SelectMany(edge => edge.Groups["to"].Value.Split('&', StringSplitOptions.TrimEntries).Select(to => (edge.Groups["from"].Value, to)));

        Assert.Equal(edges, drawn.Order());
    }

    [GeneratedRegex(@"^\s*(?<from>\S+) --> (?<to>.+)$", RegexOptions.Multiline)]
    private static partial Regex Edge();
}
