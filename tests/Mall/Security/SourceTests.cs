using System.Text.RegularExpressions;
using OrderMall.Mall.Tests.Opening;

namespace OrderMall.Mall.Tests.Security;

/// <summary>Nothing in the checkout is a secret: tokens and passwords are made at the start, or come from the environment.</summary>
public sealed partial class SourceTests
{
    // The demo's password is public on purpose, and those of tests open nothing.
    private static readonly string[] Public = ["Mall-demo-1", "Correct-horse-7", "alllowercase1", "secret", "to-sidecar", "Password"];

    private static readonly string[] NotOurs = ["bin", "obj", ".git", ".data", "node_modules", "TestResults"];

    private static readonly string[] Written = [".cs", ".csproj", ".props", ".targets", ".yaml", ".yml", ".json", ".md", ".py", ".sql", ".sh", ".html", ".bicep", ".config", ".env", ".sln"];

    [FactNeeding(Need.Own)]
    public async Task Nothing_in_the_checkout_is_a_secret()
    {
        var files = Files(new DirectoryInfo(Checkout.Folder)).ToList();
        Assert.True(files.Count > 300);
        var found = new List<string>();
        foreach (var file in files)
        {
            var text = await File.ReadAllTextAsync(file.FullName);
            found.AddRange(Known().Matches(text).Select(match => $"{file.FullName}: {match.Value}"));
            found.AddRange(Assigned().Matches(text)
                .Where(match => !Public.Any(known => match.Groups["value"].Value.StartsWith(known, StringComparison.OrdinalIgnoreCase)))
                .Select(match => $"{file.FullName}: {match.Value}"));
        }

        Assert.Empty(found);
    }

    [Theory]
    [InlineData("ghp_abcdefghijklmnopqrstuvwxyz0123456789")]
    [InlineData("-----BEGIN RSA PRIVATE KEY-----")]
    [InlineData("AccountKey=abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz==")]
    [InlineData("Host=db;Username=mall;Password=hunter2-hunter2")]
    [InlineData("APP_API_TOKEN: 5f4dcc3b5aa765d61d8327deb882cf99")]
    public void A_secret_would_be_found(string secret) => Assert.True(Known().IsMatch(secret) || Assigned().IsMatch(secret));

    private static IEnumerable<FileInfo> Files(DirectoryInfo folder) => folder.EnumerateFiles()
        .Where(file => Written.Contains(file.Extension) && file.Name != "SourceTests.cs")
        .Concat(folder.EnumerateDirectories().Where(below => !NotOurs.Contains(below.Name)).SelectMany(Files));

    [GeneratedRegex(@"-----BEGIN [A-Z ]*PRIVATE KEY-----|gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{60,}|AKIA[0-9A-Z]{16}|xox[abprs]-[\w-]{10,}|AccountKey=[A-Za-z0-9+/=]{40,}|SharedAccessKey=[A-Za-z0-9+/=]{30,}|eyJ[\w-]{20,}\.eyJ[\w-]{20,}\.[\w-]{20,}|CfDJ8[\w-]{60,}")]
    private static partial Regex Known();

    // As a literal in code, in a connection string, or plainly in a file of settings.
    [GeneratedRegex(@"(?<![\w.])(password|passwd|pwd|secret|(api|client|account)_?(key|secret|token))(=|""?\s*[=:]\s*[""'])(?<value>[a-z0-9][\w+/!-]{7,})(?![\w.(+/-])|\b[A-Z_]*(TOKEN|SECRET|PASSWORD|KEY)\b""?\s*[=:]\s*[""']?(?<value>(?=[a-z+/_-]*[0-9])[\w+/-]{24,})", RegexOptions.IgnoreCase)]
    private static partial Regex Assigned();
}
