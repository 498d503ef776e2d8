using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Options;
using OrderMall.Ordering;
using OrderMall.ServiceDefaults;

namespace OrderMall.Services.Tests;

/// <summary>Settings that change while a service runs, and the page that names them all.</summary>
public sealed partial class ConfigurationTests : IDisposable
{
    private readonly string _file = Path.Combine(Path.GetTempPath(), $"ordermall-{Guid.NewGuid():N}.json");

    public void Dispose() => File.Delete(_file);

    [Fact]
    public async Task Settings_of_a_file_change_while_a_service_runs_and_wrong_ones_change_nothing()
    {
        await File.WriteAllTextAsync(_file, """{"Ordering":{"PaymentMethods":["card"]}}""");
        await using var app = Create();
        var options = app.Services.GetRequiredService<IOptions<OrderingOptions>>();
        var logs = new FakeLogCollector();
        app.Services.GetRequiredService<ILoggerFactory>().AddProvider(new FakeLoggerProvider(logs));
        Assert.Equal(["card"], options.Value.PaymentMethods);

        // As it is found by looking.
        await File.WriteAllTextAsync(_file, """{"Ordering":{"PaymentMethods":["bank"],"UnpaidShare":0.25}}""");
        await Eventually.BecomesAsync(0.25, () => Task.FromResult(options.Value.UnpaidShare));
        Assert.Equal(["bank"], options.Value.PaymentMethods);

        var reload = (IConfigurationRoot)app.Configuration;
        await File.WriteAllTextAsync(_file, """{"Ordering":{"PaymentMethods":["bank"],"UnpaidShare":7}}""");
        reload.Reload();
        Assert.Equal(0.25, options.Value.UnpaidShare);
        Assert.Contains(logs.GetSnapshot(), log => log.Level == LogLevel.Error && log.Message.Contains("Ordering:UnpaidShare", StringComparison.Ordinal));
        await File.WriteAllTextAsync(_file, """{"Ordering":{"PaymentMethods":["bank"],"UnpaidShare":0.5}}""");
        reload.Reload();
        await File.WriteAllTextAsync(_file, """{"Ordering":{"UnpaidShare":0.1""");
        reload.Reload();
        Assert.Equal((0.5, "bank"), (options.Value.UnpaidShare, Assert.Single(options.Value.PaymentMethods)));
    }

    [Fact]
    public void A_file_that_is_none_stops_the_start()
    {
        Assert.StartsWith("Configuration:File is ", Assert.Throws<InvalidOperationException>(() => Create()).Message, StringComparison.Ordinal);
        File.WriteAllText(_file, "{");
        Assert.StartsWith("Configuration:File: ", Assert.Throws<InvalidOperationException>(() => Create()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_page_of_the_configuration_has_every_key_that_the_code_reads_and_no_other()
    {
        var page = Row().Matches(File.ReadAllText(Checkout.Of("docs", "configuration.md"))).Select(row => row.Groups["key"].Value).ToList();
        var read = new[] { "AppHost", "ServiceDefaults", "services" }
            .SelectMany(folder => Directory.EnumerateFiles(Checkout.Of(folder), "*.*", SearchOption.AllDirectories))
            .Where(file => Path.GetExtension(file) is ".cs" or ".py" && !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .SelectMany(file => Keys(File.ReadAllText(file)))
            .ToHashSet(StringComparer.Ordinal);
        Assert.True(read.Count > 50, $"Only {read.Count} keys were found in the code.");
        Assert.Equal(page.Distinct(), page);
        // What the code names as a section, the page has the keys of.
        Assert.Empty(read.Where(key => !page.Exists(known => Alike(known, key) || Alike(known, key, isSection: true))).Order());
        Assert.Empty(page.Where(known => !read.Any(key => Alike(known, key) || Alike(known, key, isSection: true))).Order());
    }

    private WebApplication Create() =>
        ServiceHost.Create<OrderingService>(["--DAPR_GRPC_PORT=1", "--APP_API_TOKEN=token", "--Mall:Demo=false", "--ConnectionStrings:ordering=Host=127.0.0.1;Port=1", $"--Configuration:File={_file}"]);

    private static IEnumerable<string> Keys(string code)
    {
        foreach (Match literal in Literal().Matches(code))
            yield return literal.Groups["key"].Value;
        foreach (Match variable in Variable().Matches(code))
            yield return variable.Groups["key"].Value;
        foreach (Match name in ConnectionString().Matches(code))
            yield return $"ConnectionStrings:{(name.Groups["name"].Success ? name.Groups["name"].Value : "{}")}";
        // Options: the section, and what can be set of them.
        if (code.Contains("{ get; set; }", StringComparison.Ordinal) && (SectionOfOptions().Match(code) is { Success: true } told ? told : null) is { } section)
        {
            foreach (Match property in Settable().Matches(code))
                yield return $"{section.Groups["section"].Value}:{property.Groups["name"].Value}";
        }

        // Sections whose keys are read one by one.
        if (Section().Match(code) is { Success: true } own)
        {
            foreach (Match part in Part().Matches(code))
                yield return $"{own.Groups["section"].Value}:{part.Groups["name"].Value}";
        }
    }

    // Names in braces stand for any.
    private static bool Alike(string known, string key, bool isSection = false)
    {
        var (of, found) = (known.Split(':'), key.Split(':'));
        return (isSection ? found.Length < of.Length && found.Length > 1 : found.Length == of.Length)
            && found.Zip(of).All(pair => pair.Second.StartsWith('{') || pair.First.StartsWith('{') || pair.First == pair.Second);
    }

    [GeneratedRegex(@"^\| `(?<key>[A-Za-z][^`]*)` \|.*\|.*\|.*\|$", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"""(?<key>(Mall|Smtp|Push|Operator|Account|RateLimit|Gateway|PaymentProvider|Ordering|Web|Publishing|Notification|Audit|Operations|Rebuild|Resiliency|Drain|Configuration|Dapr)(:([A-Z][A-Za-z]+|\{\w+\}))+)""")]
    private static partial Regex Literal();

    [GeneratedRegex(@"(?:onfiguration\[|GetValue<[^>]+>\(|environment\.get\(|_number\(environment, |environment\[|\?\? configuration\[|const string Endpoint = )""(?<key>[A-Z][A-Z_]{4,})""")]
    private static partial Regex Variable();

    [GeneratedRegex(@"GetConnectionString\((""(?<name>[a-z]+)""|[a-zA-Z]+)\)")]
    private static partial Regex ConnectionString();

    [GeneratedRegex(@"section <c>(?<section>[A-Z][a-z]+)</c>")]
    private static partial Regex SectionOfOptions();

    [GeneratedRegex(@"public [\w<>?]+ (?<name>[A-Z]\w+) \{ get; set; \}")]
    private static partial Regex Settable();

    [GeneratedRegex(@"(?:const string Section = ""|GetSection\(\$"")(?<section>[A-Z][A-Za-z]+(:[A-Za-z{}]+)?)""")]
    private static partial Regex Section();

    [GeneratedRegex(@"(?:\bNumber\(|\bOneOf\(|section\[)(?:nameof\((?<name>\w+)\)|""(?<name>\w+)"")|\{Section\}:(?<name>[A-Z]\w+)|Setting(?:Of)?\(""(?<name>\w+)""|""(?<name>ATONCE|WAITING)"" =>")]
    private static partial Regex Part();
}
