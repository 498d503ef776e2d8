using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Npgsql;
using OrderMall.Contracts;
using OrderMall.Contracts.Events;
using OrderMall.Gateway;
using OrderMall.ServiceDefaults.Api;

namespace OrderMall.Services.Tests;

/// <summary>Who gives which roles to whom, for whom people act, and how soon it holds.</summary>
[Collection(DoorCollection.Name)]
public sealed class RolesTests(ServiceFixture fixture)
{
    private const string OperatorEmail = "boss@mall.test";
    private const string Book = "/api/store/orders";

    [Fact]
    public async Task An_empty_mall_has_its_first_operator_from_configuration_who_gives_all_other_roles()
    {
        await using var gateway = await StartAsync($"Operator:Email={OperatorEmail}");
        Assert.Contains(gateway.Logs.GetSnapshot(), log => log.Message.Contains("Whoever registers boss@mall.test first", StringComparison.Ordinal));
        var boss = await JoinAsync(gateway, " Boss@mall.test");
        Assert.Equal([Roles.Customer, Roles.Operator], boss.Roles);
        var other = await gateway.StartReplicaAsync();
        var seller = await JoinAsync(gateway);
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(gateway, seller, HttpMethod.Get, "/api/ops/accounts"));

        var given = await AskAsync(gateway, boss, HttpMethod.Put, $"/api/ops/accounts/{seller.Id}/roles", new { roles = new[] { "merchant", "customer" }, reason = "A good shop" });
        Assert.Equal(("customer,merchant", seller.Id, "owner"), (Text(given, "roles"), given.GetProperty("business").GetProperty("id").GetString(), given.GetProperty("business").GetProperty("role").GetString()));
        Assert.Equal($"{seller.Id} as customer,merchant", await SeenAsync(gateway, seller, Book)); // with the token of before
        await Eventually.BecomesAsync($"{seller.Id} as customer,merchant", () => SeenAsync(gateway, seller, Book, other));
        var fresh = seller with { Token = (await Accounts.SignInAsync(gateway.Internal, seller.Email)).AccessToken };

        await AskAsync(gateway, boss, HttpMethod.Put, $"/api/ops/accounts/{seller.Id}/roles", new { roles = new[] { "customer" } });
        Assert.Equal($"{seller.Id} as customer", await SeenAsync(gateway, fresh, Book));
        await Eventually.BecomesAsync($"{seller.Id} as customer", () => SeenAsync(gateway, fresh, Book, other));

        var changes = (await AskAsync(gateway, boss, HttpMethod.Get, $"/api/ops/accounts/changes?accountId={seller.Id}")).GetProperty("items").EnumerateArray().ToList();
        Assert.Equal(
            [($"{boss.Id} customer,merchant>customer", null), ($"{boss.Id} customer>customer,merchant", "A good shop")],
            changes.Select(change => ($"{change.GetProperty("changedBy").GetString()} {Text(change, "rolesBefore")}>{Text(change, "rolesAfter")}", change.GetProperty("reason").GetString())));
        var first = (await AskAsync(gateway, boss, HttpMethod.Get, "/api/ops/accounts/changes?limit=1&after=" + changes[^1].GetProperty("id").GetString())).GetProperty("items")[0];
        Assert.Equal((boss.Id, "configuration"), (first.GetProperty("accountId").GetString(), first.GetProperty("changedBy").GetString()));
    }

    [Fact]
    public async Task The_first_operator_is_made_once()
    {
        await using var gateway = await StartAsync();
        var early = await JoinAsync(gateway, OperatorEmail);
        Assert.Equal([Roles.Customer], early.Roles);
        var configured = await gateway.StartReplicaAsync($"Operator:Email={OperatorEmail}");
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(gateway, early, HttpMethod.Get, "/api/ops/accounts", at: configured));
        await gateway.StartReplicaAsync("Operator:Email=second@mall.test", "Operator:Password=Correct-horse-7");
        var second = await JoinAsync(gateway, "second@mall.test");
        Assert.Equal([Roles.Customer], second.Roles);
    }

    [Fact]
    public async Task Nobody_becomes_operator_by_taking_the_address_where_there_is_a_password()
    {
        await using var gateway = await StartAsync();
        var thief = await JoinAsync(gateway, OperatorEmail);
        await gateway.StartReplicaAsync($"Operator:Email={OperatorEmail}", "Operator:Password=Correct-horse-7");
        Assert.Contains(gateway.Logs.GetSnapshot(), log => log.Message.Contains("may be somebody else's", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(gateway, thief, HttpMethod.Get, "/api/ops/accounts"));

        await using var empty = await StartAsync($"Operator:Email={OperatorEmail}", "Operator:Password=Correct-horse-7");
        await Task.WhenAll(empty.StartReplicaAsync(), empty.StartReplicaAsync());
        using var late = await empty.Internal.PostAsJsonAsync("/api/account/register", new { email = OperatorEmail, password = Demo.Password, name = "Thief" });
        Assert.Equal(HttpStatusCode.Conflict, late.StatusCode);
        var boss = new Person("", OperatorEmail, (await Accounts.SignInAsync(empty.Internal, OperatorEmail, "Correct-horse-7")).AccessToken, []);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(empty, boss, HttpMethod.Get, "/api/ops/accounts"));
        foreach (var (wrong, named) in new[] { (new[] { "Operator:Email=nobody" }, "Operator:Email"), (["Operator:Password=Correct-horse-7"], "Operator:Email"), (["Operator:Email=a@b.test", "Operator:Password=weak"], "Operator:Password") })
        {
            await using var unused = new RunningService<GatewayService>(fixture) { Settings = wrong };
            Assert.Contains(named, (await Assert.ThrowsAsync<InvalidOperationException>(unused.InitializeAsync)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task There_is_always_an_operator()
    {
        await using var gateway = await StartAsync($"Operator:Email={OperatorEmail}");
        var boss = await JoinAsync(gateway, OperatorEmail);
        Assert.Equal("last-operator", await RefusalAsync(gateway, boss, HttpMethod.Put, $"/api/ops/accounts/{boss.Id}/roles", new { roles = new[] { "customer" } }));
        var second = await JoinAsync(gateway);
        await AskAsync(gateway, boss, HttpMethod.Put, $"/api/ops/accounts/{second.Id}/roles", new { roles = new[] { "operator" } });
        // Both at once take it from each other: one comes first.
        var answers = await Task.WhenAll(
            StatusAsync(gateway, boss, HttpMethod.Put, $"/api/ops/accounts/{second.Id}/roles", new { roles = Array.Empty<string>() }),
            StatusAsync(gateway, second, HttpMethod.Put, $"/api/ops/accounts/{boss.Id}/roles", new { roles = Array.Empty<string>() }));
        Assert.Contains(HttpStatusCode.OK, answers);
        Assert.Contains(answers, status => status is HttpStatusCode.Conflict or HttpStatusCode.Forbidden);
        Assert.Equal(1L, await ScalarAsync(gateway, "SELECT count(*) FROM account_role WHERE role_id = 'operator'"));
    }

    [Fact]
    public async Task A_business_is_of_several_people()
    {
        await using var gateway = await StartAsync($"Operator:Email={OperatorEmail}");
        var (boss, owner, clerk, stranger) = (await JoinAsync(gateway, OperatorEmail), await JoinAsync(gateway), await JoinAsync(gateway), await JoinAsync(gateway));
        await AskAsync(gateway, boss, HttpMethod.Put, $"/api/ops/accounts/{owner.Id}/roles", new { roles = new[] { "customer", "merchant" } });
        const string Members = "/api/account/business/members";
        Assert.Equal("not-found", await RefusalAsync(gateway, stranger, HttpMethod.Post, Members, new { email = clerk.Email, role = "staff" }));
        await AskAsync(gateway, owner, HttpMethod.Post, Members, new { email = clerk.Email, role = "staff" });
        Assert.Equal("already-member", await RefusalAsync(gateway, owner, HttpMethod.Post, Members, new { email = clerk.Email, role = "owner" }));
        Assert.Equal($"{clerk.Id} as customer", await SeenAsync(gateway, clerk, Book)); // nobody joins without having accepted
        var invitation = (await AskAsync(gateway, clerk, HttpMethod.Get, "/api/account/invitations")).GetProperty("items")[0];
        Assert.Equal((owner.Id, "staff"), (invitation.GetProperty("businessId").GetString(), invitation.GetProperty("role").GetString()));
        await AskAsync(gateway, clerk, HttpMethod.Post, $"/api/account/invitations/{owner.Id}/acceptance");

        Assert.Equal($"{owner.Id} as customer,merchant", await SeenAsync(gateway, clerk, Book));
        Assert.Equal($"{clerk.Id} as customer,merchant", await SeenAsync(gateway, clerk, "/api/orders")); // one's own orders stay one's own
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(gateway, clerk, HttpMethod.Post, "/api/offers", new { }));
        Assert.Equal("forbidden", await RefusalAsync(gateway, clerk, HttpMethod.Delete, $"{Members}/{owner.Id}"));
        Assert.Equal("business-role", await RefusalAsync(gateway, boss, HttpMethod.Put, $"/api/ops/accounts/{clerk.Id}/roles", new { roles = new[] { "customer" } }));

        await AskAsync(gateway, owner, HttpMethod.Put, $"{Members}/{clerk.Id}", new { role = "owner" });
        Assert.Equal($"{owner.Id} as customer,merchant", await SeenAsync(gateway, clerk, "/api/offers", verb: HttpMethod.Post));
        // The business is written to at the address of the one who began it: others cannot take it away, nor that one leave it behind.
        foreach (var member in new[] { owner, clerk })
        {
            Assert.Equal("founder", await RefusalAsync(gateway, member, HttpMethod.Delete, $"{Members}/{owner.Id}"));
            Assert.Equal("founder", await RefusalAsync(gateway, member, HttpMethod.Put, $"{Members}/{owner.Id}", new { role = "staff" }));
        }

        Assert.Equal("in-business", await InvitedElsewhereAsync());

        // What a business may do all in it may, and no longer.
        await AskAsync(gateway, clerk, HttpMethod.Post, Members, new { email = stranger.Email, role = "staff" });
        await AskAsync(gateway, stranger, HttpMethod.Post, $"/api/account/invitations/{owner.Id}/acceptance");
        await AskAsync(gateway, boss, HttpMethod.Put, $"/api/ops/accounts/{clerk.Id}/roles", new { roles = new[] { "customer", "publisher" } });
        Assert.Equal($"{owner.Id} as customer,publisher", await SeenAsync(gateway, stranger, Book));
        await AskAsync(gateway, stranger, HttpMethod.Delete, $"{Members}/{stranger.Id}");
        Assert.Equal($"{stranger.Id} as customer", await SeenAsync(gateway, stranger, Book));
        var left = (await AskAsync(gateway, boss, HttpMethod.Get, $"/api/ops/accounts/changes?accountId={stranger.Id}")).GetProperty("items").EnumerateArray().Select(change => change.GetProperty("what").GetString());
        Assert.Equal(["left", "roles", "joined"], left);

        async Task<string> InvitedElsewhereAsync()
        {
            var rival = await JoinAsync(gateway);
            await AskAsync(gateway, boss, HttpMethod.Put, $"/api/ops/accounts/{rival.Id}/roles", new { roles = new[] { "merchant" } });
            await AskAsync(gateway, rival, HttpMethod.Post, Members, new { email = clerk.Email, role = "owner" });
            var elsewhere = (await AskAsync(gateway, clerk, HttpMethod.Get, "/api/account/invitations")).GetProperty("items")[0].GetProperty("businessId").GetString();
            return await RefusalAsync(gateway, clerk, HttpMethod.Post, $"/api/account/invitations/{elsewhere}/acceptance");
        }
    }

    [Fact]
    public async Task People_apply_and_an_operator_decides()
    {
        await using var gateway = await StartAsync($"Operator:Email={OperatorEmail}");
        var (boss, person) = (await JoinAsync(gateway, OperatorEmail), await JoinAsync(gateway));
        const string Own = "/api/account/applications";
        var asked = await AskAsync(gateway, person, HttpMethod.Post, Own, new { role = "merchant", businessName = "Café", note = "Best coffee" });
        Assert.Equal("already-applied", await RefusalAsync(gateway, person, HttpMethod.Post, Own, new { role = "merchant" }));
        var courier = await AskAsync(gateway, person, HttpMethod.Post, Own, new { role = "courier" });
        var pending = (await AskAsync(gateway, boss, HttpMethod.Get, "/api/ops/applications?status=Pending")).GetProperty("items");
        Assert.Equal(["courier", "merchant"], pending.EnumerateArray().Select(application => application.GetProperty("role").GetString()));
        Assert.Equal(person.Email, pending[0].GetProperty("email").GetString());
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(gateway, person, HttpMethod.Post, $"/api/ops/applications/{Id(asked)}/approval"));

        var approved = await AskAsync(gateway, boss, HttpMethod.Post, $"/api/ops/applications/{Id(asked)}/approval");
        Assert.Equal("Approved", approved.GetProperty("status").GetString());
        Assert.Equal($"{person.Id} as customer,merchant", await SeenAsync(gateway, person, Book));
        Assert.Equal("Café", (await AskAsync(gateway, person, HttpMethod.Get, "/api/account/business")).GetProperty("name").GetString());
        Assert.Equal("role-held", await RefusalAsync(gateway, person, HttpMethod.Post, Own, new { role = "merchant" }));
        await AskAsync(gateway, boss, HttpMethod.Post, $"/api/ops/applications/{Id(courier)}/rejection", new { reason = "No bicycle" });
        Assert.Equal("application-status", await RefusalAsync(gateway, boss, HttpMethod.Post, $"/api/ops/applications/{Id(courier)}/approval"));
        var own = (await AskAsync(gateway, person, HttpMethod.Get, $"{Own}?limit=1")).GetProperty("items")[0];
        Assert.Equal(("Rejected", "No bicycle"), (own.GetProperty("status").GetString(), own.GetProperty("reason").GetString()));
        var again = await AskAsync(gateway, person, HttpMethod.Post, Own, new { role = "courier" });
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(gateway, boss, HttpMethod.Delete, $"{Own}/{Id(again)}"));
        Assert.Equal(HttpStatusCode.NoContent, await StatusAsync(gateway, person, HttpMethod.Delete, $"{Own}/{Id(again)}"));
    }

    [Fact]
    public async Task What_is_wrong_is_named()
    {
        await using var gateway = await StartAsync($"Operator:Email={OperatorEmail}");
        var boss = await JoinAsync(gateway, OperatorEmail);
        foreach (var (verb, path, body, field) in new (HttpMethod, string, object?, string)[]
        {
            (HttpMethod.Get, "/api/ops/accounts?role=king", null, "role"), (HttpMethod.Get, "/api/ops/accounts?limit=0", null, "limit"), (HttpMethod.Get, "/api/ops/accounts?after=nobody", null, "after"),
            (HttpMethod.Get, "/api/ops/accounts?q=%00", null, "q"), (HttpMethod.Put, $"/api/ops/accounts/{boss.Id}/roles", new { roles = new[] { "king" } }, "roles"), (HttpMethod.Put, $"/api/ops/accounts/{boss.Id}/roles", new { }, "roles"),
            (HttpMethod.Get, "/api/ops/applications?status=0", null, "status"), (HttpMethod.Post, "/api/account/applications", new { role = "operator" }, "role"), (HttpMethod.Post, "/api/account/applications", new { }, "role"),
            (HttpMethod.Post, "/api/account/business/members", new { email = "x@y.test", role = "king" }, "role"), (HttpMethod.Post, "/api/account/business/members", new { role = "staff" }, "email"),
        })
        {
            using var answer = await Accounts.AskAsync(gateway.Internal, path, boss.Token, verb, body is null ? null : JsonContent.Create(body));
            var problem = await answer.Content.ReadFromJsonAsync<JsonElement>();
            Assert.True(answer.StatusCode == HttpStatusCode.BadRequest && problem.GetProperty("errors").TryGetProperty(field, out _), $"{verb} {path}: {problem}");
        }

        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(gateway, boss, HttpMethod.Put, "/api/ops/accounts/nobody/roles", new { roles = new[] { "courier" } }));
        var (one, two) = (await JoinAsync(gateway, "a_1@search.test"), await JoinAsync(gateway, "ab1@search.test"));
        Assert.Equal(one.Id, Assert.Single((await AskAsync(gateway, boss, HttpMethod.Get, "/api/ops/accounts?q=A_1")).GetProperty("items").EnumerateArray()).GetProperty("id").GetString());
        var first = await AskAsync(gateway, boss, HttpMethod.Get, "/api/ops/accounts?q=search.test&limit=1");
        var next = await AskAsync(gateway, boss, HttpMethod.Get, $"/api/ops/accounts?q=search.test&limit=1&after={first.GetProperty("next").GetString()}");
        Assert.Equal([two.Id, one.Id], new[] { first, next }.Select(page => page.GetProperty("items")[0].GetProperty("id").GetString()));
        Assert.Equal(JsonValueKind.Null, next.GetProperty("next").ValueKind);
    }

    [Fact]
    public async Task Whoever_sold_before_has_a_business_when_the_database_is_brought_up_to_date()
    {
        await using var gateway = await StartAsync();
        var seller = await JoinAsync(gateway);
        await ScalarAsync(gateway, $"DROP TABLE business_member, business, account_change, role_application; DELETE FROM schema_migration WHERE name IN ('006_roles.sql', '007_selling.sql'); INSERT INTO account_role VALUES ('{seller.Id}', 'merchant')");
        var replica = await gateway.StartReplicaAsync();
        using var door = new HttpClient { BaseAddress = replica };
        var token = (await Accounts.SignInAsync(door, seller.Email)).AccessToken;
        using var business = await Accounts.AskAsync(door, "/api/account/business", token);
        Assert.Equal((seller.Id, "owner"), (await business.Content.ReadFromJsonAsync<JsonElement>()) is var one ? (one.GetProperty("id").GetString(), one.GetProperty("role").GetString()) : default);
    }

    [Fact]
    public async Task What_becomes_of_applications_and_roles_is_told_to_each_person_once_and_what_a_business_may_sell_to_who_sells_it()
    {
        await using var gateway = await StartAsync($"Operator:Email={OperatorEmail}");
        var (boss, owner, clerk) = (await JoinAsync(gateway, OperatorEmail), await JoinAsync(gateway), await JoinAsync(gateway));
        var refused = await AskAsync(gateway, owner, HttpMethod.Post, "/api/account/applications", new { role = "courier" });
        var granted = await AskAsync(gateway, owner, HttpMethod.Post, "/api/account/applications", new { role = "merchant" });
        for (var i = 0; i < 2; i++)
        {
            await AskAsync(gateway, boss, HttpMethod.Post, $"/api/ops/applications/{Id(refused)}/rejection", new { reason = "No bicycle" });
            await AskAsync(gateway, boss, HttpMethod.Post, $"/api/ops/applications/{Id(granted)}/approval");
        }

        await AskAsync(gateway, owner, HttpMethod.Post, "/api/account/business/members", new { email = clerk.Email, role = "staff" });
        await AskAsync(gateway, clerk, HttpMethod.Post, $"/api/account/invitations/{owner.Id}/acceptance");
        foreach (var roles in new[] { new[] { "customer", "reviewer" }, ["customer", "merchant", "reviewer"] })
            await AskAsync(gateway, boss, HttpMethod.Put, $"/api/ops/accounts/{owner.Id}/roles", new { roles });
        await Eventually.BecomesAsync<object?>(0L, () => ScalarAsync(gateway, "SELECT count(*) FROM outbox"));

        var told = gateway.Sidecar.Published.Where(e => e.Type != AccountEvent.Registered).ToList();
        Assert.Equal(
            [
                (AccountEvent.ApplicationRejected, "courier No bicycle"), (AccountEvent.ApplicationApproved, "merchant "),
                (AccountEvent.RolesChanged, "+reviewer -merchant"), (AccountEvent.RolesChanged, "+merchant -"),
            ],
            Of(owner).Select(e => (e.Type, e.Type == AccountEvent.RolesChanged ? $"+{Text(e.Data, "given")} -{Text(e.Data, "taken")}" : $"{e.Data.GetProperty("role")} {e.Data.GetProperty("reason")}")));
        // Who joined said so themselves, and works for the same business.
        Assert.Equal(["+ -merchant", "+merchant -"], Of(clerk).Select(e => $"+{Text(e.Data, "given")} -{Text(e.Data, "taken")}"));
        var rights = told.Where(e => e.Type == BusinessEvent.RightsChanged && e.Key == owner.Id).Select(e => e.Data.Deserialize<BusinessEvent>(RunningService<GatewayService>.Json)!).ToList();
        Assert.Equal([(2, false), (3, true)], rights.Select(e => (e.Version, e.Merchant.IsHeld)).OrderBy(e => e.Version).Select(e => ((int)e.Version, e.IsHeld)));
        Assert.All(rights, e => Assert.Equal(((DateTimeOffset?)e.At, new SellingRight(false, null)), (e.Merchant.Since, e.Publisher)));

        List<StubSidecar.PublishedEvent> Of(Person person) => [.. told.Where(e => e.Key == person.Id && e.Type != BusinessEvent.RightsChanged)];
    }

    [Fact]
    public async Task From_whom_a_role_was_taken_before_it_was_told_it_is_told_when_the_database_is_brought_up_to_date()
    {
        await using var gateway = await StartAsync($"Operator:Email={OperatorEmail}");
        var (boss, gone, back) = (await JoinAsync(gateway, OperatorEmail), await JoinAsync(gateway), await JoinAsync(gateway));
        foreach (var (person, then) in new[] { (gone, new[] { "customer" }), (back, ["customer", "merchant"]) })
        {
            foreach (var roles in new[] { new[] { "customer", "merchant" }, ["customer"], then })
                await AskAsync(gateway, boss, HttpMethod.Put, $"/api/ops/accounts/{person.Id}/roles", new { roles });
        }

        await Eventually.BecomesAsync<object?>(0L, () => ScalarAsync(gateway, "SELECT count(*) FROM outbox"));
        var before = gateway.Sidecar.Published.Count;
        await ScalarAsync(gateway, "ALTER TABLE business DROP COLUMN version, DROP COLUMN merchant_since, DROP COLUMN publisher_since; DELETE FROM schema_migration WHERE name = '007_selling.sql'");
        await gateway.StartReplicaAsync();
        await Eventually.BecomesAsync<object?>(0L, () => ScalarAsync(gateway, "SELECT count(*) FROM outbox"));
        var told = Assert.Single(gateway.Sidecar.Published.Skip(before));
        Assert.Equal((Topics.Sellers, BusinessEvent.RightsChanged, gone.Id), (told.Topic, told.Type, told.Key));
        var e = told.Data.Deserialize<BusinessEvent>(RunningService<GatewayService>.Json)!;
        Assert.Equal((2, false, true, new SellingRight(false, null)), (e.Version, e.Merchant.IsHeld, e.Merchant.Since is not null, e.Publisher));
    }

    [Fact]
    public async Task Event_streams_of_who_may_do_something_else_now_end()
    {
        await using var gateway = await StartAsync($"Operator:Email={OperatorEmail}");
        var (boss, person) = (await JoinAsync(gateway, OperatorEmail), await JoinAsync(gateway));
        gateway.Sidecar.Called[$"{AppIds.MyPage}/api/mypage/events"] = async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        };
        using var stream = await Accounts.AskAsync(gateway.Internal, "/api/mypage/events", person.Token);
        Assert.Equal(HttpStatusCode.OK, stream.StatusCode);
        var end = stream.Content.ReadAsStringAsync();
        await AskAsync(gateway, boss, HttpMethod.Put, $"/api/ops/accounts/{person.Id}/roles", new { roles = new[] { "courier" } });
        await end.WaitAsync(TimeSpan.FromSeconds(10));
    }

    private async Task<RunningService<GatewayService>> StartAsync(params IReadOnlyList<string> settings)
    {
        var gateway = new RunningService<GatewayService>(fixture) { Settings = settings };
        await gateway.InitializeAsync();
        foreach (var (app, path) in new[] { (AppIds.Store, Book), (AppIds.Ordering, "/api/orders"), (AppIds.Catalog, "/api/offers") })
            gateway.Sidecar.Called[app + path] = context => context.Response.WriteAsync($"{context.Request.Headers[GatewayIdentity.UserHeader]} as {context.Request.Headers[GatewayIdentity.RolesHeader]}");
        return gateway;
    }

    private static async Task<Person> JoinAsync(RunningService<GatewayService> gateway, string? email = null)
    {
        email ??= $"{Guid.NewGuid():N}@customer.test";
        using var response = await gateway.Internal.PostAsJsonAsync("/api/account/register", new { email, password = Demo.Password, name = "A person" });
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        var account = await response.Content.ReadFromJsonAsync<JsonElement>();
        return new Person(Id(account), email, (await Accounts.SignInAsync(gateway.Internal, email)).AccessToken, [.. account.GetProperty("roles").EnumerateArray().Select(role => role.GetString()!)]);
    }

    /// <returns>Who asks and as what, as the service behind the gateway is told.</returns>
    private static async Task<string> SeenAsync(RunningService<GatewayService> gateway, Person person, string path, Uri? at = null, HttpMethod? verb = null)
    {
        using var answer = await Accounts.AskAsync(gateway.Internal, new Uri(at ?? gateway.Internal.BaseAddress!, path).ToString(), person.Token, verb, verb == HttpMethod.Post ? JsonContent.Create(new { }) : null);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await answer.Content.ReadAsStringAsync();
    }

    private static Task<HttpStatusCode> StatusAsync(RunningService<GatewayService> gateway, Person person, HttpMethod verb, string path, object? body = null, Uri? at = null) =>
        Accounts.StatusAsync(gateway.Internal, new Uri(at ?? gateway.Internal.BaseAddress!, path).ToString(), person.Token, verb, body is null ? null : JsonContent.Create(body));

    private static async Task<JsonElement> AskAsync(RunningService<GatewayService> gateway, Person person, HttpMethod verb, string path, object? body = null)
    {
        using var answer = await Accounts.AskAsync(gateway.Internal, path, person.Token, verb, body is null ? null : JsonContent.Create(body));
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{verb} {path}: {(int)answer.StatusCode} {text}");
        return text == "" ? default : JsonDocument.Parse(text).RootElement;
    }

    /// <returns>The last part of the problem's type.</returns>
    private static async Task<string> RefusalAsync(RunningService<GatewayService> gateway, Person person, HttpMethod verb, string path, object? body = null)
    {
        using var answer = await Accounts.AskAsync(gateway.Internal, path, person.Token, verb, body is null ? null : JsonContent.Create(body));
        Assert.False(answer.IsSuccessStatusCode);
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("type").GetString()!.Split(':')[^1];
    }

    private static string Id(JsonElement made) => made.GetProperty("id").GetString()!;

    private static string Text(JsonElement of, string list) => string.Join(',', of.GetProperty(list).EnumerateArray().Select(item => item.GetString()));

    private static async Task<object?> ScalarAsync(RunningService<GatewayService> gateway, string sql)
    {
        await using var database = NpgsqlDataSource.Create(gateway.ConnectionString);
        await using var command = database.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }

    private sealed record Person(string Id, string Email, string Token, IReadOnlyList<string> Roles);
}
