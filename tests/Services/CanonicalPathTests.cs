using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Http;
using OrderMall.Gateway;

namespace OrderMall.Services.Tests;

/// <summary>A path has one spelling: no other comes to a service, and none takes another budget.</summary>
[Collection(DoorCollection.Name)]
public sealed class CanonicalPathTests(ServiceFixture fixture, RunningService<GatewayService> gateway) : IClassFixture<RunningService<GatewayService>>
{
    private static readonly string[] Other =
    [
        "//", "/./", "/api//offers", "/api/offers/", "/api/offers//", "//api/offers", "/./api/offers", "/api/./offers", "/api/x/../offers", "/api/offers/.", "/api/offers/..",
        "/api/%2e/offers", "/api/x/%2E%2E/offers", "/api/x/.%2e/offers", "/api%2Foffers", "/api/offers%2f", "/api/offers/%2F", "/api/offers%5C1", "/api\\offers", "/api/offers/%25", "/api/offers/%3f",
        "/api/offers/%23", "/api/offers/%0d%0a", "/api/offers/%7f", "/api/offers/.hidden", "/api/mypage//events", "/api/mypage/events/", "/api/orders/",
        "http://mall/api/offers/", "http://mall//api/offers", "http://mall/api/./offers", "*",
    ];

    public static TheoryData<string> Spellings => new(Other);

    [Theory]
    [MemberData(nameof(Spellings))]
    public async Task Another_spelling_is_not_there_and_no_service_hears_of_it(string path)
    {
        var asked = new ConcurrentQueue<string>();
        foreach (var called in new[] { "catalog/api/offers", "catalog/api/offers/", "catalog/api//offers", "ordering/api/orders", "ordering/api/orders/", "mypage/api/mypage/events" })
            gateway.Sidecar.Called[called] = context => Say(context, asked);
        foreach (var verb in new[] { "GET", "POST" })
        {
            using var connection = await RawConnection.OpenAsync(gateway.Internal.BaseAddress!);
            await connection.AskAsync($"{verb} {path}", "Content-Length: 0\r\n");
            Assert.Equal((verb, path == "*" ? 405 : 404), (verb, await connection.StatusAsync())); // what only OPTIONS may ask, Kestrel says
        }

        Assert.Empty(asked);
    }

    [Theory]
    [InlineData("/api/offers")]
    [InlineData("/api/offers?q=%2F%2e//")]
    [InlineData("/api/of%66ers")]
    [InlineData("http://mall/api/offers?q=1")]
    public async Task What_is_no_other_spelling_comes_through_as_it_is_judged(string path)
    {
        var asked = new ConcurrentQueue<string>();
        gateway.Sidecar.Called["catalog/api/offers"] = context => Say(context, asked);
        using var connection = await RawConnection.OpenAsync(gateway.Internal.BaseAddress!);
        await connection.AskAsync($"GET {path}");
        Assert.Equal(200, await connection.StatusAsync());
        Assert.EndsWith("/api/offers", Assert.Single(asked), StringComparison.Ordinal);
    }

    // The routes know no case, and neither do the rules: it is no way round either.
    [Fact]
    public async Task Letters_of_another_case_take_the_same_budget()
    {
        await using var busy = new RunningService<GatewayService>(fixture) { Settings = ["Gateway:Budgets:PublicReads:AtOnce=1", "Gateway:Budgets:PublicReads:Waiting=0"] };
        await busy.InitializeAsync();
        var (asked, answers) = (new TaskCompletionSource(), new TaskCompletionSource());
        busy.Sidecar.Called["catalog/api/offers"] = async context =>
        {
            asked.TrySetResult();
            await answers.Task;
            await context.Response.WriteAsync("[]");
        };
        var first = busy.Internal.GetAsync("/api/offers");
        await asked.Task.WaitAsync(TimeSpan.FromSeconds(15));
        using (var refused = await busy.Internal.GetAsync("/API/Offers"))
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        answers.SetResult();
        (await first).Dispose();
    }

    [Fact]
    public async Task The_front_page_has_one_address()
    {
        foreach (var (path, status) in new[] { ("/", 200), ("http://mall/", 200), ("/?x=/", 200), ("/%2F", 404) })
        {
            using var connection = await RawConnection.OpenAsync(gateway.Internal.BaseAddress!);
            await connection.AskAsync($"GET {path}");
            Assert.Equal((path, status), (path, await connection.StatusAsync()));
        }
    }

    private static Task Say(HttpContext context, ConcurrentQueue<string> asked)
    {
        asked.Enqueue(context.Request.Path);
        return context.Response.WriteAsync("[]");
    }
}
