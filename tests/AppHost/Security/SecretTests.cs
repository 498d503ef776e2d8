using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.RegularExpressions;
using Npgsql;

namespace OrderMall.AppHost.Tests.Security;

/// <summary>
/// What must stay secret is nowhere else: not in logs, traces, metrics, answers, or the arguments of processes, whatever goes right
/// or wrong. The password of the demo is public.
/// </summary>
[Collection(ObservedCollection.Name)]
public sealed partial class SecretTests(ObservedAppHost mall)
{
    private const string WrongPassword = "Wrong-horse-battery-8";
    private const string RefusedPassword = "onlylowercaseletters";
    private const string Refused = "password authentication failed";
    private const string InTheQuery = "asked-for-in-the-query";
    private const string InTheHeader = "dXNlcjpzaG93bi1pbi10aGUtaGVhZGVy";

    private readonly Dictionary<string, string> _secrets = new()
    {
        ["a wrong password"] = WrongPassword, ["a refused password"] = RefusedPassword, ["a query string"] = InTheQuery, ["an Authorization header"] = InTheHeader,
    };

    private readonly List<Answer> _answers = [];

    private string ServerLog => Path.Combine(mall.Data, "postgres", "server.log");

    [LinuxFact]
    public async Task No_secret_is_told_and_what_holds_secrets_is_for_its_owner_only()
    {
        var processes = mall.Mall.ProcessIds();
        var commands = string.Join('\n', processes.Select(MallProcesses.CommandLine));
        TakeTokens(processes);
        AreForTheirOwner(mall.Data);
        await LiveAsync();
        await BreakConnectionsAsync(await mall.Mall.ConnectionStringAsync("ordering"));
        var op = await mall.OperatorAsync();
        await op.FindsAllInOrderAsync(TimeSpan.FromMinutes(1));

        var told = new Dictionary<string, string>
        {
            ["the arguments of processes"] = commands,
            ["answers"] = string.Join('\n', _answers.Select(answer => $"{string.Join('\n', answer.Headers)}\n{answer.Text}")),
            ["server.log"] = await File.ReadAllTextAsync(ServerLog),
        };
        foreach (var (name, lines) in await mall.Mall.LogsAsync())
            told[$"{name}.log"] = string.Join('\n', lines);
        foreach (var signal in mall.Collector.Taken.GroupBy(taken => taken.Path))
            told[signal.Key] = string.Join('\n', signal.Select(taken => Encoding.Latin1.GetString(taken.Body)));

        // Whoever finds nothing may have looked nowhere.
        Assert.Contains("OrderMall.Payment", told["the arguments of processes"], StringComparison.Ordinal);
        Assert.Contains("ordering did not answer", told["gateway.log"], StringComparison.Ordinal);
        Assert.Contains("ordering did not answer", told["/v1/logs"], StringComparison.Ordinal);
        Assert.Contains("/api/orders", told["/v1/traces"], StringComparison.Ordinal);
        Assert.Contains("http.server", told["/v1/metrics"], StringComparison.Ordinal);
        Assert.Contains(Refused, string.Concat(told.Values), StringComparison.Ordinal);
        Assert.True(_secrets.Count > 30, $"Only {_secrets.Count} secrets are known.");
        var found = told.SelectMany(place => _secrets.Where(secret => place.Value.Contains(secret.Value, StringComparison.OrdinalIgnoreCase)).Select(secret => $"{secret.Key} is in {place.Key}: {Around(place.Value, secret.Value)}"));
        Assert.Empty(found);
    }

    // Nobody else comes to what the mall writes: to no file by a way that is open to others, and its own are closed wherever they are.
    private static void AreForTheirOwner(string folder)
    {
        if (OperatingSystem.IsWindows())
            return; // where it is skipped, as the compiler cannot know
        const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;
        // The folder itself is the person's: theirs to open or close.
        var (files, open) = (0, new List<string>());
        foreach (var entry in new DirectoryInfo(folder).EnumerateFileSystemInfos("*", SearchOption.AllDirectories))
        {
            files++;
            // A socket is guarded by its folder; what is gone by now has no mode.
            if (entry.UnixFileMode is var mode && (int)mode != -1 && (mode & Others) != 0 && !entry.Name.StartsWith(".s.PGSQL.", StringComparison.Ordinal))
                open.Add($"{entry.FullName}: {mode}");
        }

        Assert.True(files > 500, $"Only {files} files were found.");
        Assert.Empty(open);
    }

    private void TakeTokens(IReadOnlyList<int> processes)
    {
        foreach (var (name, value) in processes.SelectMany(MallProcesses.Environment).Where(variable => variable.Value.Length > 0))
        {
            if (name.EndsWith("_API_TOKEN", StringComparison.Ordinal))
                _secrets.TryAdd($"{name} {value[..4]}", value);
            else if (name.StartsWith("ConnectionStrings__", StringComparison.Ordinal))
                _secrets.TryAdd($"the password of {name}", PasswordOf(value));
        }
    }

    private async Task LiveAsync()
    {
        var anyone = mall.Anyone;
        var email = $"{Guid.NewGuid():N}@customer.test";
        const string Password = "Correct-horse-77";
        _secrets["a password"] = Password;
        await SayAsync(anyone.PostAsync("/api/account/register", new { email, password = RefusedPassword, name = "A customer" }));
        await SayAsync(anyone.PostAsync("/api/account/register", new { email, password = Password, name = "A customer" }));
        await SayAsync(anyone.PostAsync("/api/account/register", new { email, password = Password, name = "A customer" }));
        await SayAsync(anyone.PostAsync("/api/account/login", new { email, password = WrongPassword }));
        await SayAsync(anyone.PostAsync("/api/account/login", new { email, password = new[] { WrongPassword } }));
        var signedIn = (await anyone.PostAsync("/api/account/login", new { email, password = Password })).Is(HttpStatusCode.OK);
        var refreshed = (await anyone.PostAsync("/api/account/refresh", new { refreshToken = signedIn["refreshToken"] })).Is(HttpStatusCode.OK);
        foreach (var (answer, which) in new[] { (signedIn, "first"), (refreshed, "second") })
        {
            _secrets[$"the {which} access token"] = answer["accessToken"]!;
            _secrets[$"the {which} refresh token"] = answer["refreshToken"]!;
        }

        await SayAsync(anyone.PostAsync("/api/account/refresh", new { refreshToken = refreshed["accessToken"] }));
        await SayAsync(anyone.SendAsync(HttpMethod.Get, "/api/orders/1", null, ("Authorization", $"Basic {InTheHeader}")));

        var customer = anyone.WithToken(refreshed["accessToken"]);
        var (op, shop) = (await mall.OperatorAsync(), await mall.BookshopAsync());
        foreach (var (person, who) in new[] { ((Person)op, "operator"), (shop, "bookshop") })
            _secrets[$"the token of the {who}"] = person.AccessToken!;
        var offer = await shop.SellBookAsync();
        var order = new { offerId = offer, quantity = 1, destination = "Seoul", paymentMethod = "card_ok" };
        await SayAsync(customer.PostAsync("/api/orders", order));
        await SayAsync(customer.GetAsync($"/api/orders/1?access_token={InTheQuery}"));
        await SayAsync(customer.GetAsync($"/api/offers?q={InTheQuery}&limit=5"));
        await SayAsync(anyone.GetAsync($"/api/nothing?password={InTheQuery}"));
        using (var broken = new StringContent($"{{\"refreshToken\": \"{refreshed["refreshToken"]}", new MediaTypeHeaderValue("application/json")))
            await SayAsync(anyone.SendAsync(HttpMethod.Post, "/api/account/refresh", broken));

        await using (await op.StopAsync("payment"))
        {
            for (var time = 0; time < 4; time++)
                await SayAsync(customer.PostAsync("/api/orders", order));
            await SayAsync(customer.PostAsync("/api/orders", order, ("Prefer", "respond-async")));
        }

        await using (await op.StopAsync("ordering"))
            await SayAsync(customer.PostAsync($"/api/orders?access_token={InTheQuery}", order));
        await SayAsync(op.GetAsync("/api/ops/audit"));
    }

    // Everybody's connection is gone, and for a moment nobody's password is right.
    private async Task BreakConnectionsAsync(string given)
    {
        await using var database = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(given) { Database = "postgres", Pooling = true, MaxPoolSize = 1 }.ConnectionString);
        var user = new NpgsqlConnectionStringBuilder(given).Username;
        await using var own = await database.OpenConnectionAsync();
        await RunAsync($"ALTER ROLE \"{user}\" PASSWORD '{Guid.NewGuid():N}'");
        await RunAsync("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'");
        await Eventually.Is(true, async () => (await File.ReadAllTextAsync(ServerLog)).Contains(Refused, StringComparison.Ordinal));
        await RunAsync($"ALTER ROLE \"{user}\" PASSWORD '{PasswordOf(given)}'");

        async Task RunAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, own);
            await command.ExecuteNonQueryAsync();
        }
    }

    private async Task SayAsync(Task<Answer> answer) => _answers.Add(await answer);

    private static string PasswordOf(string connectionString) => new NpgsqlConnectionStringBuilder(connectionString).Password!;

    private static string Around(string text, string secret)
    {
        var at = text.IndexOf(secret, StringComparison.OrdinalIgnoreCase);
        return Unprintable().Replace(text[Math.Max(0, at - 150)..Math.Min(text.Length, at + 20)], ".");
    }

    [GeneratedRegex("[^ -~]+")]
    private static partial Regex Unprintable();
}
