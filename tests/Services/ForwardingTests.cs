using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using OrderMall.Contracts;
using OrderMall.Gateway;
using OrderMall.ServiceDefaults;

namespace OrderMall.Services.Tests;

/// <summary>What the gateway makes of answers that are Dapr's and not a service's, and of those without an end.</summary>
[Collection(DoorCollection.Name)]
public sealed class ForwardingTests(ServiceFixture fixture)
{
    [Theory]
    [InlineData(200, "", null, 503)]
    [InlineData(500, """{"errorCode":"ERR_DIRECT_INVOKE","message":"app is not in a healthy state"}""", "application/json", 503)]
    [InlineData(500, """{"title":"The service's own"}""", "application/problem+json", 500)]
    [InlineData(200, "{}", "application/json", 200)]
    public async Task An_answer_that_is_nobodys_means_that_the_service_is_away(int status, string body, string? contentType, int answered)
    {
        await using var gateway = new RunningService<GatewayService>(fixture);
        await gateway.InitializeAsync();
        gateway.Sidecar.Called["catalog/api/offers"] = async context =>
        {
            (context.Response.StatusCode, context.Response.ContentType, context.Response.ContentLength) = (status, contentType, body.Length);
            await context.Response.WriteAsync(body);
        };
        using var answer = await gateway.Internal.GetAsync("/api/offers");
        Assert.Equal((HttpStatusCode)answered, answer.StatusCode);
        Assert.Equal(answered == 503, answer.Headers.RetryAfter is not null);
        if (answered == 503)
            Assert.Equal("urn:ordermall:problem:unavailable", JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.GetProperty("type").GetString());
    }

    [Theory]
    [InlineData(100_000, HttpStatusCode.OK)]
    [InlineData(1_048_576, HttpStatusCode.OK)]
    [InlineData(1_048_577, HttpStatusCode.RequestEntityTooLarge)]
    public async Task What_comes_in_chunks_arrives_whole_or_not_at_all(int size, HttpStatusCode status)
    {
        await using var gateway = new RunningService<GatewayService>(fixture);
        await gateway.InitializeAsync();
        var sent = Enumerable.Range(0, size).Select(i => (byte)i).ToArray();
        var arrived = new MemoryStream();
        gateway.Sidecar.Called["catalog/api/offers"] = async context =>
        {
            await context.Request.Body.CopyToAsync(arrived);
            await context.Response.WriteAsync("{}");
        };
        var token = (await Accounts.SignInAsync(gateway)).AccessToken;
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/offers") { Content = new ByteArrayContent(sent) };
        (request.Headers.TransferEncodingChunked, request.Headers.Authorization) = (true, new("Bearer", token));
        using var answer = await gateway.Internal.SendAsync(request);
        Assert.Equal(status, answer.StatusCode);
        Assert.Equal(status == HttpStatusCode.OK, arrived.ToArray().AsSpan().SequenceEqual(sent));
    }

    [Theory]
    [InlineData("audit", "operations")]
    [InlineData("dead-letters/store/1", "operations")]
    [InlineData("nothing", "operations")]
    [InlineData("services", "mall-control")]
    [InlineData("services/store/stop", "mall-control")]
    [InlineData("payment-provider", "mall-control")]
    public async Task What_operators_ask_goes_to_operations_and_what_only_a_mall_on_one_machine_has_to_its_control(string path, string appId)
    {
        await using var gateway = new RunningService<GatewayService>(fixture) { Settings = ["--Mall:Demo", "true"] };
        await gateway.InitializeAsync();
        foreach (var possible in new[] { AppIds.Operations, AppIds.MallControl })
            gateway.Sidecar.Called[$"{possible}/api/ops/{path}"] = context => context.Response.WriteAsync(possible);
        foreach (var (who, status) in new[] { ("alice", HttpStatusCode.Forbidden), ("operator", HttpStatusCode.OK) })
        {
            using var login = await gateway.Internal.PostAsJsonAsync("/api/account/login", new { email = $"{who}@mall.test", password = Demo.Password });
            gateway.Internal.DefaultRequestHeaders.Authorization = new("Bearer", (await login.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("accessToken").GetString());
            using var answer = await gateway.Internal.GetAsync($"/api/ops/{path}");
            Assert.Equal(status, answer.StatusCode);
            Assert.Equal(status == HttpStatusCode.OK, await answer.Content.ReadAsStringAsync() == appId);
        }
    }

    [Fact]
    public async Task A_gateway_that_leaves_ends_event_streams_and_does_not_wait_for_them()
    {
        await using var gateway = new RunningService<GatewayService>(fixture);
        await gateway.InitializeAsync();
        gateway.Sidecar.Called["catalog/api/offers"] = async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync("data: first\n\n");
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.InfiniteTimeSpan, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        };
        using var answer = await gateway.Internal.GetAsync("/api/offers", HttpCompletionOption.ResponseHeadersRead);
        using var stream = new StreamReader(await answer.Content.ReadAsStreamAsync());
        Assert.Equal("data: first", await stream.ReadLineAsync());

        var left = Stopwatch.StartNew();
        await gateway.StopReplicaAsync(gateway.Internal.BaseAddress!);
        Assert.InRange(left.Elapsed, TimeSpan.Zero, ServiceHost.DrainTime / 2);
        Assert.Equal("", (await stream.ReadToEndAsync()).Trim());
    }
}
