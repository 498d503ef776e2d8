using System.Net;
using System.Text.Json;
using OrderMall.Contracts;

namespace OrderMall.Mall.Tests.Opening;

/// <summary>Whether the mall that <c>MALL_URL</c> names is one that the tests can visit. Asked once, before any test.</summary>
internal static class Visit
{
    private const string Account = "operator@mall.test";

    // The first answer may take as long as the start of what was scaled to nothing.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    private static readonly Lazy<Task<string?>> Asked = new(() => OpenMall.Address is { } mall ? AskAsync(mall) : Task.FromResult<string?>(null));

    /// <summary>What is in the way, in words; <see langword="null"/> if nothing is, or the tests open their mall themselves.</summary>
    public static Task<string?> ObstacleAsync() => Asked.Value;

    private static async Task<string?> AskAsync(Uri mall)
    {
        if (!mall.IsAbsoluteUri || mall is not { Scheme: "http" or "https", PathAndQuery: "/", Fragment: "", UserInfo: "" })
            return $"MALL_URL must be a mall's address, http:// or https:// and nothing after the host and port, such as http://127.0.0.1:8080; '{mall}' is not.";

        var anyone = new Person(mall, patience: Limit);
        try
        {
            var offers = await anyone.GetAsync("/api/offers?limit=1");
            if (offers.Problem is not null)
                return $"The mall at {mall} is not ready: {offers}";
            if (offers.Status != HttpStatusCode.OK || !offers.IsJson || offers.Json is not { ValueKind: JsonValueKind.Object } list || !list.TryGetProperty("items", out _))
                return $"What answers at {mall} is not a mall: {offers.Request} is {(int)offers.Status} {offers.Header("Content-Type")}{(offers.Header("Location") is { } elsewhere ? $" to {elsewhere}" : "")}.";

            var signIn = await Person.PatientlyAsync(() => anyone.SignInAsync(Account, Demo.Password));
            return signIn.Status switch
            {
                HttpStatusCode.OK => null,
                HttpStatusCode.Unauthorized =>
                    $"The mall at {mall} has no demo accounts: {Account} cannot sign in. The tests come as the demo's merchants, courier, publisher, reviewer and operator; Mall:Demo=true has the gateway and the catalog make what they need.",
                _ => $"Nobody can sign in to the mall at {mall}: {signIn}",
            };
        }
        catch (UnansweredException unanswered)
        {
            return $"There is no mall at {mall}: {unanswered.Message}";
        }
    }
}
