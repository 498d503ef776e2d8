using System.Collections.Concurrent;
using System.Net;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using OrderMall.Contracts;
using OrderMall.Gateway;
using OrderMall.ServiceDefaults.Api;
using OrderMall.ServiceDefaults.Dapr;

namespace OrderMall.Services.Tests;

/// <summary>Whatever the headers of a request, no call of any service fails on them: it is answered as usual, or refused.</summary>
[Collection(DoorCollection.Name)]
public sealed partial class HeaderTests(ServiceFixture fixture) : IServiceTest
{
    private static readonly string[] Names =
    [
        "Accept", "Accept-Encoding", "Accept-Language", "Content-Encoding", "If-Match", "If-None-Match", "If-Modified-Since", "Idempotency-Key", "Prefer", "Traceparent", "Tracestate", "Baggage",
        "Last-Event-ID", "Cookie", "Range", "Origin", "User-Agent", "X-Forwarded-For", "X-Forwarded-Proto", "Forwarded", "X-HTTP-Method-Override", "Request-Id", "grpc-trace-bin", "Content-Language",
    ];

    private static readonly string[] Values =
    [
        "", "\"", ";;;===,,,", "é 김 🛒", "-1", "99999999999999999999", new string('x', 1_000), "*/*;q=nan", "00-00000000000000000000000000000000-0000000000000000-ff", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "%00%ff", "{}[]()<>@", "W/\"", "bytes=0-,1-,9-1", "respond-async, wait=-1", "1, 2, 3",
    ];

    private static readonly string[] ContentTypes =
    [
        "application/json; charset=\"utf-8\"", "application/json;charset=\"UTF-8\"", "application/json; charset=klingon", "application/json; charset=", "application/json; charset=\"\"", "application/json; charset=utf-16", "application/json; charset=utf-7",
        "application/json; charset=utf-8; charset=\"klingon\"", "application/json; charset", "application/json;;;", "application/json; charset=\"", "application/cloudevents+json; charset=\"utf-8\"", "application/cloudevents+json; charset=klingon",
        "application/x-www-form-urlencoded; charset=\"klingon\"", "multipart/form-data; boundary=\"", "multipart/form-data", "text/plain; charset=\"klingon\"", "application/*", "/", "", "é", "application/json, text/plain", "application/grpc", "application/json\r\nContent-Type: text/plain",
    ];

    private static readonly (string Headers, string Body)[] Frames =
    [
        ("Content-Length: 50\r\n", "{}"), ("Content-Length: -1\r\n", "{}"), ("Content-Length: two\r\n", "{}"), ("Content-Length: 2\r\nContent-Length: 3\r\n", "{}x"), ("Content-Length: 99999999999999999999\r\n", "{}"), ("Content-Length: 9000000000\r\n", "{}"),
        ("Transfer-Encoding: gzip\r\n", "{}"), ("Transfer-Encoding: chunked\r\n", "zz\r\n{}"), ("Transfer-Encoding: chunked\r\nContent-Length: 2\r\n", "2\r\n{}\r\n0\r\n\r\n"), ("Transfer-Encoding: chunked\r\n", "2\r\n{"), ("Transfer-Encoding: \"chunked\r\n", "{}"),
        ("Content-Length: 0\r\nAuthorization: \u0001\u007f\r\n", ""), ("Content-Length: 0\r\nPrefer: a\0b\r\n", ""), ("Content-Length: 0\r\nHost: other\r\n", ""), ("Content-Length: 0\r\nExpect: everything\r\n", ""), ("Content-Length: 0\r\nConnection: upgrade, close\r\nUpgrade: websocket\r\n", ""), ("Content-Length: 0\r\n: x\r\n", ""),
        ("Content-Length: 0\r\nPrefer\r\n", ""), ("Content-Length: 0\r\nX: " + new string('x', 40_000) + "\r\n", ""),
    ];

    private static readonly string[] Verbs = ["GET", "POST"];

    [Fact]
    public async Task A_charset_may_be_quoted_and_another_than_utf_8_is_refused()
    {
        await using var gateway = new RunningService<GatewayService>(fixture);
        await gateway.InitializeAsync();
        foreach (var (type, status) in new[] { ("application/json; charset=\"utf-8\"", HttpStatusCode.Unauthorized), ("application/json; charset=\"UTF-8\"", HttpStatusCode.Unauthorized), ("application/json", HttpStatusCode.Unauthorized), ("application/json; charset=klingon", HttpStatusCode.UnsupportedMediaType), ("application/json; charset=utf-16", HttpStatusCode.UnsupportedMediaType) })
        {
            using var content = new StringContent($$"""{"email":"nobody@mall.test","password":"{{Demo.Password}}"}""");
            content.Headers.Remove("Content-Type");
            content.Headers.TryAddWithoutValidation("Content-Type", type);
            using var answer = await gateway.Internal.PostAsync("/api/account/login", content);
            Assert.Equal((type, status), (type, answer.StatusCode));
            Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        }
    }

    [Theory]
    [MemberData(nameof(EveryService.AppIds), MemberType = typeof(EveryService))]
    public Task No_header_makes_a_service_fail(string appId) => EveryService.HasAsync(appId, this);

    async Task IServiceTest.HoldsForAsync<TService>()
    {
        await using var service = new RunningService<TService>(fixture) { Settings = ["Mall:Demo=true", "RateLimit:PerSecond=100000", "RateLimit:Burst=100000", "Web:RateLimit:PerSecond=100000", "Web:RateLimit:Burst=100000"] };
        await service.InitializeAsync();
        var identity = $"{SidecarEndpoint.TokenHeader}: app-token\r\n{GatewayIdentity.CallerHeader}: {AppIds.Gateway}\r\n{GatewayIdentity.UserHeader}: demo-alice\r\n{GatewayIdentity.RolesHeader}: {string.Join(',', Demo.Accounts.Select(account => account.Role).Distinct())}\r\n";
        // Lists where one is asked for: an audit that finds none has nothing to look at again.
        service.Sidecar.OtherwiseCalled = context => context.Response.WriteAsync(context.Request.Path.Value is { } called && called.Contains("/audit/") && !called.EndsWith("/messaging") ? "[]" : "{}");
        if (service is RunningService<GatewayService> gateway)
            identity = $"Authorization: Bearer {(await Accounts.SignInAsync(gateway.Internal, "operator@mall.test")).AccessToken}\r\n";

        var calls = service.Endpoints.SelectMany(endpoint =>
            (endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? Verbs).Select(verb => (Verb: verb, Path: "/" + Parameter().Replace(endpoint.RoutePattern.RawText!.Trim('/'), "01890000-0000-7000-8000-000000000000"))))
            .Where(call => call.Verb != "HEAD").Distinct().ToList();
        Assert.NotEmpty(calls);
        var failed = new ConcurrentQueue<string>();
        foreach (var (verb, path) in calls)
        {
            var usual = await StatusAsync(verb, path, Json, "{}");
            // Only the gateway's limit on attempts to sign in is no setting.
            Assert.True(usual > 0 && (usual != 429 || path.StartsWith("/api/account/", StringComparison.Ordinal)), $"{verb} {path} was not answered, but {usual}");
            await Task.WhenAll(
            [
                .. ContentTypes.Select(type => BearAsync($"Content-Type: {type}\r\nContent-Length: 2\r\n", "{}")),
                .. Values.Select((_, turn) => BearAsync(Json + string.Concat(Names.Select((name, i) => $"{name}: {Values[(i + turn) % Values.Length]}\r\n")), "{}")),
                .. Frames.Select(frame => BearAsync("Content-Type: application/json\r\n" + frame.Headers, frame.Body, isAll: true)),
            ]);

            async Task BearAsync(string headers, string body, bool isAll = false)
            {
                var status = await StatusAsync(verb, path, headers, body, isAll);
                if (status >= 500 && status != usual)
                    failed.Enqueue($"{verb} {path}: {status} with\n{headers}");
            }
        }

        Assert.True(failed.Count == 0, $"{failed.Count} calls failed:\n{string.Join('\n', failed.Take(10))}\n{service.Logs.GetSnapshot().FirstOrDefault(line => line.Exception is not null)?.Exception}");

        // Whoever says that nothing more comes where something is missing is closed, and may as well be unanswered.
        async Task<int> StatusAsync(string verb, string path, string headers, string body, bool isAll = false)
        {
            using var connection = await RawConnection.OpenAsync(service.Internal.BaseAddress!);
            await connection.AskAsync($"{verb} {path}", identity + headers, body);
            if (isAll)
                connection.Finish();
            return await connection.StatusAsync();
        }
    }

    private const string Json = "Content-Type: application/json\r\nContent-Length: 2\r\n";

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Parameter();
}
