using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Npgsql;
using OrderMall.Contracts;
using OrderMall.Contracts.Events;
using OrderMall.Gateway;

namespace OrderMall.Services.Tests;

/// <summary>The gateway says whom one can write to.</summary>
[Collection(DoorCollection.Name)]
public sealed class AccountTests(ServiceFixture fixture)
{
    [Fact]
    public async Task An_account_is_announced_once_it_is_opened()
    {
        await using var gateway = await StartAsync();
        var id = await RegisterAsync(gateway, "carol@mall.test", HttpStatusCode.Created);
        await RegisterAsync(gateway, "carol@mall.test", HttpStatusCode.Conflict);
        await OutboxIsEmptyAsync(gateway);
        var announced = Assert.Single(gateway.Sidecar.Published);
        Assert.Equal((Topics.Accounts, AccountEvent.Registered, id), (announced.Topic, announced.Type, announced.Key));
        var account = announced.Data.Deserialize<AccountEvent>(RunningService<GatewayService>.Json)!;
        Assert.Equal((id, "carol@mall.test", "Carol 김"), (account.AccountId, account.Email, account.Name));
    }

    [Fact]
    public async Task An_address_is_the_same_however_it_is_typed()
    {
        await using var gateway = await StartAsync();
        await RegisterAsync(gateway, "cafe\u0301@mall.test", HttpStatusCode.Created);
        await RegisterAsync(gateway, " caf\u00E9@mall.test", HttpStatusCode.Conflict);
        foreach (var typed in new[] { "cafe\u0301@mall.test", "caf\u00E9@mall.test", " caf\u00E9@mall.test " })
            await Accounts.SignInAsync(gateway.Internal, typed);

        // One of the time before, after its migration; another that would have the same address stays as it is.
        await RegisterAsync(gateway, "nai\u0308ve@mall.test", HttpStatusCode.Created);
        await ExecuteAsync(gateway, "UPDATE account SET email = normalize(email, NFD), normalized_email = normalize(normalized_email, NFD), normalized_user_name = normalize(normalized_user_name, NFD)");
        await RegisterAsync(gateway, "caf\u00E9@mall.test", HttpStatusCode.Created);
        await ExecuteAsync(gateway, "DELETE FROM schema_migration WHERE name = '004_texts.sql'");
        await gateway.StartReplicaAsync();
        await Accounts.SignInAsync(gateway.Internal, "na\u00EFve@mall.test");
        await Accounts.SignInAsync(gateway.Internal, "caf\u00E9@mall.test");
    }

    [Fact]
    public async Task Demo_accounts_are_announced_once_however_many_replicas_start()
    {
        await using var gateway = await StartAsync("Mall:Demo=true");
        await Task.WhenAll(gateway.StartReplicaAsync(), gateway.StartReplicaAsync());
        await OutboxIsEmptyAsync(gateway);
        Assert.Equal(Demo.Accounts.Select(account => account.Id).Order(), gateway.Sidecar.Published.Select(e => e.Key).Order());
        Assert.All(gateway.Sidecar.Published, e => Assert.EndsWith("@mall.test", e.Data.GetProperty("email").GetString(), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("ko-KR, en;q=0.5, fr;q=0, de;q=0.8, *;q=0.1, ko;q=0.3", "ko,de,en")]
    [InlineData("not a language", "")]
    public async Task The_languages_of_the_browser_are_announced_with_the_account(string asked, string announced)
    {
        await using var gateway = await StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/account/register") { Content = JsonContent.Create(new { email = "reader@mall.test", password = Demo.Password, name = "Reader" }) };
        request.Headers.TryAddWithoutValidation("Accept-Language", asked);
        using var answer = await gateway.Internal.SendAsync(request);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        await OutboxIsEmptyAsync(gateway);
        Assert.Equal(announced, string.Join(',', Assert.Single(gateway.Sidecar.Published).Data.Deserialize<AccountEvent>(RunningService<GatewayService>.Json)!.Languages ?? []));
    }

    [Fact]
    public async Task Accounts_of_before_are_announced_when_the_database_is_brought_up_to_date()
    {
        await using var gateway = await StartAsync();
        var id = await RegisterAsync(gateway, "early@mall.test", HttpStatusCode.Created);
        await OutboxIsEmptyAsync(gateway);
        await ExecuteAsync(gateway, "DELETE FROM schema_migration WHERE name = '002_announced_accounts.sql'");
        await gateway.StartReplicaAsync();
        await OutboxIsEmptyAsync(gateway);
        Assert.Equal(2, gateway.Sidecar.Published.Count);
        var (first, again) = (gateway.Sidecar.Published.First(), gateway.Sidecar.Published.Last());
        Assert.NotEqual(first.Id, again.Id);
        Assert.Equal((Topics.Accounts, AccountEvent.Registered, id), (again.Topic, again.Type, again.Key));
        var account = again.Data.Deserialize<AccountEvent>(RunningService<GatewayService>.Json)!;
        Assert.Equal(first.Data.Deserialize<AccountEvent>(RunningService<GatewayService>.Json)! with { At = account.At }, account);
        Assert.InRange(account.At, DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddMinutes(1));
    }

    [Fact]
    public async Task Where_there_is_no_demo_any_more_nobody_is_let_in_as_one_of_its_accounts()
    {
        await using var gateway = await StartAsync("Mall:Demo=true");
        gateway.Sidecar.Called[$"{AppIds.Operations}/api/ops/audit"] = context => Microsoft.AspNetCore.Http.HttpResponseWritingExtensions.WriteAsync(context.Response, "{}");
        var tokens = await Accounts.SignInAsync(gateway.Internal, "operator@mall.test");
        Assert.Equal(HttpStatusCode.OK, await Accounts.StatusAsync(gateway.Internal, "/api/ops/audit", tokens.AccessToken));
        var stranger = await Accounts.RegisterAsync(gateway.Internal);

        var locked = await gateway.StartReplicaAsync("Mall:Demo=false");
        Assert.Contains(gateway.Logs.GetSnapshot(), log => log.Message.Contains($"{Demo.Accounts.Count} accounts", StringComparison.Ordinal) && log.Message.Contains("locked", StringComparison.Ordinal));
        using var door = new HttpClient { BaseAddress = locked };
        foreach (var (name, _, _) in Demo.Accounts)
            Assert.Equal((HttpStatusCode.Unauthorized, ""), await SignInAsync(door, $"{name}@mall.test"));
        Assert.Equal(HttpStatusCode.Unauthorized, await Accounts.StatusAsync(door, "/api/ops/audit", tokens.AccessToken));
        using (var refreshed = await door.PostAsJsonAsync("/api/account/refresh", new { tokens.RefreshToken }))
            Assert.Equal(HttpStatusCode.Unauthorized, refreshed.StatusCode);
        await Accounts.SignInAsync(door, stranger);

        var open = await gateway.StartReplicaAsync("Mall:Demo=true");
        using var again = new HttpClient { BaseAddress = open };
        await Accounts.SignInAsync(again, "operator@mall.test");

        // As where the password is wrong: nothing more is told of them.
        async Task<(HttpStatusCode, string)> SignInAsync(HttpClient at, string email)
        {
            var said = new List<string>();
            var status = default(HttpStatusCode);
            foreach (var who in new[] { email, $"{Guid.NewGuid():N}@mall.test" })
            {
                using var answer = await at.PostAsJsonAsync("/api/account/login", new { email = who, password = Demo.Password });
                status = answer.StatusCode;
                said.Add((await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("detail").GetString()!);
            }

            return (status, said[0] == said[1] ? "" : said[0]);
        }
    }

    private async Task<RunningService<GatewayService>> StartAsync(params IReadOnlyList<string> settings)
    {
        var gateway = new RunningService<GatewayService>(fixture) { Settings = settings };
        await gateway.InitializeAsync();
        return gateway;
    }

    private static async Task<string> RegisterAsync(RunningService<GatewayService> gateway, string email, HttpStatusCode expected)
    {
        using var response = await gateway.Internal.PostAsJsonAsync("/api/account/register", new { email, password = Demo.Password, name = "Carol 김" });
        Assert.Equal(expected, response.StatusCode);
        var answer = await response.Content.ReadFromJsonAsync<JsonElement>();
        return answer.TryGetProperty("id", out var id) ? id.GetString()! : "";
    }

    private static Task OutboxIsEmptyAsync(RunningService<GatewayService> gateway) =>
        Eventually.BecomesAsync(0L, async () => (long)(await ExecuteAsync(gateway, "SELECT count(*) FROM outbox"))!);

    private static async Task<object?> ExecuteAsync(RunningService<GatewayService> gateway, string sql)
    {
        await using var database = NpgsqlDataSource.Create(gateway.ConnectionString);
        await using var command = database.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }
}
