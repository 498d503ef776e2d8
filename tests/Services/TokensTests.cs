using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using Microsoft.AspNetCore.Http;
using Npgsql;
using OrderMall.Contracts;
using OrderMall.Gateway;

namespace OrderMall.Services.Tests;

/// <summary>A token is good for its time, in its mall, for what it is, and as it was given.</summary>
[Collection(ServiceCollectionDefinition.Name)]
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
        Assert.Equal(HttpStatusCode.OK, await RefreshAsync(tokens.RefreshToken));
        await using var database = NpgsqlDataSource.Create(gateway.ConnectionString);
        await using var command = database.CreateCommand(change);
        command.Parameters.Add(new() { Value = _email });
        await command.ExecuteNonQueryAsync();
        Assert.Equal(HttpStatusCode.Unauthorized, await RefreshAsync(tokens.RefreshToken));
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

    private async Task<Tokens> SignInAsync(HttpClient at, Uri? replica = null)
    {
        using var response = await at.PostAsJsonAsync(new Uri(replica ?? at.BaseAddress!, "/api/account/login"), new { email = _email, password = Demo.Password });
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return (await response.Content.ReadFromJsonAsync<Tokens>())!;
    }

    private async Task<HttpStatusCode> ShowAsync(string accessToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Own) { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", accessToken) } };
        using var response = await gateway.Internal.SendAsync(request);
        return response.StatusCode;
    }

    private async Task<HttpStatusCode> RefreshAsync(string refreshToken)
    {
        using var response = await gateway.Internal.PostAsJsonAsync("/api/account/refresh", new { refreshToken });
        return response.StatusCode;
    }

    private async Task<Tokens> RefreshedAsync(string refreshToken)
    {
        using var response = await gateway.Internal.PostAsJsonAsync("/api/account/refresh", new { refreshToken });
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return (await response.Content.ReadFromJsonAsync<Tokens>())!;
    }

    private sealed record Tokens(string TokenType, string AccessToken, int ExpiresIn, string RefreshToken);
}
