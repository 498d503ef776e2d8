using System.Collections.Concurrent;
using System.Net;
using System.Text;
using OrderMall.Mall.Tests.Opening;

namespace OrderMall.Mall.Tests;

/// <summary>Whatever is sent, the mall answers with a problem that says what is wrong, and nothing moves.</summary>
public sealed class BadInputTests(MallFixture mall) : IClassFixture<MallFixture>
{
    private const HttpStatusCode Bad = HttpStatusCode.BadRequest;
    private const string Unknown = "01890000-0000-7000-8000-000000000000";

    // Asks before it sends much: who does not may find the door closed before the answer can be read.
    private static readonly (string, string) Careful = ("Expect", "100-continue");
    private static readonly string TooLong = new('x', 20_000);
    private readonly ConcurrentBag<string> _wrong = [];

    [Fact]
    public async Task Orders_that_make_no_sense_are_refused_by_field_and_move_nothing()
    {
        var (shop, customer) = (await mall.BookshopAsync(), await mall.NewCustomerAsync());
        var offer = await shop.SellBookAsync(copies: 10);

        await RefusedAsync(customer, "quantity", "1.5", "0", "-1", "1001", "2147483648", "1e30", "-1e30", "1e400", "\"1\"", "true", "null", "[]", "{}", "NaN");
        await RefusedAsync(customer, "offerId", "\"nothing\"", "\"\"", "7", "null", "[]");
        await RefusedAsync(customer, "paymentMethod", "\"card_unknown\"", "\"\"", "7", "null", $"\"{TooLong}\"", "\"card_ok\\u0000\"");
        await RefusedAsync(customer, "destination", $"\"{TooLong}\"", "7", "null", "\"\"", "\" \"", "\"a\\u0000b\"", "\"\\ud800\"", "{}");
        await RefusedAsync(customer, "note", $"\"{TooLong}\"", "7", "\"a\\u0000b\"", "\"\\ud800\"", Deep(100_000));
        await RefusedAsync(customer, "date", "\"soon\"", "\"2026-02-30\"", "\"2026-01-01T00:00:00Z\"", "20260101");
        await RefusedAsync(customer, "somethingElse", Deep(100_000));
        foreach (var body in new[] { "", "null", "[]", "7", "\"order\"", "{", "{}", "{\"offerId\":", "[" + Order() + "]", "\0", Deep(50_000), "{\"offerId\":\"" + offer + "\"" })
            await ExpectAsync(customer, Bad, "validation|bad-request", HttpMethod.Post, "/api/orders", body);
        foreach (var type in new[] { "text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "" })
            await ExpectAsync(customer, HttpStatusCode.UnsupportedMediaType, "not-json", HttpMethod.Post, "/api/orders", Order(), type);
        foreach (var key in new[] { new string('k', 201), "two words", "" })
            await ExpectAsync(customer, Bad, "validation|bad-request", HttpMethod.Post, "/api/orders", Order(), "application/json", ("Idempotency-Key", key));
        await ExpectAsync(customer, HttpStatusCode.NotFound, "not-found", HttpMethod.Post, "/api/orders", Order("offerId", $"\"{Unknown}\""));
        await ExpectAsync(customer, HttpStatusCode.Conflict, "sold-out", HttpMethod.Post, "/api/orders", Order("quantity", "11"));
        foreach (var size in new[] { 1_200_000, 10_000_000 })
            await ExpectAsync(customer, HttpStatusCode.RequestEntityTooLarge, "too-large", HttpMethod.Post, "/api/orders", Order("note", $"\"{new string('x', size)}\""), "application/json", Careful);
        foreach (var id in new[] { "nothing", "7", Unknown, "a%2Fb", "a%252Fb", "a%5Cb" })
        {
            await ExpectAsync(customer, HttpStatusCode.NotFound, "not-found", HttpMethod.Get, $"/api/orders/{id}x");
            await ExpectAsync(customer, HttpStatusCode.NotFound, "not-found", HttpMethod.Post, $"/api/orders/{id}x/cancellation");
        }

        await ExpectAsync(customer, HttpStatusCode.NotFound, "not-found", HttpMethod.Get, $"/api/orders/{Unknown}");
        await ExpectAsync(customer, HttpStatusCode.NotFound, "not-found", HttpMethod.Post, $"/api/orders/{Unknown}/cancellation");
        await ExpectAsync(customer, HttpStatusCode.NotFound, "not-found", HttpMethod.Get, $"/api/payments/{Unknown}");
        await ExpectAsync(customer, HttpStatusCode.MethodNotAllowed, "method-not-allowed", HttpMethod.Delete, $"/api/orders/{Unknown}");

        NothingIsWrong();
        Assert.Equal(10, await shop.AvailableAsync(offer));
        Assert.Empty(await customer.PageAsync());
        await (await mall.OperatorAsync()).FindsAllInOrderAsync();

        string Order(string? field = null, string? value = null)
        {
            var fields = new Dictionary<string, string>
            {
                ["offerId"] = $"\"{offer}\"",
                ["quantity"] = "1",
                ["destination"] = "\"Somewhere\"",
                ["paymentMethod"] = "\"card_ok\"",
            };
            if (field is not null)
                fields[field] = value!;
            return "{" + string.Join(',', fields.Select(pair => $"\"{pair.Key}\":{pair.Value}")) + "}";
        }

        async Task RefusedAsync(Person who, string field, params string[] values)
        {
            foreach (var value in values)
            {
                var answer = await ExpectAsync(who, Bad, "validation", HttpMethod.Post, "/api/orders", Order(field, value));
                // What cannot be read at all has no fields.
                if (answer.Problem == "validation" && !answer.Text.Contains($"\"{field}", StringComparison.Ordinal) && !answer.Text.Contains("\"body\"", StringComparison.Ordinal))
                    _wrong.Add($"{field}={value[..Math.Min(30, value.Length)]} is not named: {answer}");
            }
        }
    }

    [Fact]
    public async Task Offers_that_cannot_be_sold_are_refused_by_field()
    {
        var (shop, kind) = (await mall.BookshopAsync(), $"book-{Guid.NewGuid():N}");
        var offer = await shop.SellBookAsync(copies: 10);
        var fields = new (string Field, string[] Values)[]
        {
            ("kind", ["null", "\"\"", "\"Book\"", "\"two words\"", "\"book\\n\"", $"\"{TooLong}\"", "7", "\"b\\u0000\""]),
            ("title", ["null", "\"\"", "\" \"", $"\"{TooLong}\"", "7", "\"a\\u0000b\""]),
            ("price", ["null", "-1", "1e30", "1e400", "0.001", "\"12000\"", "0", "1000000001", "{}"]),
            ("currency", ["null", "\"\"", "\"won\"", "\"KRW\\n\"", "7"]),
            ("prepayment", ["null", "\"later\"", "\"\"", "7", "0"]),
            ("fulfilment", ["null", "\"magic\"", "7"]),
            ("capacity", ["-1", "1.5", "1e30", "\"7\"", "1000001"]),
            ("deposit", ["1", "-1", "1e30", "\"7\""]),
            ("date", ["\"soon\"", "7"]),
            ("place", [$"\"{TooLong}\"", "\"a\\u0000b\"", "7"]),
            ("details", [$"\"{TooLong}\"", "\"a\\u0000b\"", "7"]),
        };
        foreach (var (field, values) in fields)
        {
            foreach (var value in values)
                await ExpectAsync(shop, Bad, "validation", HttpMethod.Post, "/api/offers", Offer(field, value));
        }

        foreach (var (field, value) in new[] { ("title", "\"\""), ("title", "\"a\\u0000b\""), ("price", "-1"), ("price", "0"), ("price", "\"1\""), ("capacity", "-1"), ("capacity", "1e30"), ("deposit", "5"), ("place", "7") })
            await ExpectAsync(shop, Bad, "validation", HttpMethod.Patch, $"/api/offers/{offer}", $"{{\"{field}\":{value}}}");
        foreach (var body in new[] { "", "null", "[]", "7", "{", Deep(50_000) })
        {
            await ExpectAsync(shop, Bad, "validation|bad-request", HttpMethod.Post, "/api/offers", body);
            await ExpectAsync(shop, Bad, "validation|bad-request", HttpMethod.Patch, $"/api/offers/{offer}", body);
        }

        await ExpectAsync(shop, HttpStatusCode.NotFound, "not-found", HttpMethod.Patch, $"/api/offers/{Unknown}", "{\"price\":1}");
        await ExpectAsync(shop, HttpStatusCode.NotFound, "not-found", HttpMethod.Get, $"/api/offers/{Unknown}");
        await ExpectAsync(shop, HttpStatusCode.NotFound, "not-found", HttpMethod.Get, "/api/offers/nothing");
        await ExpectAsync(shop, HttpStatusCode.UnsupportedMediaType, "not-json", HttpMethod.Post, "/api/offers", Offer("place", "null"), "text/plain");

        NothingIsWrong();
        Assert.Empty(await shop.ListAsync($"/api/offers?kind={kind}"));
        Assert.Equal(10, await shop.AvailableAsync(offer));

        string Offer(string field, string value) =>
            "{" + string.Join(',', new Dictionary<string, string>
            {
                ["kind"] = $"\"{kind}\"",
                ["title"] = "\"A book\"",
                ["price"] = "12000",
                ["currency"] = "\"KRW\"",
                ["prepayment"] = "\"full\"",
                ["fulfilment"] = "\"delivery\"",
                [field] = value,
            }.Select(pair => $"\"{pair.Key}\":{pair.Value}")) + "}";
    }

    [Fact]
    public async Task Lists_refuse_limits_cursors_and_filters_that_make_no_sense()
    {
        Person customer = await mall.NewCustomerAsync(), shop = await mall.BookshopAsync(), courier = await mall.CourierAsync();
        foreach (var (who, list) in new[]
        {
            (mall.Anyone, "/api/offers"), (customer, "/api/mypage/orders"), (customer, "/api/notifications"), (shop, "/api/store/orders"), (courier, "/api/deliveries"),
        })
        {
            foreach (var query in new[] { "limit=0", "limit=-1", "limit=101", "limit=1e1", "limit=many", "limit=", "limit=99999999999", "after=nothing", "after=%00", "after=%27%3B--" })
                await ExpectAsync(who, Bad, "validation", HttpMethod.Get, $"{list}?{query}");
        }

        await ExpectAsync(customer, Bad, "validation", HttpMethod.Get, $"/api/mypage/orders?after={Unknown}");
        await ExpectAsync(shop, Bad, "validation", HttpMethod.Get, "/api/store/orders?status=Lost");
        await ExpectAsync(shop, Bad, "validation", HttpMethod.Get, "/api/store/orders?status=%00");
        await ExpectAsync(courier, Bad, "validation", HttpMethod.Get, "/api/deliveries?status=Lost");
        await ExpectAsync(courier, Bad, "validation", HttpMethod.Get, "/api/deliveries?status=1");
        await ExpectAsync(shop, Bad, "validation", HttpMethod.Get, $"/api/offers?q={new string('x', 101)}");
        await ExpectAsync(shop, Bad, "validation", HttpMethod.Get, $"/api/offers?kind={new string('x', 101)}");
        foreach (var query in new[] { "kind=%00", "q=%00", "q=a%00b", "kind=nothing", "q=%ED%A0%80", "q=%25", "kind=%27%3B--" })
        {
            var answer = await shop.GetAsync($"/api/offers?{query}&limit=1");
            if (answer.Status != HttpStatusCode.OK && (answer.Status != Bad || answer.Problem is null))
                _wrong.Add(answer.ToString());
            // Nor does it spoil anything for whoever comes next.
            await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => ExpectAsync(shop, HttpStatusCode.OK, null, HttpMethod.Get, "/api/offers?kind=book&q=a&limit=1")));
            await ExpectAsync(shop, HttpStatusCode.OK, null, HttpMethod.Get, "/api/offers?kind=book&limit=1");
        }

        NothingIsWrong();
    }

    [Fact]
    public async Task Merchants_couriers_and_readers_are_told_what_is_wrong_with_what_they_send()
    {
        var (shop, courier, customer) = (await mall.BookshopAsync(), await mall.CourierAsync(), await mall.NewCustomerAsync());
        var order = await customer.PlaceAsync(await shop.SellBookAsync());
        await customer.SeesAsync(order, "Preparing");
        foreach (var reason in new[] { "null", "\"\"", "\" \"", "7", $"\"{TooLong}\"", "\"a\\u0000b\"", "[]" })
            await ExpectAsync(shop, Bad, "validation", HttpMethod.Post, $"/api/store/orders/{order}/rejection", $"{{\"reason\":{reason}}}");
        foreach (var body in new[] { "", "null", "{}", "{" })
            await ExpectAsync(shop, Bad, "validation|bad-request", HttpMethod.Post, $"/api/store/orders/{order}/rejection", body);
        foreach (var act in new[] { "confirmation", "completion" })
        {
            await ExpectAsync(shop, HttpStatusCode.NotFound, "not-found", HttpMethod.Post, $"/api/store/orders/{Unknown}/{act}");
            await ExpectAsync(shop, HttpStatusCode.NotFound, "not-found", HttpMethod.Post, $"/api/store/orders/nothing/{act}");
        }

        await ExpectAsync(shop, HttpStatusCode.NotFound, "not-found", HttpMethod.Post, $"/api/store/orders/{Unknown}/rejection", "{\"reason\":\"No.\"}");
        foreach (var act in new[] { "departure", "arrival" })
        {
            await ExpectAsync(courier, HttpStatusCode.NotFound, "not-found", HttpMethod.Post, $"/api/deliveries/{Unknown}/{act}");
            await ExpectAsync(courier, HttpStatusCode.NotFound, "not-found", HttpMethod.Post, $"/api/deliveries/nothing/{act}");
        }

        var many = "[" + string.Join(',', Enumerable.Range(0, 21).Select(number => $"\"kind-{number}\"")) + "]";
        foreach (var kinds in new[] { "null", "7", "[7]", "[null]", "[\"\"]", $"[\"{TooLong}\"]", "[\"a\\u0000b\"]", many, "{}" })
            await ExpectAsync(customer, Bad, "validation", HttpMethod.Put, "/api/notifications/interests", $"{{\"kinds\":{kinds}}}");

        NothingIsWrong();
        await customer.SeesAsync(order, "Preparing");
        await (await mall.OperatorAsync()).FindsAllInOrderAsync();
    }

    [Fact]
    public async Task What_is_anothers_does_not_exist()
    {
        var (shop, owner, other) = (await mall.BookshopAsync(), await mall.NewCustomerAsync(), await mall.NewCustomerAsync());
        var order = await owner.PlaceAsync(await shop.SellBookAsync());
        await ExpectAsync(other, HttpStatusCode.NotFound, "not-found", HttpMethod.Get, $"/api/orders/{order}");
        await ExpectAsync(other, HttpStatusCode.NotFound, "not-found", HttpMethod.Post, $"/api/orders/{order}/cancellation");
        await ExpectAsync(other, HttpStatusCode.NotFound, "not-found", HttpMethod.Get, $"/api/payments/{order}");
        await owner.OnPageAsync(order, "Preparing");
        await ExpectAsync(other, Bad, "validation", HttpMethod.Get, $"/api/mypage/orders?after={order}");
        NothingIsWrong();
        Assert.Empty(await other.PageAsync());
        Assert.Empty(await other.ListAsync("/api/notifications"));
        await owner.SeesAsync(order, "Preparing");
    }

    [Fact]
    public async Task Who_is_not_signed_in_or_has_another_role_is_told_so_and_headers_do_not_change_that()
    {
        Person customer = await mall.NewCustomerAsync(), shop = await mall.BookshopAsync(), courier = await mall.CourierAsync();
        var closed = new (HttpMethod Method, string Path)[]
        {
            (HttpMethod.Post, "/api/orders"), (HttpMethod.Get, $"/api/orders/{Unknown}"), (HttpMethod.Post, $"/api/orders/{Unknown}/cancellation"),
            (HttpMethod.Get, $"/api/payments/{Unknown}"), (HttpMethod.Get, "/api/mypage/orders"), (HttpMethod.Get, "/api/mypage/events"),
            (HttpMethod.Get, "/api/notifications"), (HttpMethod.Put, "/api/notifications/interests"), (HttpMethod.Post, "/api/offers"),
            (HttpMethod.Patch, $"/api/offers/{Unknown}"), (HttpMethod.Get, "/api/store/orders"), (HttpMethod.Get, "/api/deliveries"),
            (HttpMethod.Get, "/api/ops/audit"), (HttpMethod.Get, "/api/ops/services"), (HttpMethod.Get, "/api/ops/dead-letters"),
        };
        var tampered = customer.AccessToken![..^8] + "AAAAAAAA";
        var pretended = new[] { ("X-Mall-User", "demo-operator"), ("X-Mall-Roles", "operator,customer,merchant,courier"), ("Dapr-Caller-App-Id", "gateway"), ("dapr-api-token", "x"), ("dapr-app-id", "ordering") };
        foreach (var (method, path) in closed)
        {
            foreach (var nobody in new[] { mall.Anyone, mall.Anyone.WithToken("garbage"), mall.Anyone.WithToken(tampered) })
            {
                var answer = await ExpectAsync(nobody, HttpStatusCode.Unauthorized, "sign-in", method, path, method == HttpMethod.Get ? null : "{}", "application/json", pretended);
                if (answer.Header("WWW-Authenticate")?.StartsWith("Bearer", StringComparison.Ordinal) != true)
                    _wrong.Add($"WWW-Authenticate is missing: {answer}");
            }
        }

        foreach (var (who, method, path) in new[]
        {
            (customer, HttpMethod.Post, "/api/offers"), (customer, HttpMethod.Patch, $"/api/offers/{Unknown}"), (customer, HttpMethod.Get, "/api/store/orders"),
            (customer, HttpMethod.Post, $"/api/store/orders/{Unknown}/rejection"), (customer, HttpMethod.Get, "/api/deliveries"),
            (customer, HttpMethod.Post, $"/api/deliveries/{Unknown}/departure"), (customer, HttpMethod.Get, "/api/ops/audit"), (customer, HttpMethod.Get, "/api/ops/dead-letters"),
            (shop, HttpMethod.Post, "/api/orders"), (shop, HttpMethod.Get, "/api/deliveries"), (shop, HttpMethod.Get, $"/api/payments/{Unknown}"),
            (courier, HttpMethod.Post, "/api/orders"), (courier, HttpMethod.Get, "/api/store/orders"), (courier, HttpMethod.Post, "/api/offers"),
        })
        {
            await ExpectAsync(who, HttpStatusCode.Forbidden, "forbidden", method, path, method == HttpMethod.Get ? null : "{\"reason\":\"No.\"}", "application/json", pretended);
        }

        // What services offer each other is not for people.
        foreach (var path in new[] { "/api/nothing", "/api/", "/api/orders/../../holds", "/charges", "/events/orders", "/dapr/subscribe", "/audit/orders", "/v1.0/invoke/payment/method/charges" })
            await ExpectAsync(customer, HttpStatusCode.NotFound, "not-found", HttpMethod.Post, path, "{}");
        NothingIsWrong();
    }

    [Fact]
    public async Task Registering_and_signing_in_say_what_is_wrong()
    {
        var taken = $"{Guid.NewGuid():N}@customer.test";
        await ExpectAsync(mall.Anyone, HttpStatusCode.Created, null, HttpMethod.Post, "/api/account/register", Registration(taken));
        await ExpectAsync(mall.Anyone, HttpStatusCode.Conflict, "email-taken", HttpMethod.Post, "/api/account/register", Registration(taken));
        await ExpectAsync(mall.Anyone, HttpStatusCode.Conflict, "email-taken", HttpMethod.Post, "/api/account/register", Registration(taken.ToUpperInvariant()));
        foreach (var body in new[]
        {
            Registration("nobody"), Registration(""), Registration("a b@customer.test"), Registration("a\\u0000@customer.test"), Registration(new string('x', 300) + "@customer.test"),
            Registration("a@customer.test", password: "short"), Registration("a@customer.test", password: "alllowercase1!"), Registration("a@customer.test", password: TooLong),
            Registration("a@customer.test", name: ""), Registration("a@customer.test", name: TooLong), Registration("a@customer.test", name: "a\\u0000b"),
            "{}", "{\"email\":7}", "null", "[]", "{", "",
        })
        {
            await ExpectAsync(mall.Anyone, Bad, "validation|bad-request", HttpMethod.Post, "/api/account/register", body);
        }

        foreach (var (email, password) in new[] { (taken, "Wrong-horse-7"), ("nobody@customer.test", "Correct-horse-7") })
            await ExpectAsync(mall.Anyone, HttpStatusCode.Unauthorized, "sign-in", HttpMethod.Post, "/api/account/login", $"{{\"email\":\"{email}\",\"password\":\"{password}\"}}");
        // No longer than a password can be: hashing is costly.
        foreach (var body in new[] { $"{{\"email\":\"{taken}\",\"password\":\"{TooLong}\"}}", "{}", "{\"email\":\"\",\"password\":\"\"}", "{\"email\":\"a\\u0000b\",\"password\":\"x\"}", "null", "[]", "" })
            await ExpectAsync(mall.Anyone, Bad, "validation|bad-request", HttpMethod.Post, "/api/account/login", body);
        await ExpectAsync(mall.Anyone, HttpStatusCode.Unauthorized, "sign-in", HttpMethod.Post, "/api/account/refresh", "{\"refreshToken\":\"garbage\"}");
        await ExpectAsync(mall.Anyone, HttpStatusCode.RequestEntityTooLarge, "too-large", HttpMethod.Post, "/api/account/login", $"{{\"email\":\"{new string('x', 10_000_000)}\"}}", "application/json", Careful);
        NothingIsWrong();

        static string Registration(string email, string password = "Correct-horse-7", string name = "A customer") =>
            $"{{\"email\":\"{email}\",\"password\":\"{password}\",\"name\":\"{name}\"}}";
    }

    // Everything that is wrong is told at once: there is much to send, and each test sends it to the same mall.
    private async Task<Answer> ExpectAsync(
        Person who, HttpStatusCode status, string? problems, HttpMethod method, string path, string? body = null, string contentType = "application/json", params (string Name, string Value)[] headers)
    {
        var answer = await Person.PatientlyAsync(async () =>
        {
            using var content = body is null ? null : new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            if (contentType != "")
                content?.Headers.TryAddWithoutValidation("Content-Type", contentType);
            return await who.SendAsync(method, path, content, headers);
        });
        if (answer.Status != status || (problems is not null && !problems.Split('|').Contains(answer.Problem)))
            _wrong.Add($"{(int)status} {problems} expected for {body?[..Math.Min(120, body.Length)]} [{contentType}]: {answer}");
        return answer;
    }

    private void NothingIsWrong() => Assert.True(_wrong.IsEmpty, string.Join("\n", _wrong.Prepend($"{_wrong.Count} wrong:")));

    private static string Deep(int levels) => new string('[', levels) + new string(']', levels);
}
