using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using OrderMall.Mall.Tests.Opening;

namespace OrderMall.Mall.Tests.Security;

/// <summary>
/// Everything that the API describes, asked by everybody: by those who may, and by those who may not. What is new in it has to
/// be said here first, to whom it is open.
/// </summary>
public sealed partial class RoleTests(MallFixture mall) : IClassFixture<MallFixture>
{
    private static readonly string[] Everybody = ["customer", "merchant", "courier", "publisher", "reviewer", "operator"];

    // The first that fits.
    private static readonly (Regex Calls, string[]? Roles)[] Open =
    [
        (new("^post /api/account/"), null),
        (new("^(get|put|delete) /api/account(/|$)"), Everybody),
        (new("^get /api/(offers|recommendations)(/|$)"), null),
        (new("^post /api/offers$"), ["merchant"]),
        (new("^(patch|delete) /api/offers/"), ["merchant", "publisher"]),
        (new("^[a-z]+ /api/(orders|payments)(/|$)"), ["customer"]),
        (new("^[a-z]+ /api/(mypage|notifications)(/|$)"), Everybody),
        (new("^[a-z]+ /api/store/sales"), ["merchant", "publisher"]),
        (new("^[a-z]+ /api/store/orders"), ["merchant", "publisher", "operator"]),
        (new("^[a-z]+ /api/(workers|assignments/days)(/|$)"), ["merchant"]),
        (new("^[a-z]+ /api/assignments(/|$)"), ["merchant", "operator"]),
        (new("^[a-z]+ /api/deliveries"), ["courier"]),
        (new("^[a-z]+ /api/titles"), ["publisher"]),
        (new("^[a-z]+ /api/reviews"), ["reviewer"]),
        (new("^[a-z]+ /api/ops/"), ["operator"]),
    ];

    [Fact]
    public async Task Every_call_is_for_those_in_its_role_and_nobody_else()
    {
        var people = new Dictionary<string, Person>
        {
            ["customer"] = await mall.NewCustomerAsync(),
            ["merchant"] = await mall.BookshopAsync(),
            ["courier"] = await mall.CourierAsync(),
            ["publisher"] = await mall.PublisherAsync(),
            ["reviewer"] = await mall.ReviewerAsync(),
            ["operator"] = await mall.OperatorAsync(),
        };
        var calls = await CallsAsync();
        Assert.True(calls.Count >= 40);
        foreach (var (verb, path) in calls)
        {
            var call = $"{verb} {path}";
            var known = Array.Find(Open, open => open.Calls.IsMatch(call));
            Assert.True(known.Calls is not null, $"{call} is new: say above to whom it is open.");
            if (known.Roles is null)
            {
                Assert.NotEqual(HttpStatusCode.Forbidden, await AskAsync(mall.Anyone, verb, path));
                continue;
            }

            Assert.True(await AskAsync(mall.Anyone, verb, path) == HttpStatusCode.Unauthorized, $"{call} is open to anybody.");
            Assert.True(await AskAsync(mall.Anyone.WithToken("CfDJ8"), verb, path) == HttpStatusCode.Unauthorized, $"{call} takes any token.");
            foreach (var (role, person) in people)
            {
                var status = await AskAsync(person, verb, path);
                Assert.True(status == HttpStatusCode.Forbidden != known.Roles.Contains(role) && status != HttpStatusCode.Unauthorized, $"{call} is {(int)status} for a {role}.");
            }
        }
    }

    private async Task<List<(string Verb, string Path)>> CallsAsync()
    {
        using var http = new HttpClient { BaseAddress = mall.Address };
        var document = (await http.GetFromJsonAsync<JsonNode>("/openapi/v1.json"))!;
        // The mall's own are not described, since an operator has them in the embedded mall only.
        return [
            .. document["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject().Select(call => (call.Key, path.Key))),
            ("get", Operator.Services), ("post", $"{Operator.Services}/{{appId}}/stop"), ("post", $"{Operator.Services}/{{appId}}/start"),
            ("post", $"{Operator.Services}/{{appId}}/restart"), ("put", "/api/ops/payment-provider"),
        ];
    }

    // With ids that there are not and nothing that could be meant: whoever may ask is refused for that, and changes nothing.
    private static async Task<HttpStatusCode> AskAsync(Person person, string verb, string path)
    {
        path = Parameter().Replace(path, Guid.NewGuid().ToString());
        if (path.EndsWith("/events", StringComparison.Ordinal))
        {
            using var stream = await person.OpenAsync(path);
            return stream.StatusCode;
        }

        return (await Person.PatientlyAsync(() => person.SendAsync(new HttpMethod(verb.ToUpperInvariant()), path, verb == "get" ? null : JsonContent.Create(new { })))).Status;
    }

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Parameter();
}
