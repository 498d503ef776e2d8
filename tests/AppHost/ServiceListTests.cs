using System.Text.RegularExpressions;

namespace OrderMall.AppHost.Tests;

/// <summary>
/// The two lists of the mall's services, the AppHost's and the embedded mall's, and what the services do. Compared as text: where there
/// is no Aspire, the AppHost's cannot be run.
/// </summary>
public sealed partial class ServiceListTests
{
    private static readonly string Program = Repository.Read("AppHost/Program.cs");
    private static readonly string Embedded = Repository.Read("embedded/Mall/MallApps.cs");

    public static TheoryData<string> Called => [.. Listed().Where(service => service != "Gateway")];

    public static TheoryData<string> Services => [.. Listed()];

    [Fact]
    public void Both_ways_to_run_have_the_same_services()
    {
        var embedded = Of().Matches(Embedded).Select(of => of.Groups[1].Value).Append("Marketing").Order();
        Assert.Equal(embedded, Listed().Order());
    }

    [Theory]
    [MemberData(nameof(Services))]
    public void A_service_has_a_database_in_both_or_in_neither(string service)
    {
        var embedded = Embedded.Split('\n').Single(line => Regex.IsMatch(line, $@"Of<{service}\.|new\(AppIds\.{service},"));
        Assert.Equal(!Regex.IsMatch(embedded, @"hasDatabase: false|new\("), !Line(service).Contains("HasDatabase = false", StringComparison.Ordinal));
    }

    // Who is called decides where policies apply, and which arrows the dashboard draws.
    [Theory]
    [MemberData(nameof(Called))]
    public void A_service_calls_whom_it_is_said_to_call(string service) =>
        Assert.Equal(Names(Clients().Matches(Repository.Sources($"services/{service}"))), Names(InList("Calls", "AppIds", service)));

    // What is heard decides when there are more of a service.
    [Theory]
    [MemberData(nameof(Called))]
    public void A_service_hears_what_it_is_said_to_hear(string service)
    {
        var heard = service == "Marketing"
            ? MarketingTopics().Matches(Repository.Read("services/Marketing/marketing.py")).Select(topic => char.ToUpperInvariant(topic.Groups[1].Value[0]) + topic.Groups[1].Value[1..]).Order()
            : Names(Subscriptions().Matches(Repository.Sources($"services/{service}")));
        Assert.Equal(heard, Names(InList("Hears", "Topics", service)));
    }

    [Theory]
    [MemberData(nameof(Called))]
    public void A_service_keeps_state_if_it_is_said_to(string service)
    {
        var keeps = service == "Marketing" || Repository.Sources($"services/{service}").Contains("IStateStore", StringComparison.Ordinal);
        Assert.Equal(keeps, Line(service).Contains("HasState = true", StringComparison.Ordinal));
    }

    private static IEnumerable<string> Listed() => Added().Matches(Program).Select(added => added.Groups[1].Value);

    private static IEnumerable<string> Names(IEnumerable<Match> matches) => matches.Select(match => match.Groups[1].Value).Distinct().Order();

    private static MatchCollection InList(string list, string names, string service)
    {
        var items = Regex.Match(Line(service), $@"{list} = \[([^\]]*)\]").Groups[1].Value;
        return Regex.Matches(items, $@"{names}\.(\w+)");
    }

    // From its addition to the end of the statement.
    private static string Line(string service) => Regex.Match(Program, $@"new\(AppIds\.{service}\)[^;]*;").Value;

    [GeneratedRegex(@"new\(AppIds\.(\w+)\)")]
    private static partial Regex Added();

    [GeneratedRegex(@"Of<(\w+)\.")]
    private static partial Regex Of();

    [GeneratedRegex(@"AddServiceClient\(AppIds\.(\w+)\)")]
    private static partial Regex Clients();

    [GeneratedRegex(@"\.(?:On|OnceIn)(?:<[^(]*>)?\(Topics\.(\w+)")]
    private static partial Regex Subscriptions();

    [GeneratedRegex(@"""topic"": ""(\w+)""")]
    private static partial Regex MarketingTopics();
}
