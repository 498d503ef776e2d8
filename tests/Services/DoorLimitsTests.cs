using System.Net;
using System.Net.Http.Json;
using Microsoft.AspNetCore.Http;
using OrderMall.Contracts;
using OrderMall.Gateway;
using OrderMall.ServiceDefaults.Api;

namespace OrderMall.Services.Tests;

/// <summary>What the door counts by address, whose address that is, and what it says of its answers.</summary>
[Collection(DoorCollection.Name)]
public sealed class DoorLimitsTests(ServiceFixture fixture)
{
    private const int Many = 150;

    [Fact]
    public async Task Tokens_that_are_none_are_refused_by_address_and_good_ones_from_there_are_not()
    {
        await using var gateway = await StartAsync();
        var good = (await Accounts.SignInAsync(gateway)).AccessToken;
        var answers = await Task.WhenAll(Enumerable.Range(0, Many).Select(i => Accounts.AskAsync(gateway.Internal, "/api/orders/1", $"CfDJ8{i}")));
        AreLimited(answers, HttpStatusCode.Unauthorized);
        Assert.Equal(HttpStatusCode.OK, await Accounts.StatusAsync(gateway.Internal, "/api/orders/1", good));
        Assert.Equal(HttpStatusCode.OK, await Accounts.StatusAsync(gateway.Internal, "/api/offers", null));
    }

    [Fact]
    public async Task Expired_tokens_are_no_guesses_whoever_else_is_at_that_address()
    {
        await using var gateway = await StartAsync();
        var hasty = await gateway.StartReplicaAsync("Account:AccessTokenLife=00:00:01");
        var email = await Accounts.RegisterAsync(gateway.Internal);
        var (good, expired) = ((await Accounts.SignInAsync(gateway.Internal, email)).AccessToken, (await Accounts.SignInAsync(gateway.Internal, email, replica: hasty)).AccessToken);
        await Eventually.BecomesAsync(HttpStatusCode.Unauthorized, () => Accounts.StatusAsync(gateway.Internal, "/api/orders/1", expired));

        // The address has guessed as often as it may, and one letter makes a guess of it.
        AreLimited(await Task.WhenAll(Enumerable.Range(0, Many).Select(i => Accounts.AskAsync(gateway.Internal, "/api/orders/1", $"{expired[..^1]}{(expired[^1] == 'A' ? 'B' : 'A')}"))), HttpStatusCode.Unauthorized);
        var answers = await Task.WhenAll(Enumerable.Range(0, Many).Select(_ => Accounts.AskAsync(gateway.Internal, "/api/orders/1", expired)));
        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode));
        // Not without end either.
        var more = new List<HttpResponseMessage>();
        // As many at once as one address may have connections.
        for (var round = 0; round < 4; round++)
            more.AddRange(await Task.WhenAll(Enumerable.Range(0, Many).Select(_ => Accounts.AskAsync(gateway.Internal, "/api/orders/1", expired))));
        AreLimited([.. more], HttpStatusCode.Unauthorized);
        Assert.Equal(HttpStatusCode.OK, await Accounts.StatusAsync(gateway.Internal, "/api/orders/1", good));
        Array.ForEach(answers, answer => answer.Dispose());
    }

    [Fact]
    public async Task Whoever_has_no_token_or_not_the_role_is_refused_only_so_often()
    {
        await using var gateway = await StartAsync("RateLimit:PerSecond=1", "RateLimit:Burst=5");
        var good = (await Accounts.SignInAsync(gateway)).AccessToken;
        AreLimited(await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Accounts.AskAsync(gateway.Internal, "/api/orders/1", null))), HttpStatusCode.Unauthorized);
        AreLimited(await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Accounts.AskAsync(gateway.Internal, "/api/ops/audit", good))), HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task What_is_personal_is_not_kept_and_no_answer_is_taken_for_another_kind()
    {
        await using var gateway = await StartAsync();
        var token = (await Accounts.SignInAsync(gateway)).AccessToken;
        foreach (var (path, who, isKept) in new[] { ("/", null, true), ("/api/offers", null, true), ("/nothing", null, true), ("/api/orders/1", null, true), ("/api/orders/1", token, false), ("/api/ops/audit", token, false), ("/api/offers", token, false) })
        {
            using var answer = await Accounts.AskAsync(gateway.Internal, path, who);
            Assert.Equal((path, !isKept), (path, answer.Headers.CacheControl?.NoStore == true));
            Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
        }

        foreach (var (path, body) in new (string, object)[] { ("login", new { email = "nobody@mall.test", password = Demo.Password }), ("register", new { }), ("refresh", new { refreshToken = "x" }) })
        {
            using var answer = await gateway.Internal.PostAsJsonAsync($"/api/account/{path}", body);
            Assert.Equal((path, true), (path, answer.Headers.CacheControl?.NoStore));
        }
    }

    [SeveralAddressesFact]
    public async Task A_known_proxy_is_believed_where_a_request_comes_from_and_nobody_else_is()
    {
        const string Proxy = "127.0.0.21";
        const string Farther = "127.0.1.7";
        await using var gateway = await StartAsync("RateLimit:PerSecond=1", "RateLimit:Burst=3", $"Gateway:Proxies={Proxy}, 127.0.1.0/24", "Gateway:MaxConnectionsPerAddress=2");
        using var proxy = Elsewhere.Client(gateway.Internal.BaseAddress!, Proxy);
        using var liar = Elsewhere.Client(gateway.Internal.BaseAddress!, "127.0.0.22");
        Assert.True(await IsLimitedAsync(proxy, _ => "203.0.113.1"));
        Assert.True(await IsLimitedAsync(proxy, _ => $"203.0.113.2, {Farther}"));
        // What comes before the first that is not known is what anybody may say.
        Assert.True(await IsLimitedAsync(proxy, i => $"198.51.100.{i}, 203.0.113.3"));
        Assert.False(await IsLimitedAsync(proxy, i => $"203.0.113.{100 + i}"));
        Assert.True(await IsLimitedAsync(liar, i => $"203.0.113.{200 + i}"));
        // Everybody comes through it: it is no address with too many connections.
        var open = new List<RawConnection>();
        for (var i = 0; i < 5; i++)
        {
            open.Add(await RawConnection.OpenAsync(gateway.Internal.BaseAddress!, Proxy));
            await open[^1].AskAsync("GET /", $"X-Forwarded-For: 192.0.2.{i}\r\n");
            Assert.Equal(200, await open[^1].StatusAsync());
        }

        await open[0].AskAsync("GET /", "X-Forwarded-For: 192.0.2.77\r\n");
        Assert.Equal(200, await open[0].StatusAsync());
        open.ForEach(connection => connection.Dispose());

        static async Task<bool> IsLimitedAsync(HttpClient from, Func<int, string> forwardedFor)
        {
            var served = 0;
            for (var i = 0; i < 10; i++)
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { { "X-Forwarded-For", forwardedFor(i) } } };
                using var answer = await from.SendAsync(request);
                served += answer.StatusCode == HttpStatusCode.OK ? 1 : 0;
            }

            return served < 10;
        }
    }

    [Fact]
    public async Task The_screens_are_not_one_client_and_nobody_else_says_whose_address_it_is()
    {
        await using var gateway = await StartAsync("RateLimit:PerSecond=1", "RateLimit:Burst=5");
        Assert.True(await IsLimitedAsync(gateway.Internal, AppIds.Web, _ => "192.0.2.1"));
        Assert.False(await IsLimitedAsync(gateway.Internal, AppIds.Web, i => $"192.0.2.{10 + i}"));
        // Another app says so in vain, and so does who has not come through the sidecar: all is from one address.
        Assert.True(await IsLimitedAsync(gateway.Internal, AppIds.Operations, i => $"192.0.2.{30 + i}"));
        using var stranger = new HttpClient { BaseAddress = gateway.Internal.BaseAddress };
        Assert.True(await IsLimitedAsync(stranger, AppIds.Web, i => $"192.0.2.{50 + i}"));

        static async Task<bool> IsLimitedAsync(HttpClient from, string caller, Func<int, string> visitor)
        {
            var served = 0;
            for (var i = 0; i < 10; i++)
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, "/api/offers") { Headers = { { GatewayIdentity.CallerHeader, caller }, { GatewayIdentity.VisitorHeader, visitor(i) } } };
                using var answer = await from.SendAsync(request);
                served += answer.StatusCode == HttpStatusCode.OK ? 1 : 0;
            }

            return served < 10;
        }
    }

    private async Task<RunningService<GatewayService>> StartAsync(params string[] settings)
    {
        var gateway = new RunningService<GatewayService>(fixture) { Settings = settings };
        await gateway.InitializeAsync();
        gateway.Sidecar.Called["ordering/api/orders/1"] = context => context.Response.WriteAsync("{}");
        gateway.Sidecar.Called["catalog/api/offers"] = context => context.Response.WriteAsync("[]");
        return gateway;
    }

    private static void AreLimited(HttpResponseMessage[] answers, HttpStatusCode refusal)
    {
        Assert.Equal([refusal, HttpStatusCode.TooManyRequests], answers.Select(answer => answer.StatusCode).Distinct().Order());
        Assert.All(answers.Where(answer => answer.StatusCode == HttpStatusCode.TooManyRequests), answer => Assert.True(answer.Headers.RetryAfter?.Delta > TimeSpan.Zero));
        Array.ForEach(answers, answer => answer.Dispose());
    }
}
