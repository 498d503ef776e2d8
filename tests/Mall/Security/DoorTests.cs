using System.Net;
using System.Net.Http.Headers;
using OrderMall.Mall.Tests.Opening;

namespace OrderMall.Mall.Tests.Security;

/// <summary>Through the door one comes to the public API and to nothing behind it: no event, no question between services, no sidecar.</summary>
public sealed class DoorTests(MallFixture mall) : IClassFixture<MallFixture>, IDisposable
{
    // What services are asked by their sidecars and by each other, and what sidecars are asked.
    private static readonly string[] Inside =
    [
        "events/orders", "events/store", "events/payments", "events/deliveries", "events/dead-letters", "dapr/subscribe", "dapr/config",
        "charges", "refunds", "holds", "stops", "review-requests", "provider/charges", "provider/refunds", "mode",
        "audit/orders", "audit/payments", "audit/charges/page", "audit/messaging", "alarms", "republications", "dead-letters", "dead-letters/1/replay", "openapi/v1.json/x",
        "v1.0/publish/pubsub/orders", "v1.0-alpha1/publish/bulk/pubsub/orders", "v1.0/invoke/payment/method/charges", "v1.0/state/statestore", "v1.0/metadata", "v1.0/shutdown",
    ];

    private static readonly string[] WaysIn =
    [
        "/{0}", "//{0}", "/./{0}", "/api/{0}", "/api/../{0}", "/api//{0}",
        "/api/orders/../../{0}", "/api/orders/../{0}", "/api/orders/%2e%2e/%2e%2e/{0}", "/api/orders/.%2e/%2E./{0}", "/api/orders/..%2f..%2f{0}", "/api/orders/%2e%2e%2f%2e%2e%2f{0}",
        "/api/orders/%252e%252e/%252e%252e/{0}", "/api/orders/..%252f..%252f{0}", "/api/orders/..%5c..%5c{0}", "/api/orders/..\\..\\{0}", "/api/orders/..;/..;/{0}",
        "/api/orders/.../.../{0}", "/api/orders/%c0%ae%c0%ae/{0}", "/api/orders/x%00/../../{0}", "/api/orders/%0d%0a/{0}", "/api/orders/%3f/{0}", "/api/orders/%23/{0}", "/api/orders/%7f{0}", "/api/orders#/../../{0}", "/api/orders?/../../{0}", "/api/orders/{0}",
        "/api/offers/../../{0}", "/api/offers/..%2f..%2f{0}", "/api/payments/..%2f..%2f{0}", "/api/deliveries/../../{0}", "/api/store/../{0}", "/api/notifications/../../{0}",
    ];

    private static readonly (string, string)[] Forged =
    [
        ("X-Mall-User", "operator"), ("X-Mall-Roles", "operator,courier,merchant,customer"), ("X-Mall-Email", "operator@mall.test"), ("x-mall-user", "operator"),
        ("Dapr-Caller-App-Id", "gateway"), ("Dapr-Caller-Namespace", "default"), ("dapr-api-token", "token"), ("dapr-app-id", "payment"), ("dapr-callee-app-id", "payment"),
        ("X-Forwarded-Host", "payment"), ("X-Original-URL", "/events/orders"), ("X-Rewrite-URL", "/events/orders"), ("X-HTTP-Method-Override", "DELETE"),
        ("Connection", "close, X-Mall-Roles, Authorization"), ("Forwarded", "for=127.0.0.1;host=payment"),
    ];

    private static readonly HttpStatusCode[] Refusals =
    [
        HttpStatusCode.BadRequest, HttpStatusCode.Unauthorized, HttpStatusCode.Forbidden, HttpStatusCode.NotFound, HttpStatusCode.MethodNotAllowed, HttpStatusCode.UnsupportedMediaType,
    ];

    private readonly HttpClient _raw = new(new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false }) { BaseAddress = mall.Address };

    public void Dispose() => _raw.Dispose();

    [Fact]
    public async Task No_path_leads_to_what_is_behind_the_door()
    {
        var customer = await mall.NewCustomerAsync();
        var order = await customer.PlaceAsync(await (await mall.BookshopAsync()).SellBookAsync());
        await customer.OnPageAsync(order, "Preparing");
        // One person may ask a hundred times a second.
        var strangers = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => mall.NewCustomerAsync()));
        string[] tokens = [customer.AccessToken!, .. strangers.Select(stranger => stranger.AccessToken!)];
        var asked = 0;
        var delivered = $$$"""{"id":"{{{Guid.NewGuid()}}}","source":"delivery","type":"Delivered","specversion":"1.0","topic":"deliveries","pubsubname":"pubsub","data":{"orderId":"{{{order}}}","version":9,"at":"2030-01-01T00:00:00Z"}}""";
        foreach (var inside in Inside)
        {
            foreach (var wayIn in WaysIn)
            {
                var path = string.Format(System.Globalization.CultureInfo.InvariantCulture, wayIn, inside);
                foreach (var verb in new[] { HttpMethod.Post, HttpMethod.Get, HttpMethod.Put })
                    await IsRefusedAsync(verb, path, tokens[asked++ % tokens.Length], verb == HttpMethod.Get ? null : delivered);
            }
        }

        Assert.Equal("Preparing", await customer.StatusAsync(order));
    }

    [Fact]
    public async Task Nobody_becomes_somebody_else_by_headers()
    {
        var (owner, stranger) = (await mall.NewCustomerAsync(), await mall.NewCustomerAsync());
        var order = await owner.PlaceAsync(await (await mall.BookshopAsync()).SellBookAsync());
        (string, string)[] asOwner = [.. Forged, ("X-Mall-User", owner.Id), ("x-mall-user", owner.Id)];
        foreach (var path in new[] { "/api/ops/audit", Operator.Services, "/api/deliveries", "/api/store/orders", "/api/reviews", $"/api/orders/{order}", "/api/mypage/orders" })
            (await mall.Anyone.SendAsync(HttpMethod.Get, path, null, asOwner)).IsProblem(HttpStatusCode.Unauthorized, "sign-in");
        foreach (var path in new[] { "/api/ops/audit", Operator.Services, "/api/deliveries", "/api/store/orders", "/api/reviews" })
            (await stranger.SendAsync(HttpMethod.Get, path, null, asOwner)).IsProblem(HttpStatusCode.Forbidden, "forbidden");
        (await stranger.SendAsync(HttpMethod.Get, $"/api/orders/{order}", null, asOwner)).IsProblem(HttpStatusCode.NotFound, "not-found");
        (await stranger.SendAsync(HttpMethod.Get, $"/api/payments/{order}", null, asOwner)).IsProblem(HttpStatusCode.NotFound, "not-found");
        (await stranger.SendAsync(HttpMethod.Post, $"/api/orders/{order}/cancellation", null, asOwner)).IsProblem(HttpStatusCode.NotFound, "not-found");
        Assert.Equal(0, (await stranger.SendAsync(HttpMethod.Get, "/api/mypage/orders", null, asOwner)).Is(HttpStatusCode.OK).Json.GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task An_event_is_no_order()
    {
        var customer = await mall.NewCustomerAsync();
        var offer = await (await mall.BookshopAsync()).SellBookAsync(copies: 3);
        using var body = new StringContent($$$"""{"id":"1","source":"ordering","type":"OrderAccepted","specversion":"1.0","data":{"offerId":"{{{offer}}}","quantity":1,"destination":"Seoul","paymentMethod":"card_ok"}}""");
        body.Headers.ContentType = new MediaTypeHeaderValue("application/cloudevents+json");
        var answer = await customer.SendAsync(HttpMethod.Post, "/api/orders", body);
        Assert.True(answer.Status is HttpStatusCode.BadRequest or HttpStatusCode.UnsupportedMediaType, answer.ToString());
        Assert.Empty(await customer.PageAsync());
    }

    [Fact]
    public async Task What_services_say_to_each_other_is_not_said_to_people()
    {
        var answer = await (await mall.NewCustomerAsync()).GetAsync("/api/offers?limit=1");
        Assert.DoesNotContain(answer.Headers.Keys, name => name.StartsWith("X-Mall-", StringComparison.OrdinalIgnoreCase)
            || name.StartsWith("Dapr-", StringComparison.OrdinalIgnoreCase) || name is "Server" or "X-Powered-By");
    }

    private async Task IsRefusedAsync(HttpMethod verb, string path, string token, string? body)
    {
        HttpResponseMessage answer;
        // Even so they may ask more than they are allowed to.
        while ((answer = await SendAsync(verb, path, token, body)).StatusCode == HttpStatusCode.TooManyRequests)
        {
            await Task.Delay(answer.Headers.RetryAfter!.Delta!.Value);
            answer.Dispose();
        }

        using (answer)
            Assert.True(Refusals.Contains(answer.StatusCode), $"{verb} {path}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod verb, string path, string token, string? body)
    {
        // As it is written: HttpClient would tidy it up.
        var address = new Uri(mall.Address.GetLeftPart(UriPartial.Authority) + path, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        using var request = new HttpRequestMessage(verb, address) { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", token) } };
        foreach (var (name, value) in Forged)
            request.Headers.TryAddWithoutValidation(name, value);
        if (body is not null)
            request.Content = new StringContent(body, new MediaTypeHeaderValue("application/cloudevents+json"));
        return await _raw.SendAsync(request);
    }
}
