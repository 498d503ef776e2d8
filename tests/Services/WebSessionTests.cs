using System.Net;
using System.Net.ServerSentEvents;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;
using OrderMall.Contracts;
using OrderMall.ServiceDefaults.Api;
using OrderMall.Web;

namespace OrderMall.Services.Tests;

/// <summary>Who is signed in at the screens stays so, in every replica, until the session is over.</summary>
[Collection(DoorCollection.Name)]
public sealed partial class WebSessionTests(ServiceFixture fixture) : IAsyncLifetime
{
    private static readonly Guid Offer = Guid.NewGuid();
    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false, UseProxy = false });
    private readonly RunningService<WebService> _web = new(fixture);
    private readonly List<string> _visitors = [];
    private int _refreshes;
    private bool _isOver;

    public async Task InitializeAsync()
    {
        await _web.InitializeAsync();
        Answer("api/account/login", _ => Tokens(1));
        Answer("api/account/refresh", context =>
        {
            Interlocked.Increment(ref _refreshes);
            // As long as the others need to come.
            return _isOver ? null : Tokens(2);
        });
        Answer("api/account", _ => """{"id":"a","email":"a@mall.test","name":"Ann","roles":["customer"]}""");
        Answer("api/mypage/orders", context => context.Request.Headers.Authorization == "Bearer access-2" || !_isOver ? """{"items":[],"next":null}""" : null);
        Answer("api/notifications", _ => """{"items":[],"next":null}""");
        Answer("api/orders", _ => _isOver ? null : """{}""");
        Answer($"api/offers/{Offer}", _ => JsonSerializer.Serialize(new
        {
            id = Offer, merchantId = "m", kind = "book", title = "Emma", price = 9_000, currency = "KRW", prepayment = "full", fulfilment = "delivery",
        }));
    }

    public Task DisposeAsync() => _web.DisposeAsync();

    [Fact]
    public async Task Tokens_are_refreshed_once_however_many_requests_come_to_however_many_replicas()
    {
        var other = await _web.StartReplicaAsync();
        var cookies = await SignInAsync();
        _web.Time.Set(DateTimeOffset.UtcNow.AddHours(1));
        Uri[] replicas = [_web.Internal.BaseAddress!, other];
        var pages = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => GetAsync(replicas[i % 2], "/my", cookies)));
        Assert.All(pages, page => Assert.Equal(HttpStatusCode.OK, page.StatusCode));
        Assert.Equal(1, _refreshes);
        // Each gave the browser the new ones, which are good without another refresh.
        var renewed = CookiesOf(pages[^1], cookies);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(replicas[0], "/my", renewed)).StatusCode);
        Assert.Equal(1, _refreshes);
        // A browser that lost the answer comes with those of before.
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(replicas[1], "/my", cookies)).StatusCode);
        Assert.Equal(1, _refreshes);
    }

    [Fact]
    public async Task Who_could_not_be_asked_for_stays_signed_in()
    {
        var cookies = await SignInAsync();
        _web.Time.Set(DateTimeOffset.UtcNow.AddHours(1));
        _web.Sidecar.Called.TryRemove("gateway/api/account/refresh", out var gateway);
        var down = await GetAsync(_web.Internal.BaseAddress!, "/my", cookies);
        Assert.Equal(HttpStatusCode.OK, down.StatusCode);
        _web.Sidecar.Called["gateway/api/account/refresh"] = gateway!;
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(_web.Internal.BaseAddress!, "/my", cookies)).StatusCode);
        Assert.Equal(1, _refreshes);
    }

    [Fact]
    public async Task A_session_that_is_over_leads_to_the_sign_in_and_keeps_what_was_filled_in()
    {
        var web = _web.Internal.BaseAddress!;
        var cookies = await SignInAsync();
        using var form = await GetAsync(web, $"/offers/{Offer}", cookies);
        cookies = CookiesOf(form, cookies);
        var token = FormToken().Match(await form.Content.ReadAsStringAsync()).Groups[1].Value;
        _isOver = true;
        _web.Time.Set(DateTimeOffset.UtcNow.AddHours(1));
        Assert.Equal("/sign-in", (await GetAsync(web, "/my", cookies)).Headers.Location!.AbsolutePathOf());

        using var order = await SendAsync(HttpMethod.Post, web, $"/offers/{Offer}", cookies, new()
        {
            ["_handler"] = "order", ["form-token"] = token, ["key"] = "k-1", ["quantity"] = "2", ["destination"] = "1 Main Street", ["paymentMethod"] = "card_ok",
        });
        Assert.Equal(HttpStatusCode.Redirect, order.StatusCode);
        Assert.Equal("/sign-in", order.Headers.Location!.AbsolutePathOf());
        _isOver = false;
        var back = await SignInAsync(order.Headers.Location!.ToString(), cookies);
        var again = await (await GetAsync(web, back.Location, back.Cookies)).Content.ReadAsStringAsync();
        Assert.Contains("value=\"1 Main Street\"", again, StringComparison.Ordinal);
        // The same attempt: had it come through after all, there would be no second order.
        Assert.Contains("value=\"k-1\"", again, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_form_of_elsewhere_is_refused()
    {
        var cookies = await SignInAsync();
        using var order = await SendAsync(HttpMethod.Post, _web.Internal.BaseAddress!, $"/offers/{Offer}", cookies, new() { ["_handler"] = "order", ["quantity"] = "1" });
        Assert.Equal($"/offers/{Offer}?failed=stale", order.Headers.Location!.ToString());
        using var cancelled = await SendAsync(HttpMethod.Post, _web.Internal.BaseAddress!, $"/actions/cancel/{Guid.NewGuid()}", cookies, new() { ["back"] = "/my" });
        Assert.Equal("/?failed=stale", cancelled.Headers.Location!.ToString());
    }

    [Fact]
    public async Task What_is_kept_for_good_has_nobodys_cookie_and_asks_for_nobody()
    {
        var web = _web.Internal.BaseAddress!;
        var cookies = await SignInAsync();
        var file = Style().Match(await (await GetAsync(web, "/sign-in", cookies)).Content.ReadAsStringAsync()).Groups[1].Value;
        _isOver = true;
        _web.Time.Set(DateTimeOffset.UtcNow.AddHours(1));
        foreach (var method in new[] { HttpMethod.Get, HttpMethod.Head })
        {
            using var style = await SendAsync(method, web, file, cookies, null);
            Assert.Equal(HttpStatusCode.OK, style.StatusCode);
            Assert.True(style.Headers.CacheControl is { Public: true } && style.Content.Headers.ContentLength > 0);
            Assert.False(style.Headers.Contains("Set-Cookie"));
            Assert.Equal("nosniff", Assert.Single(style.Headers.GetValues("X-Content-Type-Options")));
        }

        Assert.Equal(0, _refreshes);
        // What is gone is nobody's to keep.
        using var gone = await GetAsync(web, "/files/000000000000/mall.css", []);
        Assert.Equal((HttpStatusCode.NotFound, true), (gone.StatusCode, gone.Headers.CacheControl!.NoStore));
    }

    [Fact]
    public async Task Who_asks_for_more_pages_than_anybody_looks_at_gets_a_small_one_that_says_so()
    {
        var web = await _web.StartReplicaAsync("Web:RateLimit:PerSecond=1", "Web:RateLimit:Burst=3");
        HttpResponseMessage page;
        var seen = 0;
        for (page = await GetAsync(web, "/register", []); page.StatusCode == HttpStatusCode.OK && seen < 100; page = await GetAsync(web, "/register", []))
            seen++;
        Assert.InRange(seen, 3, 99);
        var html = await page.Content.ReadAsStringAsync();
        Assert.Equal((HttpStatusCode.TooManyRequests, "text/html", true), (page.StatusCode, page.Content.Headers.ContentType!.MediaType, page.Headers.CacheControl!.NoStore));
        Assert.InRange(page.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
        Assert.Contains("That was too often.", html, StringComparison.Ordinal);
        Assert.InRange(html.Length, 1, 2_000);
        // Its style comes all the same.
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(web, Style().Match(html).Groups[1].Value, [])).StatusCode);
    }

    [Fact]
    public async Task One_stream_goes_on_while_a_part_of_it_is_down_and_says_when_that_is_back()
    {
        var cookies = await SignInAsync();
        Answer("api/notifications/unread", _ => """{"unread":3}""");
        var (changes, back) = (Channel.CreateUnbounded<string>(), Channel.CreateUnbounded<string>());
        Answer("api/mypage/events", _ => null, StatusCodes.Status503ServiceUnavailable);
        Stream("api/notifications/events", changes.Reader);
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync(_web.Internal.BaseAddress!, "/my/events?of=orders", cookies)).StatusCode);
        using var stream = await GetAsync(_web.Internal.BaseAddress!, "/my/events?of=mypage&of=notifications", cookies);
        var events = SseParser.Create(await stream.Content.ReadAsStreamAsync()).EnumerateAsync().GetAsyncEnumerator();
        Assert.Equal(("notifications", """{"unread":3}"""), await NextAsync("notifications"));
        await changes.Writer.WriteAsync("event: message\ndata: {\"unread\":4}\n\n");
        Assert.Equal(("notifications", """{"unread":4}"""), await NextAsync("notifications"));
        Stream("api/mypage/events", back.Reader);
        Assert.Equal(("mypage", ""), await NextAsync("mypage"));
        await back.Writer.WriteAsync("event: order\ndata: {}\n\n");
        Assert.Equal(("mypage", "{}"), await NextAsync("mypage"));

        // Who may not listen any more comes back with another token, or signs in.
        Answer("api/mypage/events", _ => null);
        back.Writer.Complete();
        while (await events.MoveNextAsync())
            Assert.Equal("heartbeat", events.Current.EventType);

        async Task<(string Name, string Data)> NextAsync(string name)
        {
            while (await events.MoveNextAsync())
            {
                if (events.Current.EventType == name)
                    return (name, events.Current.Data);
            }

            throw new Xunit.Sdk.XunitException("The stream has ended.");
        }
    }

    [Fact]
    public async Task A_form_of_here_whose_token_is_not_good_any_more_is_shown_again_filled_in()
    {
        var web = _web.Internal.BaseAddress!;
        foreach (var (site, isKept) in new[] { ("same-origin", true), ("cross-site", false), ("same-site", false) })
        {
            using var answer = await SendAsync(
                HttpMethod.Post, web, $"/offers/{Offer}", [],
                new() { ["_handler"] = "order", ["form-token"] = "old", ["destination"] = "7 Eccles Street", ["password"] = "Secret-1" }, ("Sec-Fetch-Site", site));
            var again = answer.Headers.Location!.ToString();
            Assert.StartsWith($"/offers/{Offer}?failed=stale", again, StringComparison.Ordinal);
            Assert.Equal(isKept, (await (await GetAsync(web, again, [])).Content.ReadAsStringAsync()).Contains("value=\"7 Eccles Street\"", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task The_gateway_is_told_whose_address_it_is_and_the_cookie_is_no_scripts()
    {
        var cookies = await SignInAsync();
        await GetAsync(_web.Internal.BaseAddress!, "/my", cookies);
        Assert.All(_visitors, visitor => Assert.Contains("127.0.0.1", visitor, StringComparison.Ordinal));
        Assert.NotEmpty(_visitors);
    }

    [Fact]
    public async Task Behind_a_known_proxy_each_visitor_is_an_address_of_their_own_also_where_tokens_are_refreshed()
    {
        var web = await _web.StartReplicaAsync("Web:Proxies=127.0.0.1", "Web:RateLimit:PerSecond=1", "Web:RateLimit:Burst=3");
        var cookies = await SignInAsync();
        _visitors.Clear();
        _web.Time.Set(DateTimeOffset.UtcNow.AddHours(1));
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(web, "/my", cookies, ("X-Forwarded-For", "203.0.113.9"))).StatusCode);
        Assert.Equal(1, _refreshes);
        Assert.All(_visitors, visitor => Assert.Equal("203.0.113.9", visitor));

        var answers = new List<HttpStatusCode>();
        while (answers.LastOrDefault() != HttpStatusCode.TooManyRequests && answers.Count < 100)
            answers.Add((await GetAsync(web, "/register", [], ("X-Forwarded-For", "203.0.113.10"))).StatusCode);
        Assert.Equal(HttpStatusCode.TooManyRequests, answers[^1]);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(web, "/register", [], ("X-Forwarded-For", "203.0.113.11"))).StatusCode);
    }

    private async Task<Dictionary<string, string>> SignInAsync() => (await SignInAsync("/sign-in", [])).Cookies;

    private async Task<(Dictionary<string, string> Cookies, string Location)> SignInAsync(string path, Dictionary<string, string> cookies)
    {
        var web = _web.Internal.BaseAddress!;
        using var page = await GetAsync(web, path, cookies);
        cookies = CookiesOf(page, cookies);
        var html = await page.Content.ReadAsStringAsync();
        var action = WebUtility.HtmlDecode(FormAction().Match(html).Groups[1].Value);
        using var answer = await SendAsync(HttpMethod.Post, web, action, cookies, new()
        {
            ["_handler"] = "sign-in", ["form-token"] = FormToken().Match(html).Groups[1].Value, ["email"] = "a@mall.test", ["password"] = "secret",
        });
        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
        Assert.All(answer.Headers.GetValues("Set-Cookie").Where(cookie => cookie.StartsWith("mall=", StringComparison.Ordinal)), cookie => Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase));
        return (CookiesOf(answer, cookies), answer.Headers.Location!.ToString());
    }

    private static Task<HttpResponseMessage> GetAsync(Uri web, string path, Dictionary<string, string> cookies, params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Get, web, path, cookies, null, headers);

    private static async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, Uri web, string path, Dictionary<string, string> cookies, Dictionary<string, string>? form, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, new Uri(web, path));
        if (cookies.Count > 0)
            request.Headers.Add("Cookie", string.Join("; ", cookies.Select(cookie => $"{cookie.Key}={cookie.Value}")));
        if (form is not null)
            request.Content = new FormUrlEncodedContent(form);
        foreach (var (name, value) in headers)
            request.Headers.Add(name, value);
        return await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    private static Dictionary<string, string> CookiesOf(HttpResponseMessage response, Dictionary<string, string> before)
    {
        var cookies = new Dictionary<string, string>(before);
        foreach (var cookie in response.Headers.TryGetValues("Set-Cookie", out var set) ? set : [])
        {
            var named = cookie.Split(';')[0].Split('=', 2);
            if (named[1] == "")
                cookies.Remove(named[0]);
            else
                cookies[named[0]] = named[1];
        }

        return cookies;
    }

    // Null is a refusal.
    private void Answer(string path, Func<HttpContext, string?> answer, int refusal = StatusCodes.Status401Unauthorized) => _web.Sidecar.Called[$"{AppIds.Gateway}/{path}"] = async context =>
    {
        lock (_visitors)
            _visitors.Add(context.Request.Headers[GatewayIdentity.VisitorHeader].ToString());
        var body = answer(context);
        context.Response.ContentType = body is null ? "application/problem+json" : "application/json";
        context.Response.StatusCode = body is null ? refusal : StatusCodes.Status200OK;
        await context.Response.WriteAsync(body ?? """{"type":"urn:ordermall:problem:sign-in","status":401}""");
    };

    private void Stream(string path, ChannelReader<string> events) => _web.Sidecar.Called[$"{AppIds.Gateway}/{path}"] = async context =>
    {
        context.Response.ContentType = "text/event-stream";
        await context.Response.Body.FlushAsync();
        await foreach (var e in events.ReadAllAsync(context.RequestAborted))
        {
            await context.Response.WriteAsync(e);
            await context.Response.Body.FlushAsync();
        }
    };

    private static string Tokens(int number) => $$"""{"tokenType":"Bearer","accessToken":"access-{{number}}","expiresIn":3600,"refreshToken":"refresh-{{number}}"}""";

    [GeneratedRegex("<link rel=\"stylesheet\" href=\"([^\"]+)\"")]
    private static partial Regex Style();

    [GeneratedRegex("name=\"form-token\" value=\"([^\"]+)\"")]
    private static partial Regex FormToken();

    [GeneratedRegex("<form method=\"post\" action=\"(/sign-in[^\"]*)\"")]
    private static partial Regex FormAction();
}

/// <summary>What a redirect says, which may be relative.</summary>
internal static class Locations
{
    public static string AbsolutePathOf(this Uri location) => location.IsAbsoluteUri ? location.AbsolutePath : location.ToString().Split('?')[0];
}
