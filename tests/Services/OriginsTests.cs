using System.Net;
using OrderMall.Gateway;
using OrderMall.ServiceDefaults;

namespace OrderMall.Services.Tests;

/// <summary>Pages of which other origins may use the API from a browser.</summary>
[Collection(DoorCollection.Name)]
public sealed class OriginsTests(ServiceFixture fixture)
{
    private const string Shop = "https://shop.example";

    [Fact]
    public async Task Nobody_elses_pages_may_unless_it_is_configured()
    {
        await using var gateway = await StartAsync();
        Assert.Null(await AllowedAsync(gateway, Shop, HttpMethod.Get, "/api/offers"));
        Assert.Null(await AllowedAsync(gateway, Shop, HttpMethod.Options, "/api/orders"));
    }

    [Fact]
    public async Task Pages_of_configured_origins_may_and_read_refusals_too()
    {
        await using var gateway = await StartAsync($"Gateway:Origins={Shop}, http://127.0.0.1:5173", "RateLimit:PerSecond=1", "RateLimit:Burst=3");
        using var preflight = await SendAsync(gateway, Shop, HttpMethod.Options, "/api/orders");
        Assert.Equal(HttpStatusCode.NoContent, preflight.StatusCode);
        Assert.Equal("authorization,content-type,idempotency-key,prefer,last-event-id", One(preflight, "Access-Control-Allow-Headers")!.ToLowerInvariant());
        Assert.Contains("DELETE", One(preflight, "Access-Control-Allow-Methods")!, StringComparison.Ordinal);
        Assert.Null(One(preflight, "Access-Control-Allow-Credentials"));
        Assert.Equal("http://127.0.0.1:5173", await AllowedAsync(gateway, "http://127.0.0.1:5173", HttpMethod.Get, "/nothing/here"));
        Assert.Null(await AllowedAsync(gateway, "https://evil.example", HttpMethod.Get, "/nothing/here"));
        Assert.Null(await AllowedAsync(gateway, "https://evil.example", HttpMethod.Options, "/api/orders"));
        for (var asked = 0; ; asked++)
        {
            using var answer = await SendAsync(gateway, Shop, HttpMethod.Get, "/nothing/here");
            Assert.Equal(Shop, One(answer, "Access-Control-Allow-Origin"));
            Assert.Contains("Retry-After", One(answer, "Access-Control-Expose-Headers")!, StringComparison.Ordinal);
            if (answer.StatusCode == HttpStatusCode.TooManyRequests)
                break;
            Assert.True(asked < 20);
        }
    }

    [Theory]
    [InlineData("*")]
    [InlineData("shop.example")]
    [InlineData("https://shop.example/")]
    [InlineData("https://*.example")]
    [InlineData("https://shop.example/shop")]
    public void What_is_no_origin_stops_the_start(string text)
    {
        var wrong = Assert.Throws<InvalidOperationException>(() => ServiceHost.Create<GatewayService>(["--DAPR_GRPC_PORT=50001", "--APP_API_TOKEN=token", "--ConnectionStrings:gateway=Host=none", $"--Gateway:Origins={text}"]));
        Assert.StartsWith("Gateway:Origins has ", wrong.Message, StringComparison.Ordinal);
    }

    private async Task<RunningService<GatewayService>> StartAsync(params IReadOnlyList<string> settings)
    {
        var gateway = new RunningService<GatewayService>(fixture) { Settings = settings };
        await gateway.InitializeAsync();
        return gateway;
    }

    private static async Task<string?> AllowedAsync(RunningService<GatewayService> gateway, string origin, HttpMethod verb, string path)
    {
        using var answer = await SendAsync(gateway, origin, verb, path);
        return One(answer, "Access-Control-Allow-Origin");
    }

    private static async Task<HttpResponseMessage> SendAsync(RunningService<GatewayService> gateway, string origin, HttpMethod verb, string path)
    {
        using var request = new HttpRequestMessage(verb, path);
        request.Headers.Add("Origin", origin);
        if (verb == HttpMethod.Options)
        {
            request.Headers.Add("Access-Control-Request-Method", "POST");
            request.Headers.Add("Access-Control-Request-Headers", "authorization,content-type,idempotency-key");
        }

        return await gateway.Internal.SendAsync(request);
    }

    private static string? One(HttpResponseMessage answer, string header) => answer.Headers.TryGetValues(header, out var values) ? string.Join(',', values) : null;
}
