using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;
using OrderMall.Contracts;
using OrderMall.Gateway.Forwarding;
using OrderMall.Operations;

namespace OrderMall.Services.Tests;

/// <summary>What the documentation says of the services is so.</summary>
public sealed partial class ArchitectureTests
{
    [Fact]
    public void Every_word_of_the_glossary_is_in_the_code_where_it_says()
    {
        var named = File.ReadAllText(Checkout.Of("docs", "glossary.md")).Split("\n\n").Where(table => table.Split('\n')[0].EndsWith("| in the code |", StringComparison.Ordinal))
            .SelectMany(table => table.Split('\n', StringSplitOptions.RemoveEmptyEntries)[2..]).SelectMany(row => Code().Matches(row.Split('|')[^2])).Select(code => code.Groups[1].Value.Replace(".py", "", StringComparison.Ordinal)).Distinct().ToList();
        Assert.True(named.Count > 50, $"Only {named.Count} were found.");
        var all = WordsIn("services", "ServiceDefaults", "AppHost", "embedded");

        Assert.Equal([], named.Where(name => !File.Exists(Checkout.Of(name)) && name.Split('/') is [.. var folders, var what]
            && !what.Split('.').All((folders.Length == 0 ? all : WordsIn([string.Join('/', folders), $"services/{string.Join('/', folders)}"])).Contains)));

        static HashSet<string> WordsIn(params string[] folders) =>
        [
            .. folders.Select(folder => Checkout.Of(folder)).Where(Directory.Exists).SelectMany(folder => Directory.EnumerateFiles(folder, "*.*", SearchOption.AllDirectories))
                .Where(file => Path.GetExtension(file) is ".cs" or ".py" or ".razor" && !file.Contains("/obj/", StringComparison.Ordinal))
                .SelectMany(file => Word().Matches(File.ReadAllText(file)).Select(word => word.Value)),
        ];
    }

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

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Code();

    [GeneratedRegex(@"\w+")]
    private static partial Regex Word();

    [GeneratedRegex(@"^\s*(?<from>\S+) --> (?<to>.+)$", RegexOptions.Multiline)]
    private static partial Regex Edge();
}
