using System.Net.Http.Json;
using System.Text.Json.Nodes;
using OrderMall.Mall.Tests.Opening;

namespace OrderMall.Mall.Tests;

/// <summary>The description of the API says what the API does.</summary>
public sealed class OpenApiTests(MallFixture mall) : IClassFixture<MallFixture>
{
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

    private async Task<JsonNode> ReadAsync()
    {
        using var http = new HttpClient { BaseAddress = mall.Address };
        return (await http.GetFromJsonAsync<JsonNode>("/openapi/v1.json"))!;
    }
}
