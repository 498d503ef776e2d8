using System.Net.Http.Headers;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using OrderMall.Contracts;
using OrderMall.Gateway;

namespace OrderMall.Services.Tests;

/// <summary>Whatever is sent as a body, and whatever is missing in it, no call of any service fails on it: people's, other services' and the sidecar's.</summary>
[Collection(ServiceCollection.Name)]
public sealed partial class BodiesTests(ServiceFixture fixture) : IServiceTest
{
    private static readonly string[] Bodies = ["{}", "null", "[]", "[{}]", "[null]", "7", "\"text\"", "true", "", "{", "\0", "{\"x\":1}"];
    private static readonly string[] Values = ["null", "[]", "[null]", "[{}]", "{}", "\"text\"", "\"\"", "7", "-7", "1e30", "true"];
    private static readonly string[] WithBodies = ["POST", "PUT", "PATCH"];

    [Theory]
    [MemberData(nameof(EveryService.AppIds), MemberType = typeof(EveryService))]
    public Task No_body_makes_a_service_fail(string appId) => EveryService.HasAsync(appId, this);

    async Task IServiceTest.HoldsForAsync<TService>()
    {
        await using var service = new RunningService<TService>(fixture) { Settings = ["Mall:Demo=true", "RateLimit:PerSecond=100000", "RateLimit:Burst=100000", "Web:RateLimit:PerSecond=100000", "Web:RateLimit:Burst=100000"] };
        await service.InitializeAsync();
        service.Sidecar.OtherwiseCalled = context =>
        {
            context.Response.StatusCode = 200;
            return Task.CompletedTask;
        };
        using var somebody = service.As("demo-alice", string.Join(',', Demo.Accounts.Select(account => account.Role).Distinct()));
        if (service is RunningService<GatewayService> gateway)
            somebody.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", (await Accounts.SignInAsync(gateway.Internal, "operator@mall.test")).AccessToken);

        var failed = new List<string>();
        foreach (var endpoint in service.Endpoints)
        {
            var verbs = endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? WithBodies;
            var path = "/" + Parameter().Replace(endpoint.RoutePattern.RawText!.Trim('/'), "01890000-0000-7000-8000-000000000000");
            var accepts = endpoint.Metadata.GetMetadata<IAcceptsMetadata>();
            var read = accepts?.RequestType;
            var fields = read?.GetProperties().Select(field => char.ToLowerInvariant(field.Name[0]) + field.Name[1..]).ToList() ?? [];
            foreach (var verb in verbs.Intersect(WithBodies))
            {
                foreach (var body in Bodies.Concat(fields.SelectMany(field => Values.Select(value => $"{{\"{field}\":{value}}}"))))
                {
                    using var request = new HttpRequestMessage(new HttpMethod(verb), path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
                    using var answer = await somebody.SendAsync(request);
                    // What reads no body goes on without, and may find that somebody else does not answer.
                    if ((int)answer.StatusCode >= 500 && (read is not null || (int)answer.StatusCode != 503))
                        failed.Add($"{verb} {path} with {body}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
                    else if (read is not null && (body is "[]" or "7" || (body == "null" && !accepts!.IsOptional)) && answer.IsSuccessStatusCode)
                        failed.Add($"{verb} {path} takes {body}");
                }
            }
        }

        Assert.True(failed.Count == 0, $"{failed.Count} calls failed:\n{string.Join('\n', failed.Take(20))}");
    }

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Parameter();
}
