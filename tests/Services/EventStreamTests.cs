using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using OrderMall.Gateway;
using OrderMall.Gateway.Limits;

namespace OrderMall.Services.Tests;

/// <summary>Nobody keeps others from their pages by opening many, and a stream lives no longer than the token it was opened with.</summary>
[Collection(DoorCollection.Name)]
public sealed class EventStreamTests(ServiceFixture fixture)
{
    private const string Page = "/api/mypage/events";

    [Fact]
    public void A_persons_oldest_goes_for_one_more_of_that_person()
    {
        var (streams, ended) = (Streams(perPerson: 2), new List<string>());
        foreach (var which in new[] { "first", "second", "third" })
            Assert.NotNull(streams.TryOpen("alice", "home", () => ended.Add(which), out _));
        Assert.Equal(["first"], ended);
    }

    [Fact]
    public void At_an_address_with_too_many_who_has_most_loses_one_to_who_has_clearly_fewer_and_to_nobody_else()
    {
        var (streams, ended) = (Streams(perPerson: 3, perAddress: 4), new List<string>());
        foreach (var person in new[] { "greedy", "greedy", "greedy", "modest" })
            Assert.NotNull(streams.TryOpen(person, "office", () => ended.Add(person), out _));
        Assert.NotNull(streams.TryOpen("new", "office", () => ended.Add("new"), out _));
        Assert.Equal(["greedy"], ended);
        Assert.NotNull(streams.TryOpen("newer", "elsewhere", () => ended.Add("newer"), out _));
        // Two, one and one: taking from each other would never come to an end.
        Assert.Null(streams.TryOpen("modest", "office", () => { }, out var full));
        Assert.Equal(EventStreams.FullOf.Address, full);
        Assert.Equal(["greedy"], ended);
    }

    [Fact]
    public void When_all_are_taken_the_address_with_most_loses_first_and_a_free_place_is_taken_by_anybody()
    {
        var (streams, ended) = (Streams(perPerson: 3, perAddress: 6, total: 7), new List<string>());
        var modest = streams.TryOpen("modest", "home", () => ended.Add("modest"), out _);
        foreach (var (account, which) in Enumerable.Range(0, 6).Select(i => ($"free-{i % 2}", i)))
            Assert.NotNull(streams.TryOpen(account, "farm", () => ended.Add($"{account} {which}"), out _));
        for (var other = 0; other < 4; other++)
            Assert.NotNull(streams.TryOpen($"other-{other}", $"place-{other}", () => ended.Add($"other-{other}"), out _));
        Assert.Equal(["free-0 0", "free-1 1", "free-0 2", "free-1 3"], ended);
        Assert.NotNull(streams.TryOpen("other-4", "place-4", () => { }, out _));
        // One each: nobody has more than another.
        Assert.Null(streams.TryOpen("late", "far", () => { }, out var full));
        Assert.Equal(EventStreams.FullOf.Total, full);
        modest!.Dispose();
        modest.Dispose();
        Assert.NotNull(streams.TryOpen("late", "far", () => { }, out _));
        Assert.Null(streams.TryOpen("later", "further", () => { }, out _));
        Assert.DoesNotContain("modest", ended);
    }

    [SeveralAddressesFact]
    public async Task Many_accounts_at_one_address_do_not_keep_others_from_their_page()
    {
        await using var gateway = await StartAsync("Gateway:Streams:PerPerson=3", "Gateway:Streams:PerAddress=6", "Gateway:Streams:Total=8", "Gateway:Budgets:Reads:AtOnce=1", "Gateway:Budgets:Reads:Waiting=0");
        var (open, refused) = (new List<HttpResponseMessage>(), 0);
        for (var account = 0; account < 5; account++)
        {
            var (_, token, _, _) = await Accounts.SignInAsync(gateway);
            for (var time = 0; time < 3; time++)
            {
                var stream = await Accounts.AskAsync(gateway.Internal, Page, token);
                if (stream.StatusCode == HttpStatusCode.OK)
                {
                    open.Add(stream);
                    continue;
                }

                Assert.Equal((HttpStatusCode.TooManyRequests, true), (stream.StatusCode, stream.Headers.RetryAfter?.Delta > TimeSpan.Zero));
                refused++;
                stream.Dispose();
            }
        }

        Assert.True(refused > 0);
        using var elsewhere = Elsewhere.Client(gateway.Internal.BaseAddress!, "127.0.0.9");
        using var page = await Accounts.AskAsync(elsewhere, Page, (await Accounts.SignInAsync(gateway)).AccessToken);
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        // None of them takes a place of those who read.
        using var offers = await gateway.Internal.GetAsync("/api/offers");
        Assert.Equal(HttpStatusCode.OK, offers.StatusCode);
        open.ForEach(stream => stream.Dispose());
    }

    [Theory]
    [InlineData(Page)]
    [InlineData("/api/MyPage/Events")]
    [InlineData("/api/notifications/live")]
    public async Task An_answer_that_is_a_stream_counts_as_one_whatever_its_path(string path)
    {
        await using var gateway = await StartAsync("Gateway:Streams:PerPerson=1");
        gateway.Sidecar.Called["notification/api/notifications/live"] = EndlessAsync;
        gateway.Sidecar.Called["mypage/api/MyPage/Events"] = EndlessAsync;
        var token = (await Accounts.SignInAsync(gateway)).AccessToken;
        using var first = await Accounts.AskAsync(gateway.Internal, Page, token);
        using var body = await first.Content.ReadAsStreamAsync();
        await body.ReadExactlyAsync(new byte[1]);
        using var second = await Accounts.AskAsync(gateway.Internal, path, token);
        Assert.Equal(HttpStatusCode.OK, second.StatusCode);
        // The first has ended, and well.
        using var rest = new StreamReader(body);
        Assert.NotNull(await rest.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(15)));
    }

    [Fact]
    public async Task A_stream_ends_when_its_token_does_and_one_comes_back_with_a_new_one()
    {
        await using var gateway = await StartAsync("Account:AccessTokenLife=00:00:03");
        var seen = new ConcurrentQueue<string?>();
        gateway.Sidecar.Called["mypage/api/mypage/events"] = context =>
        {
            seen.Enqueue(context.Request.Headers["Last-Event-ID"]);
            return EndlessAsync(context);
        };
        var tokens = await Accounts.SignInAsync(gateway);
        using (var stream = await Accounts.AskAsync(gateway.Internal, Page, tokens.AccessToken))
        {
            Assert.Equal(HttpStatusCode.OK, stream.StatusCode);
            // One that broke off would be an exception.
            await stream.Content.ReadAsStringAsync().WaitAsync(TimeSpan.FromSeconds(15));
        }

        // A timer may go off a moment before the clock says so.
        await Eventually.BecomesAsync(HttpStatusCode.Unauthorized, () => Accounts.StatusAsync(gateway.Internal, "/api/account", tokens.AccessToken));
        Assert.Equal(HttpStatusCode.Unauthorized, await Accounts.StatusAsync(gateway.Internal, Page, tokens.AccessToken));
        using var refreshed = await gateway.Internal.PostAsJsonAsync("/api/account/refresh", new { tokens.RefreshToken });
        gateway.Internal.DefaultRequestHeaders.Add("Last-Event-ID", "7");
        Assert.Equal(HttpStatusCode.OK, await Accounts.StatusAsync(gateway.Internal, Page, (await refreshed.Content.ReadFromJsonAsync<Accounts.Tokens>())!.AccessToken));
        Assert.Equal([null, "7"], seen);
    }

    private static EventStreams Streams(int perPerson = 5, int perAddress = 100, int total = 1000) => new(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
    {
        ["Gateway:Streams:PerPerson"] = $"{perPerson}", ["Gateway:Streams:PerAddress"] = $"{perAddress}", ["Gateway:Streams:Total"] = $"{total}",
    }).Build());

    private async Task<RunningService<GatewayService>> StartAsync(params string[] settings)
    {
        var gateway = new RunningService<GatewayService>(fixture) { Settings = settings };
        await gateway.InitializeAsync();
        gateway.Sidecar.Called["mypage/api/mypage/events"] = EndlessAsync;
        gateway.Sidecar.Called["catalog/api/offers"] = context => context.Response.WriteAsync("[]");
        return gateway;
    }

    private static async Task EndlessAsync(HttpContext context)
    {
        context.Response.ContentType = "text/event-stream";
        await context.Response.WriteAsync("event: heartbeat\n\n");
        await context.Response.Body.FlushAsync();
        await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
