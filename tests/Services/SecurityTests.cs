using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Routing;
using OrderMall.Contracts;
using OrderMall.Contracts.Events;
using OrderMall.ServiceDefaults;
using OrderMall.ServiceDefaults.Api;
using OrderMall.ServiceDefaults.Dapr;

namespace OrderMall.Services.Tests;

/// <summary>Whoever does not come through a service's own sidecar gets nothing from it, whatever they ask and whoever they say they are.</summary>
[Collection(DoorCollection.Name)]
public sealed partial class SecurityTests(ServiceFixture fixture) : IServiceTest
{
    private static readonly string[][] WrongTokens = [[], [""], ["app-tokem"], ["app-toke"], ["app-token x"], ["APP-TOKEN"], ["app-token", "app-token"], ["Bearer app-token"]];
    private static readonly string[] Verbs = ["GET", "POST"];

    // People reach the gateway: what services tell each other is not there for them, whoever they say they are.
    [Fact]
    public async Task The_gateway_tells_operations_alone_and_through_its_sidecar_how_it_is()
    {
        await using var gateway = await StartAsync<Gateway.GatewayService>();
        foreach (var (verb, path) in new[] { ("GET", "/alarms"), ("POST", "/audit/messaging") })
        {
            foreach (var caller in new[] { AppIds.Operations, AppIds.Gateway, AppIds.Ordering, AppIds.MallControl, "", null })
            {
                foreach (var tokens in WrongTokens.Append(["app-token"]))
                {
                    using var stranger = new HttpClient { BaseAddress = gateway.Internal.BaseAddress };
                    using var request = new HttpRequestMessage(new HttpMethod(verb), path);
                    foreach (var token in tokens)
                        request.Headers.TryAddWithoutValidation(SidecarEndpoint.TokenHeader, token);
                    if (caller is not null)
                        request.Headers.TryAddWithoutValidation(GatewayIdentity.CallerHeader, caller);
                    using var answer = await stranger.SendAsync(request);
                    var expected = (caller, tokens) is (AppIds.Operations, ["app-token"]) ? HttpStatusCode.OK : HttpStatusCode.NotFound;
                    Assert.True(answer.StatusCode == expected, $"{verb} {path} by '{caller}' with [{string.Join("|", tokens)}]: {(int)answer.StatusCode}");
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(EveryService.InternalAppIds), MemberType = typeof(EveryService))]
    public Task Strangers_get_nothing_from_a_service(string appId) => EveryService.HasAsync(appId, this);

    async Task IServiceTest.HoldsForAsync<TService>()
    {
        await using var service = await StartAsync<TService>();
        using var stranger = new HttpClient { BaseAddress = service.Internal.BaseAddress };
        var asked = service.Endpoints.SelectMany(endpoint =>
            (endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? Verbs).Select(verb => (Verb: verb, Path: PathOf(endpoint)))).ToList();
        Assert.NotEmpty(asked);
        foreach (var (verb, path) in asked.Append(("GET", "/")).Append(("GET", "/nothing/like/it")).Append(("POST", $"{Probes.Ready}/x")))
        {
            foreach (var tokens in WrongTokens)
            {
                using var request = Forged(verb, path, tokens);
                using var answer = await stranger.SendAsync(request);
                Assert.True(answer.StatusCode == HttpStatusCode.Unauthorized, $"{verb} {path} with [{string.Join("|", tokens)}]: {(int)answer.StatusCode}");
                Assert.Equal("sign-in", (await answer.Content.ReadFromJsonAsync<Problem>())!.Type.Split(':')[^1]);
            }
        }

        // What is refused is there: with the token it answers.
        using var through = await service.Internal.GetAsync("/openapi/v1.json");
        Assert.Equal(HttpStatusCode.OK, through.StatusCode);

        // Whoever watches over it may know that it lives, and nothing else.
        foreach (var probe in new[] { Probes.Ready, Probes.Alive })
        {
            using var answer = await stranger.GetAsync(probe);
            Assert.Equal((HttpStatusCode.OK, "Healthy"), (answer.StatusCode, await answer.Content.ReadAsStringAsync()));
            Assert.DoesNotContain(answer.Headers, header => header.Key is "Server" or "X-Powered-By");
        }
    }

    private async Task<RunningService<TService>> StartAsync<TService>()
        where TService : IMallService
    {
        var service = new RunningService<TService>(fixture);
        await service.InitializeAsync();
        return service;
    }

    private static HttpRequestMessage Forged(string verb, string path, string[] tokens)
    {
        var request = new HttpRequestMessage(new HttpMethod(verb), path);
        if (verb is "POST" or "PUT" or "PATCH")
            request.Content = JsonContent.Create(new { id = "1", type = OrderEvent.Accepted, data = new { } }, new MediaTypeHeaderValue("application/cloudevents+json"));
        foreach (var token in tokens)
            request.Headers.TryAddWithoutValidation(SidecarEndpoint.TokenHeader, token);
        request.Headers.Add(GatewayIdentity.CallerHeader, AppIds.Gateway);
        request.Headers.Add(GatewayIdentity.UserHeader, "operator");
        request.Headers.Add(GatewayIdentity.RolesHeader, string.Join(',', Roles.Operator, Roles.Customer, Roles.Merchant));
        return request;
    }

    private static string PathOf(RouteEndpoint endpoint) =>
        "/" + Parameter().Replace(endpoint.RoutePattern.RawText!.TrimStart('/'), Guid.NewGuid().ToString());

    private sealed record Problem(string Type);

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Parameter();
}
