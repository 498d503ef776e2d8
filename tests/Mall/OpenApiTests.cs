using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using OrderMall.Mall.Tests.Opening;

namespace OrderMall.Mall.Tests;

/// <summary>The description of the API says what the API does.</summary>
public sealed class OpenApiTests(MallFixture mall) : IClassFixture<MallFixture>
{
    private const string Unknown = "01890000-0000-7000-8000-000000000000";

    [Fact]
    public async Task Every_value_has_a_type()
    {
        var document = await ReadAsync();
        var unknown =
            from schema in document["components"]!["schemas"]!.AsObject()
            from property in schema.Value!["properties"]?.AsObject() ?? []
            where property.Value is not JsonObject { Count: > 0 }
            select $"{schema.Key}.{property.Key}";
        Assert.Empty(unknown);
    }

    [Fact]
    public async Task Every_call_says_what_it_may_be_refused_with()
    {
        var document = await ReadAsync();
        var calls = document["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject().Select(call => (Name: $"{call.Key} {path.Key}", Path: path.Key, Call: call.Value!))).ToList();
        Assert.True(calls.Count >= 40);
        Assert.All(calls, call =>
        {
            var answers = call.Call["responses"]!.AsObject();
            var parameters = call.Call["parameters"]?.AsArray().Select(parameter => parameter!["name"]!.ToString()) ?? [];
            if (call.Call["security"] is not null)
                Assert.True(answers.ContainsKey("401") && answers.ContainsKey("403"), $"{call.Name}: 401, 403");
            if (call.Path.Contains('{'))
                Assert.True(answers.ContainsKey("404"), $"{call.Name}: 404");
            if (parameters.Contains("limit") || call.Call["requestBody"] is not null)
                Assert.True(answers.ContainsKey("400"), $"{call.Name}: 400");
        });
    }

    [Fact]
    public async Task Required_fields_are_enough_and_none_of_them_can_be_left_out()
    {
        var document = await ReadAsync();
        var (seen, wrong) = (0, new List<string>());
        foreach (var (path, verb, call) in Calls(document).Where(call => call.Call["requestBody"] is not null))
        {
            var schema = Schema(document, call["requestBody"]!["content"]!["application/json"]!["schema"]!);
            var required = schema["required"]?.AsArray().Select(name => name!.ToString()).ToList() ?? [];
            var body = new JsonObject(required.Select(name => KeyValuePair.Create(name, (JsonNode?)Sample(document, name, schema["properties"]![name]!))));
            var who = await WhoAsync(call);
            // Of what there is not: what is right is not carried out, and yet read.
            var answer = await AskAsync(who, body);
            seen++;
            if (answer.Status is HttpStatusCode.BadRequest)
                wrong.Add($"{verb} {path} with {body.ToJsonString()}: {answer}");
            foreach (var name in required)
            {
                var less = body.DeepClone().AsObject();
                less.Remove(name);
                if ((await AskAsync(who, less)) is { Status: not (HttpStatusCode.BadRequest or HttpStatusCode.NotFound or HttpStatusCode.TooManyRequests) } taken)
                    wrong.Add($"{verb} {path} without {name}: {taken}");
            }

            Task<Answer> AskAsync(Person who, JsonObject body) =>
                who.SendAsync(new HttpMethod(verb), path.Replace("{id}", Unknown, StringComparison.Ordinal).Replace("{orderId}", Unknown, StringComparison.Ordinal).Replace("{titleId}", Unknown, StringComparison.Ordinal), JsonContent.Create(body));
        }

        Assert.True(seen >= 10, $"Only {seen} calls have a body.");
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public async Task Headers_that_change_the_answer_are_told()
    {
        var document = await ReadAsync();
        foreach (var (path, headers) in new[] { ("/api/orders", "Idempotency-Key, Prefer"), ("/api/offers", "Idempotency-Key"), ("/api/titles", "Idempotency-Key"), ("/api/workers", "Idempotency-Key"), ("/api/account/register", "Idempotency-Key") })
        {
            var parameters = document["paths"]![path]!["post"]!["parameters"]!.AsArray().Where(parameter => (string?)parameter!["in"] == "header");
            Assert.Equal(headers, string.Join(", ", parameters.Select(parameter => (string)parameter!["name"]!)));
        }
    }

    [Fact]
    public async Task Whatever_can_be_read_can_be_asked_for_without_its_body()
    {
        var document = await ReadAsync();
        foreach (var (path, _, call) in Calls(document).Where(call => call.Verb == "get" && !call.Path.Contains('{') && !call.Path.EndsWith("/events", StringComparison.Ordinal)).Append(("/openapi/v1.json", "get", new JsonObject())).Append(("/", "get", new JsonObject())))
        {
            var who = await WhoAsync(call);
            var (get, head) = (await who.GetAsync(path), await who.SendAsync(HttpMethod.Head, path));
            Assert.Equal((path, get.Status, get.Header("Content-Type"), ""), (path, head.Status, head.Header("Content-Type"), head.Text));
        }

        // A stream ends with its headers.
        Assert.Equal("text/event-stream", (await (await mall.NewCustomerAsync()).SendAsync(HttpMethod.Head, "/api/mypage/events")).Is(HttpStatusCode.OK).Header("Content-Type"));
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await mall.Anyone.SendAsync(HttpMethod.Head, "/api/account/login")).Status);
    }

    [Fact]
    public async Task A_merge_patch_whose_null_would_remove_is_refused_and_null_is_as_left_out()
    {
        var shop = await mall.BookshopAsync();
        var offer = await shop.SellBookAsync();
        using var merge = new StringContent("""{"place":null}""", System.Text.Encoding.UTF8, "application/merge-patch+json");
        (await shop.SendAsync(HttpMethod.Patch, $"/api/offers/{offer}", merge)).IsProblem(HttpStatusCode.UnsupportedMediaType, "not-json");
        (await shop.PatchAsync($"/api/offers/{offer}", new { title = (string?)null, price = 9_000 })).Is(HttpStatusCode.OK);
        Assert.StartsWith("Book", (await shop.GetAsync($"/api/offers/{offer}"))["title"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_sends_too_much_before_reading_reads_that_it_was_too_much()
    {
        foreach (var isChunked in new[] { false, true })
        {
            foreach (var path in new[] { "/api/account/login", "/api/orders", "/nothing" })
            {
                using var client = new TcpClient();
                await client.ConnectAsync(mall.Address.Host, mall.Address.Port);
                await using var stream = client.GetStream();
                stream.WriteTimeout = stream.ReadTimeout = 30_000;
                var body = new byte[2_000_000];
                Array.Fill(body, (byte)' ');
                await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes($"POST {path} HTTP/1.1\r\nHost: mall\r\nContent-Type: application/json\r\n{(isChunked ? "Transfer-Encoding: chunked" : $"Content-Length: {body.Length}")}\r\n\r\n"));
                if (isChunked)
                    await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes($"{body.Length:x}\r\n"));
                // All of it before a byte is read, as many clients do.
                for (var sent = 0; sent < body.Length; sent += 50_000)
                    await stream.WriteAsync(body.AsMemory(sent, 50_000));
                if (isChunked)
                    await stream.WriteAsync("\r\n0\r\n\r\n"u8.ToArray());
                using var reader = new StreamReader(stream);
                var expected = path switch { "/nothing" when isChunked => "404", "/api/orders" when isChunked => "401", _ => "413" };
                Assert.StartsWith($"HTTP/1.1 {expected} ", await reader.ReadLineAsync(), StringComparison.Ordinal);
            }
        }
    }

    private static IEnumerable<(string Path, string Verb, JsonNode Call)> Calls(JsonNode document) =>
        document["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject().Select(call => (path.Key, call.Key, call.Value!)));

    // Whoever may: operators may not sell, and sellers not carry.
    private async Task<Person> WhoAsync(JsonNode call) => (string?)call["tags"]?[0] switch
    {
        "Offers" or "Store" => await mall.DemoAsync("bookshop"),
        "Workers" or "Assignments" or "Dispatch" => await mall.DemoAsync("sparkle"),
        "Titles" => await mall.DemoAsync("publisher"),
        "Reviews" => await mall.DemoAsync("reviewer"),
        "Deliveries" => await mall.DemoAsync("courier"),
        "Operation" => await mall.DemoAsync("operator"),
        _ => await mall.NewCustomerAsync(),
    };

    private static JsonNode Schema(JsonNode document, JsonNode schema) =>
        (string?)schema["$ref"] is { } reference ? document["components"]!["schemas"]![reference.Split('/')[^1]]! : schema;

    private static JsonNode Sample(JsonNode document, string name, JsonNode schema) => name switch
    {
        "email" => $"{Guid.NewGuid():N}@customer.test",
        "password" or "current" or "new" => "Correct-horse-77",
        "currency" => "KRW",
        "language" => "ko",
        "kind" => "book",
        "offerId" => Unknown,
        "code" => "00000000",
        _ when (schema["oneOf"]?.AsArray().LastOrDefault() ?? schema) is var one && Schema(document, one)["enum"]?.AsArray().First(value => value is not null) is { } first => first.DeepClone(),
        _ => schema["type"] switch
        {
            JsonArray types => types.Select(type => (string)type!).First(type => type != "null"),
            { } type => (string)type!,
            null => "string",
        } switch
        {
            "integer" or "number" => 1,
            "array" => new JsonArray(),
            "boolean" => true,
            _ => $"Sample {name}",
        },
    };

    private async Task<JsonNode> ReadAsync()
    {
        using var http = new HttpClient { BaseAddress = mall.Address };
        return (await http.GetFromJsonAsync<JsonNode>("/openapi/v1.json"))!;
    }
}
