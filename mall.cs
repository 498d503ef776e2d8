#:property PublishAot=false

// The front door: `dotnet run mall.cs` opens the mall, `dotnet run mall.cs test` tests it. Needs the .NET SDK only;
// what it needs beyond that it says.

using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;

const string Usage = """
    dotnet run mall.cs [options]          opens the mall
      --mode aspire|embedded   with Aspire and Dapr, or everything on this machine alone (whichever is possible)
      --port N                 the public port on 127.0.0.1 (8080)
      --data DIR               where everything is kept between runs (.data)
      --isolated               every service as a process of its own
      --sidecar embedded|daprd the mall's own sidecar, or a real Dapr sidecar beside every service, with Redis (embedded)
      --connection TEXT        an existing PostgreSQL server instead of a private one
      --components DIR         the Dapr components and resiliency policies (components/)
      --replicas N             so many instances of every service, or of some: ordering=2,payment=2 (1)
      --without APP            leave out a service that the mall can do without (marketing)
    dotnet run mall.cs test [options]     builds everything and runs every test
      --filter EXPRESSION      only these
      --against URL            the tests from outside alone, in a mall that is open there, whichever way it runs
    dotnet run mall.cs chaos [options]    kills, hangs and cuts whatever it can in a mall of its own, and looks what is lost
      --minutes N              how long (1)
      --seed S                 which faults and which orders; without it one is drawn and told
    dotnet run mall.cs bench [options]    measures; bench -- --help says what
    """;

var root = (string)AppContext.GetData("EntryPointFileDirectoryPath")!;
string[] mallSources = ["AppHost", "ServiceDefaults", "services", "embedded"];
string[] allSources = [.. mallSources, "tests", "bench"];

try
{
    return args switch
    {
        ["--help" or "-h" or "help", ..] => Say(Usage, 0),
        ["test", .. var rest] => Test(rest),
        ["bench", .. var rest] => BuildAndRun(rest, "bench"),
        ["chaos", .. var rest] => BuildAndRun(rest, "tests", "Chaos"),
        _ => Open(args),
    };
}
catch (Refusal refusal)
{
    Console.Error.WriteLine(refusal.Message);
    return refusal.ExitCode;
}

int Open(string[] options)
{
    string? mode = null;
    var passed = new List<string>();
    for (var i = 0; i < options.Length; i++)
    {
        switch (options[i])
        {
            case "--isolated":
                passed.Add(options[i]);
                break;
            case "--mode" or "--port" or "--data" or "--connection" or "--components" or "--without" or "--replicas" or "--sidecar" when i + 1 == options.Length:
                throw new Refusal($"{options[i]} needs a value after it.", 2);
            case "--mode":
                mode = options[++i] is "aspire" or "embedded" ? options[i] : throw new Refusal($"--mode must be aspire or embedded; '{options[i]}' is neither.", 2);
                break;
            case "--port" when !int.TryParse(options[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port is < 1 or > 65535:
                throw new Refusal($"--port must be a whole number from 1 to 65535; '{options[i + 1]}' is not.", 2);
            case "--port" or "--data" or "--connection" or "--components" or "--without" or "--replicas" or "--sidecar":
                passed.AddRange([options[i], options[++i]]);
                break;
            default:
                throw new Refusal($"Unknown word '{options[i]}'. `dotnet run mall.cs help` shows what there is.", 2);
        }
    }

    var restricted = AskFeedOnce();
    var missing = MissingForAspire(restricted);
    if (mode == "aspire" && missing.Count > 0)
        throw new Refusal($"The mall cannot run with Aspire here: {string.Join("; ", missing)}. Without --mode it runs embedded.", 1);
    if (mode != "embedded" && missing.Count == 0)
    {
        if (passed.Count > 0)
            throw new Refusal($"{passed[0]} is for the embedded mall. Add --mode embedded, or leave it out.", 2);
        Console.WriteLine("Running with Aspire and Dapr: everything for it is here. --mode embedded runs without.");
        return Run(["run", "--project", Path.Combine(root, "AppHost"), "-c", "Release"]);
    }

    Build(Path.Combine(root, "embedded", "Mall", "Mall.csproj"), mallSources, Program("embedded", "Mall"));
    var why = mode == "embedded" ? "--mode embedded" : string.Join("; ", missing);
    if (!passed.Contains("--data"))
        passed.AddRange(["--data", Path.Combine(root, ".data")]);
    return Run([Program("embedded", "Mall"), .. passed, "--why", why]);
}

int BuildAndRun(string[] rest, params string[] folder)
{
    AskFeedOnce();
    Build(Path.Combine([root, .. folder, Named(folder) + ".csproj"]), [.. mallSources, .. folder[..1]], Program(folder));
    return Run([Program(folder), .. rest is ["--", .. var after] ? after : rest]);
}

int Test(string[] rest)
{
    Uri? mall = null;
    string[] filter = [];
    for (var i = 0; i < rest.Length; i += 2)
    {
        switch (rest[i])
        {
            case "--filter" or "--against" when i + 1 == rest.Length:
                throw new Refusal($"{rest[i]} needs a value after it.", 2);
            case "--filter":
                filter = [rest[i], rest[i + 1]];
                break;
            case "--against":
                mall = AddressOf(rest[i + 1]);
                break;
            default:
                throw new Refusal($"After test there are only --filter EXPRESSION and --against URL; '{rest[i]}' is neither.", 2);
        }
    }

    var tests = Path.Combine(root, "OrderMall.sln");
    if (mall is not null)
        VisitAsync(mall).GetAwaiter().GetResult();
    AskFeedOnce();
    if (mall is null)
    {
        Build(tests, allSources, Program("embedded", "Mall"));
    }
    else
    {
        tests = Path.Combine(root, "tests", "Mall", "Mall.Tests.csproj");
        Build(tests, [.. mallSources, "tests"], Path.Combine(root, "tests", "Mall", "bin", "Release", "net10.0", "OrderMall.Mall.Tests.dll"));
        Environment.SetEnvironmentVariable("MALL_URL", mall.ToString());
    }

    var results = Path.Combine(root, "obj", "test-results");
    if (Directory.Exists(results))
        Directory.Delete(results, recursive: true);
    // One assembly at a time: each has a server or a whole mall of its own.
    const int MostLines = 30;
    var exitCode = Run(["test", tests, "-c", "Release", "--no-build", "-m:1", "--nologo",
        "--logger", "trx", "--results-directory", results, "--blame-hang", "--blame-hang-timeout", "10min", "--blame-hang-dump-type", "none", .. filter]);

    var ended = Directory.Exists(results)
        ? Directory.EnumerateFiles(results, "*.trx", SearchOption.AllDirectories).SelectMany(TestResult.Read).ToList()
        : [];
    var failed = ended.Where(t => t.Outcome is not ("Passed" or "NotExecuted")).ToList();
    var skipped = ended.Where(t => t.Outcome == "NotExecuted").ToList();
    Console.WriteLine();
    foreach (var test in failed)
        Console.WriteLine($"FAILED  {test.Name}: {string.Join($"{Environment.NewLine}        ", test.Message.Split('\n', StringSplitOptions.TrimEntries).Take(MostLines))}");
    foreach (var test in skipped)
        Console.WriteLine($"SKIPPED {test.Name}: {test.Message}");
    if (exitCode != 0 && failed.Count == 0)
        Console.WriteLine($"dotnet test ended with {exitCode} although no test failed: a test process may have died, see above.");
    Console.WriteLine($"{ended.Count - failed.Count - skipped.Count} passed, {failed.Count} failed, {skipped.Count} skipped");
    return exitCode == 0 && failed.Count == 0 && ended.Count > skipped.Count ? 0 : 1;
}

Uri AddressOf(string text) =>
    Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url is { PathAndQuery: "/", Fragment: "", UserInfo: "" }
        ? url
        : throw new Refusal($"--against must be a mall's address, http:// or https:// and nothing after the host and port, such as http://127.0.0.1:8080; '{text}' is not.", 2);

// Refuses what is no mall that the tests can visit, before anything is built.
async Task VisitAsync(Uri mall)
{
    const string Operator = "operator@mall.test", Password = "Mall-demo-1";
    // The first answer may take as long as the start of what was scaled to nothing.
    using var http = new HttpClient(new SocketsHttpHandler { UseProxy = !mall.IsLoopback, AllowAutoRedirect = false }) { BaseAddress = mall, Timeout = TimeSpan.FromMinutes(1) };
    try
    {
        var (status, body, text) = await AskAsync(new HttpRequestMessage(HttpMethod.Get, "api/offers?limit=1"));
        if (status != HttpStatusCode.OK || body?["items"] is not JsonArray)
        {
            throw new Refusal(IsProblem(body)
                ? $"The mall at {mall} is not ready: GET /api/offers answers {(int)status}: {body!["detail"] ?? body["title"]}"
                : $"What answers at {mall} is not a mall: GET /api/offers is {text}.", 1);
        }

        JsonObject signIn = new() { ["email"] = Operator, ["password"] = Password };
        (status, body, text) = await AskAsync(new HttpRequestMessage(HttpMethod.Post, "api/account/login") { Content = new StringContent(signIn.ToJsonString(), Encoding.UTF8, "application/json") });
        if (status == HttpStatusCode.Unauthorized)
            throw new Refusal($"The mall at {mall} has no demo accounts: {Operator} cannot sign in. The tests come as the demo's merchants, courier, publisher, reviewer and operator; Mall:Demo=true has the gateway and the catalog make what they need.", 1);
        if (status != HttpStatusCode.OK)
            throw new Refusal($"Nobody can sign in to the mall at {mall}: POST /api/account/login answers {(IsProblem(body) ? $"{(int)status}: {body!["detail"] ?? body["title"]}" : text)}", 1);
    }
    catch (HttpRequestException unreachable)
    {
        throw new Refusal($"There is no mall at {mall}: {unreachable.GetBaseException().Message}", 1);
    }
    catch (TaskCanceledException)
    {
        throw new Refusal($"There is no mall at {mall}: no answer within {http.Timeout.TotalSeconds} s.", 1);
    }

    async Task<(HttpStatusCode Status, JsonObject? Body, string Text)> AskAsync(HttpRequestMessage request)
    {
        using (request)
        {
            using var response = await http.SendAsync(request);
            var answer = $"{(int)response.StatusCode} {response.Content.Headers.ContentType?.MediaType}".TrimEnd() + (response.Headers.Location is { } elsewhere ? $" to {elsewhere}" : "");
            try
            {
                return (response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync()) as JsonObject, answer);
            }
            catch (JsonException)
            {
                return (response.StatusCode, null, answer);
            }
        }
    }

    static bool IsProblem(JsonObject? body) => body?["type"]?.ToString().StartsWith("urn:ordermall:problem:", StringComparison.Ordinal) == true;
}

// Some package feeds lack Aspire and Dapr. Asked once: the answer stays in a file that the build reads.
bool AskFeedOnce()
{
    var answer = Path.Combine(root, "Directory.Feed.props");
    if (File.Exists(answer))
        return File.ReadAllText(answer).Contains("<RestrictedFeed>true<", StringComparison.Ordinal);

    Console.WriteLine("Asking the package feed for Aspire and Dapr (once).");
    var folder = Path.Combine(root, "obj", "feed-probe"); // below the root, so that its NuGet.config counts
    Directory.CreateDirectory(folder);
    var project = Path.Combine(folder, "FeedProbe.csproj");
    File.WriteAllText(project, """
        <Project Sdk="Microsoft.NET.Sdk">
          <PropertyGroup>
            <TargetFramework>net10.0</TargetFramework>
          </PropertyGroup>
          <ItemGroup>
            <PackageReference Include="Aspire.Hosting.PostgreSQL" />
            <PackageReference Include="CommunityToolkit.Aspire.Hosting.Dapr" />
            <PackageReference Include="Dapr.AspNetCore" />
            <PackageReference Include="OpenTelemetry.Extensions.Hosting" />
          </ItemGroup>
        </Project>
        """);
    var (exitCode, output) = Capture(["restore", project, "-v", "q", "--nologo"]);
    var codes = Regex.Matches(output, @"error (\w+)").Select(m => m.Groups[1].Value).ToHashSet();
    var lacks = exitCode != 0 && codes.Count > 0 && codes.IsSubsetOf(["NU1101", "NU1102"]);
    if (exitCode != 0 && !lacks)
        throw new Refusal($"The packages could not be restored:{Environment.NewLine}{output.Trim()}", 1);
    File.WriteAllText(answer, $"""
        <Project>
          <!-- Whether the package feed lacks Aspire and Dapr, as `dotnet run mall.cs` found out. Delete this file to have it asked again. -->
          <PropertyGroup>
            <RestrictedFeed>{(lacks ? "true" : "false")}</RestrictedFeed>
          </PropertyGroup>
        </Project>

        """);
    Console.WriteLine(lacks
        ? "This package feed has no Aspire and Dapr: building without them (Directory.Feed.props says so to every build)."
        : "It has them.");
    return lacks;
}

List<string> MissingForAspire(bool restricted)
{
    var missing = new List<string>();
    if (restricted)
        missing.Add("the package feed has no Aspire and Dapr");
    // Not needed where servers are given: see docs/two-ways.md.
    string[] servers = ["ConnectionStrings__postgres", "ConnectionStrings__redis"];
    if (!servers.All(name => Environment.GetEnvironmentVariable(name) is { Length: > 0 }) && !Runs("docker", "ps") && !Runs("podman", "ps"))
        missing.Add("neither docker nor podman runs");
    if (!OnPath("dapr"))
        missing.Add("the dapr command is not on the PATH");
    var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
    if (!File.Exists(Path.Combine(home, ".dapr", "bin", OperatingSystem.IsWindows() ? "daprd.exe" : "daprd")))
        missing.Add("there is no daprd in ~/.dapr/bin (dapr init --slim)");
    if (!OnPath("python3") && !OnPath("python"))
        missing.Add("python3 is not on the PATH");
    return missing;
}

bool Runs(string program, string argument)
{
    if (!OnPath(program))
        return false;
    using var process = Process.Start(new ProcessStartInfo(program, argument) { RedirectStandardOutput = true, RedirectStandardError = true })!;
    if (process.WaitForExit(TimeSpan.FromSeconds(5)))
        return process.ExitCode == 0;
    process.Kill(entireProcessTree: true);
    return false;
}

bool OnPath(string program) =>
    (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Any(folder => File.Exists(Path.Combine(folder, program)) || File.Exists(Path.Combine(folder, program + ".exe")));

// Builds when a source has changed since the last time that this was built.
void Build(string target, string[] sources, string program)
{
    var stamp = Path.Combine(root, "obj", Path.GetFileNameWithoutExtension(target) + ".stamp");
    var now = Fingerprint(sources);
    if (File.Exists(program) && File.Exists(stamp) && File.ReadAllText(stamp) == now)
        return;
    var time = Stopwatch.StartNew();
    Console.WriteLine($"Building {Path.GetRelativePath(root, target)}.");
    var (exitCode, output) = Capture(["build", target, "-c", "Release", "-v", "q", "--nologo", "-clp:ErrorsOnly;NoSummary"]);
    if (exitCode != 0)
        throw new Refusal($"{string.Join(Environment.NewLine, output.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Distinct())}{Environment.NewLine}The build failed.", 1);
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Built in {time.Elapsed.TotalSeconds:0.0} s."));
    Directory.CreateDirectory(Path.GetDirectoryName(stamp)!);
    File.WriteAllText(stamp, now);
}

// Names, sizes and times of everything that goes into a build.
string Fingerprint(string[] sources)
{
    string[] kinds = [".cs", ".py", ".csproj", ".props", ".targets", ".sql", ".json", ".sln", ".yaml", ".html", ".editorconfig", ".config"];
    var below = sources.Select(s => new DirectoryInfo(Path.Combine(root, s))).Where(d => d.Exists).SelectMany(Files);
    var lines = new DirectoryInfo(root).EnumerateFiles().Where(f => f.Name != "mall.cs").Concat(below)
        .Where(f => kinds.Contains(f.Extension))
        .Select(f => string.Create(CultureInfo.InvariantCulture, $"{f.FullName} {f.Length} {f.LastWriteTimeUtc.Ticks}"))
        .Order(StringComparer.Ordinal);
    return Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', lines))));

    static IEnumerable<FileInfo> Files(DirectoryInfo folder) =>
        folder.Name is "bin" or "obj" ? [] : folder.EnumerateFiles().Concat(folder.EnumerateDirectories().SelectMany(Files));
}

string Program(params string[] folder) =>
    Path.Combine([root, .. folder, "bin", "Release", "net10.0", $"OrderMall.{Named(folder)}.dll"]);

string Named(string[] folder) => $"{char.ToUpperInvariant(folder[^1][0])}{folder[^1][1..]}";

(int ExitCode, string Output) Capture(string[] arguments)
{
    using var process = Process.Start(new ProcessStartInfo("dotnet", arguments) { WorkingDirectory = root, RedirectStandardOutput = true, RedirectStandardError = true })!;
    var errors = process.StandardError.ReadToEndAsync();
    var output = process.StandardOutput.ReadToEnd() + errors.Result;
    process.WaitForExit();
    return (process.ExitCode, output);
}

// Runs a program in this console until it ends. What asks this one to stop is passed on: it stops in its own order.
int Run(string[] arguments)
{
    using var process = Process.Start(new ProcessStartInfo("dotnet", arguments))!;
    using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => Pass(signal, 2));
    using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => Pass(signal, 15));
    process.WaitForExit();
    return process.ExitCode;

    void Pass(PosixSignalContext signal, int number)
    {
        signal.Cancel = true;
        if (!OperatingSystem.IsWindows()) // there the console tells every program in it
            _ = Native.Kill(process.Id, number);
    }
}

static int Say(string text, int exitCode)
{
    Console.WriteLine(text);
    return exitCode;
}

/// <summary>Ends the program with one message.</summary>
internal sealed class Refusal(string message, int exitCode) : Exception(message)
{
    public int ExitCode => exitCode;
}

/// <summary>One test's end, as the test platform wrote it down.</summary>
internal sealed record TestResult(string Name, string Outcome, string Message)
{
    public static IEnumerable<TestResult> Read(string file) =>
        from result in XDocument.Load(file).Descendants()
        where result.Name.LocalName == "UnitTestResult"
        let texts = result.Descendants().Where(e => e.Name.LocalName is "Message" or "StdOut").OrderBy(e => e.Name.LocalName).Select(e => e.Value.Trim())
        select new TestResult((string)result.Attribute("testName")!, (string)result.Attribute("outcome")!, texts.FirstOrDefault(t => t.Length > 0) ?? "");
}

internal static class Native
{
    [DllImport("libc", EntryPoint = "kill")]
    public static extern int Kill(int processId, int signal);
}
