using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Npgsql;
using OrderMall.Contracts;
using OrderMall.Gateway;
using OrderMall.Gateway.Accounts;

namespace OrderMall.Services.Tests;

/// <summary>A token is good for its time, in its mall, for what it is, and as it was given.</summary>
[Collection(DoorCollection.Name)]
public sealed class TokensTests(ServiceFixture fixture, RunningService<GatewayService> gateway) : IClassFixture<RunningService<GatewayService>>, IAsyncLifetime
{
    private const string Own = "/api/orders/mine";
    private readonly string _email = $"{Guid.NewGuid():N}@mall.test";

    public async Task InitializeAsync()
    {
        gateway.Sidecar.Called[$"{AppIds.Ordering}{Own}"] = context => context.Response.WriteAsync("mine");
        await RegisterAsync(gateway.Internal);
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task An_access_token_is_refused_after_its_time_and_replaced_by_refreshing()
    {
        var hasty = await gateway.StartReplicaAsync("Account:AccessTokenLife=00:00:01");
        var shortLived = await SignInAsync(gateway.Internal, hasty);
        Assert.Equal(("Bearer", 1), (shortLived.TokenType, shortLived.ExpiresIn));
        await Eventually.BecomesAsync(HttpStatusCode.Unauthorized, () => ShowAsync(shortLived.AccessToken));

        var fresh = await RefreshedAsync(shortLived.RefreshToken);
        Assert.Equal(3600, fresh.ExpiresIn);
        Assert.Equal(HttpStatusCode.OK, await ShowAsync(fresh.AccessToken));
        Assert.Equal(HttpStatusCode.Unauthorized, await ShowAsync(shortLived.AccessToken));
        await gateway.StopReplicaAsync(hasty);
    }

    [Fact]
    public async Task A_refresh_token_is_refused_after_its_time()
    {
        var hasty = await gateway.StartReplicaAsync("Account:RefreshTokenLife=00:00:01");
        var tokens = await SignInAsync(gateway.Internal, hasty);
        await Eventually.BecomesAsync(HttpStatusCode.Unauthorized, () => RefreshAsync(tokens.RefreshToken));
        Assert.Equal(HttpStatusCode.OK, await ShowAsync(tokens.AccessToken));
        await gateway.StopReplicaAsync(hasty);
    }

    [Theory]
    [InlineData("UPDATE account SET security_stamp = gen_random_uuid()::text WHERE email = $1")] // as a change of the password does
    [InlineData("WITH gone AS (DELETE FROM account_role USING account WHERE account.id = user_id AND email = $1) DELETE FROM account WHERE email = $1")]
    public async Task A_refresh_token_is_refused_once_its_account_has_changed(string change)
    {
        var tokens = await SignInAsync(gateway.Internal);
        tokens = await RefreshedAsync(tokens.RefreshToken);
        await ExecuteAsync(change);
        Assert.Equal(HttpStatusCode.Unauthorized, await RefreshAsync(tokens.RefreshToken));
    }

    [Fact]
    public async Task A_refresh_token_works_once_and_used_again_it_ends_its_session_and_no_other()
    {
        var (stolen, elsewhere) = (await SignInAsync(gateway.Internal), await SignInAsync(gateway.Internal));
        var next = await RefreshedAsync(stolen.RefreshToken);
        next = await RefreshedAsync(next.RefreshToken);
        Assert.Equal(HttpStatusCode.Unauthorized, await RefreshAsync(stolen.RefreshToken));
        // Whoever has the newest cannot go on either: nobody knows which of the two is the thief.
        Assert.Equal(HttpStatusCode.Unauthorized, await RefreshAsync(next.RefreshToken));
        Assert.Equal(HttpStatusCode.OK, await RefreshAsync(elsewhere.RefreshToken));
        Assert.Contains(gateway.Logs.GetSnapshot(), log => log.Message.Contains("was used again", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Of_many_who_refresh_with_the_same_token_at_once_one_at_most_is_served()
    {
        var tokens = await SignInAsync(gateway.Internal);
        var other = await gateway.StartReplicaAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => RefreshAsync(tokens.RefreshToken, i % 2 == 0 ? other : null)));
        Assert.Equal((1, 9), (answers.Count(status => status == HttpStatusCode.OK), answers.Count(status => status == HttpStatusCode.Unauthorized)));
        await gateway.StopReplicaAsync(other);
    }

    [Fact]
    public async Task Who_signs_out_cannot_refresh_and_elsewhere_stays_signed_in()
    {
        var (here, elsewhere) = (await SignInAsync(gateway.Internal), await SignInAsync(gateway.Internal));
        here = await RefreshedAsync(here.RefreshToken);
        Assert.Equal(HttpStatusCode.Unauthorized, await Accounts.StatusAsync(gateway.Internal, "/api/account/logout", null, HttpMethod.Post));
        for (var time = 0; time < 2; time++)
            Assert.Equal(HttpStatusCode.NoContent, await Accounts.StatusAsync(gateway.Internal, "/api/account/logout", here.AccessToken, HttpMethod.Post));
        Assert.Equal(HttpStatusCode.Unauthorized, await RefreshAsync(here.RefreshToken));
        Assert.Equal(HttpStatusCode.OK, await RefreshAsync(elsewhere.RefreshToken));
    }

    [Fact]
    public async Task Who_signs_out_everywhere_cannot_refresh_anywhere_and_nobody_else_is_signed_out()
    {
        var (here, elsewhere) = (await SignInAsync(gateway.Internal), await SignInAsync(gateway.Internal));
        var other = await Accounts.SignInAsync(gateway);
        Assert.Equal(HttpStatusCode.NoContent, await SignOutAsync(new { everywhere = false }));
        here = await SignInAsync(gateway.Internal);
        elsewhere = await RefreshedAsync(elsewhere.RefreshToken);
        Assert.Equal(HttpStatusCode.NoContent, await SignOutAsync(new { everywhere = true }));
        foreach (var session in new[] { here, elsewhere })
            Assert.Equal(HttpStatusCode.Unauthorized, await RefreshAsync(session.RefreshToken));
        Assert.Equal(HttpStatusCode.OK, await RefreshAsync(other.RefreshToken));

        Task<HttpStatusCode> SignOutAsync(object body) =>
            Accounts.StatusAsync(gateway.Internal, "/api/account/logout", here.AccessToken, HttpMethod.Post, JsonContent.Create(body));
    }

    [Fact]
    public async Task A_changed_password_is_the_only_one_and_ends_every_session()
    {
        const string Next = "Correct-horse-8";
        var (here, elsewhere) = (await SignInAsync(gateway.Internal), await SignInAsync(gateway.Internal));
        Assert.Equal(HttpStatusCode.Unauthorized, await ChangeAsync(null, Demo.Password, Next));
        Assert.Equal(HttpStatusCode.Unauthorized, await ChangeAsync(here.AccessToken, "Wrong-pass-1", Next));
        using (var weak = await Accounts.AskAsync(gateway.Internal, "/api/account/password", here.AccessToken, HttpMethod.Post, JsonContent.Create(new { current = Demo.Password, @new = "weak" })))
        {
            Assert.Equal(HttpStatusCode.BadRequest, weak.StatusCode);
            Assert.Equal("new", Assert.Single((await weak.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors").EnumerateObject()).Name);
        }

        Assert.Equal(HttpStatusCode.NoContent, await ChangeAsync(here.AccessToken, Demo.Password, Next));
        foreach (var session in new[] { here, elsewhere })
            Assert.Equal(HttpStatusCode.Unauthorized, await RefreshAsync(session.RefreshToken));
        using (var old = await gateway.Internal.PostAsJsonAsync("/api/account/login", new { email = _email, password = Demo.Password }))
            Assert.Equal(HttpStatusCode.Unauthorized, old.StatusCode);
        Assert.Equal(HttpStatusCode.OK, await RefreshAsync((await Accounts.SignInAsync(gateway.Internal, _email, Next)).RefreshToken));

        Task<HttpStatusCode> ChangeAsync(string? token, string current, string next) =>
            Accounts.StatusAsync(gateway.Internal, "/api/account/password", token, HttpMethod.Post, JsonContent.Create(new { current, @new = next }));
    }

    [Fact]
    public async Task Guessing_at_the_password_to_change_it_comes_to_an_end()
    {
        var token = (await SignInAsync(gateway.Internal)).AccessToken;
        var last = HttpStatusCode.OK;
        for (var guess = 0; guess <= 10; guess++)
            last = await Accounts.StatusAsync(gateway.Internal, "/api/account/password", token, HttpMethod.Post, JsonContent.Create(new { current = "Wrong-pass-1", @new = "Correct-horse-8" }));
        Assert.Equal(HttpStatusCode.TooManyRequests, last);
    }

    [Fact]
    public async Task A_role_that_was_taken_away_or_given_is_gone_or_there_from_the_next_refresh_on()
    {
        gateway.Sidecar.Called[$"{AppIds.Operations}/api/ops/audit"] = context => context.Response.WriteAsync("{}");
        var tokens = await SignInAsync(gateway.Internal);
        Assert.Equal(HttpStatusCode.Forbidden, await Accounts.StatusAsync(gateway.Internal, "/api/ops/audit", tokens.AccessToken));
        await ExecuteAsync("INSERT INTO account_role SELECT id, 'operator' FROM account WHERE email = $1");
        tokens = await RefreshedAsync(tokens.RefreshToken);
        Assert.Equal(HttpStatusCode.OK, await Accounts.StatusAsync(gateway.Internal, "/api/ops/audit", tokens.AccessToken));
        await ExecuteAsync("DELETE FROM account_role USING account WHERE account.id = user_id AND role_id = 'operator' AND email = $1");
        tokens = await RefreshedAsync(tokens.RefreshToken);
        Assert.Equal(HttpStatusCode.Forbidden, await Accounts.StatusAsync(gateway.Internal, "/api/ops/audit", tokens.AccessToken));
    }

    [Fact]
    public async Task An_account_has_so_many_sessions_and_the_newest_stay()
    {
        var first = await SignInAsync(gateway.Internal);
        await ExecuteAsync($"INSERT INTO session SELECT gen_random_uuid(), id, gen_random_uuid(), now() + interval '1 hour' FROM account, generate_series(1, {2 * Sessions.Most}) WHERE email = $1");
        var signedIn = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => SignInAsync(gateway.Internal)));
        Assert.Equal((long)Sessions.Most, await ExecuteAsync("SELECT count(*) FROM session JOIN account ON account.id = account_id WHERE email = $1"));
        foreach (var session in signedIn.Append(first))
            Assert.Equal(HttpStatusCode.OK, await RefreshAsync(session.RefreshToken));
    }

    [Fact]
    public async Task Sessions_that_have_run_out_are_deleted_and_no_others()
    {
        var signedIn = await SignInAsync(gateway.Internal);
        await ExecuteAsync("INSERT INTO session SELECT gen_random_uuid(), id, gen_random_uuid(), now() - interval '1 minute' FROM account WHERE email = $1");
        var replica = await gateway.StartReplicaAsync();
        await Eventually.BecomesAsync<object?>(0L, async () => await ExecuteAsync("SELECT count(*) FROM session JOIN account ON account.id = account_id WHERE email = $1 AND expires_at < now()"));
        await gateway.StopReplicaAsync(replica);
        Assert.Equal(HttpStatusCode.OK, await RefreshAsync(signedIn.RefreshToken));
    }

    [Fact]
    public async Task Tokens_of_another_mall_are_refused()
    {
        await using var elsewhere = new RunningService<GatewayService>(fixture);
        await elsewhere.InitializeAsync();
        await RegisterAsync(elsewhere.Internal);
        var tokens = await SignInAsync(elsewhere.Internal);
        Assert.Equal(HttpStatusCode.Unauthorized, await ShowAsync(tokens.AccessToken));
        Assert.Equal(HttpStatusCode.Unauthorized, await RefreshAsync(tokens.RefreshToken));
    }

    [Fact]
    public async Task A_token_is_no_other_and_nothing_of_it_can_be_changed()
    {
        var tokens = await SignInAsync(gateway.Internal);
        Assert.Equal(HttpStatusCode.Unauthorized, await ShowAsync(tokens.RefreshToken));
        Assert.Equal(HttpStatusCode.Unauthorized, await RefreshAsync(tokens.AccessToken));
        var token = tokens.AccessToken;
        // Not the very last character: of that some bits say nothing.
        for (var at = 0; at < token.Length - 1; at += token.Length / 40)
            Assert.Equal(HttpStatusCode.Unauthorized, await ShowAsync($"{token[..at]}{(token[at] == 'A' ? 'B' : 'A')}{token[(at + 1)..]}"));
        foreach (var broken in new[] { "", "x", token[..(token.Length / 2)], token + token, "eyJhbGciOiJub25lIn0.eyJzdWIiOiJvcGVyYXRvciJ9." })
            Assert.Equal(HttpStatusCode.Unauthorized, await ShowAsync(broken));
        using var inTheAddress = await gateway.Internal.GetAsync($"{Own}?access_token={Uri.EscapeDataString(token)}");
        Assert.Equal(HttpStatusCode.Unauthorized, inTheAddress.StatusCode);
    }

    [Theory]
    [InlineData("Account:AccessTokenLife=soon")]
    [InlineData("Account:RefreshTokenLife=-1.00:00:00")]
    public async Task A_life_that_is_none_is_refused_by_name_at_the_start(string setting)
    {
        var mistake = await Assert.ThrowsAsync<InvalidOperationException>(() => gateway.StartReplicaAsync(setting));
        Assert.Contains(setting.Split('=')[0], mistake.Message, StringComparison.Ordinal);
    }

    private async Task RegisterAsync(HttpClient at)
    {
        using var response = await at.PostAsJsonAsync("/api/account/register", new { email = _email, password = Demo.Password, name = "A customer" });
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
    }

    private Task<Accounts.Tokens> SignInAsync(HttpClient at, Uri? replica = null) => Accounts.SignInAsync(at, _email, replica: replica);

    private Task<HttpStatusCode> ShowAsync(string accessToken) => Accounts.StatusAsync(gateway.Internal, Own, accessToken);

    private async Task<object?> ExecuteAsync(string sql)
    {
        await using var database = NpgsqlDataSource.Create(gateway.ConnectionString);
        await using var command = database.CreateCommand(sql);
        command.Parameters.Add(new() { Value = _email });
        return await command.ExecuteScalarAsync();
    }

    private async Task<HttpStatusCode> RefreshAsync(string refreshToken, Uri? replica = null)
    {
        using var response = await gateway.Internal.PostAsJsonAsync(new Uri(replica ?? gateway.Internal.BaseAddress!, "/api/account/refresh"), new { refreshToken });
        return response.StatusCode;
    }

    private async Task<Accounts.Tokens> RefreshedAsync(string refreshToken)
    {
        using var response = await gateway.Internal.PostAsJsonAsync("/api/account/refresh", new { refreshToken });
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return (await response.Content.ReadFromJsonAsync<Accounts.Tokens>())!;
    }
}
