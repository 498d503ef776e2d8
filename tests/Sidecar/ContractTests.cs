using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace OrderMall.Sidecar.Tests;

/// <summary>What every part of the contract works with. A test starts a sidecar with the setup it needs.</summary>
public abstract class ContractTests(PostgresServer? postgres)
{
    /// <summary>Runs a test with the embedded sidecar where there is a PostgreSQL for it, else with daprd.</summary>
    private protected async Task WithAsync(Setup setup, Func<SidecarUnderTest, Task> test)
    {
        await using SidecarUnderTest sidecar = postgres is null ? new DaprdUnderTest() : new EmbeddedUnderTest(postgres);
        try
        {
            await sidecar.StartAsync(setup);
            await test(sidecar);
        }
        catch (Exception failure) when (sidecar.Warnings.Count > 0)
        {
            throw new InvalidOperationException($"{failure.Message}\nThe sidecars said:\n{string.Join('\n', sidecar.Warnings)}", failure);
        }
    }

    private protected static StringContent Json(string json) => new(json, Encoding.UTF8, "application/json");

    private protected static async Task<JsonNode> JsonOf(HttpResponseMessage response) => JsonNode.Parse(await response.Content.ReadAsStringAsync())!;

    private protected static async Task IsErrorAsync(HttpResponseMessage response, HttpStatusCode status, string code, string message)
    {
        var error = await JsonOf(response);
        Assert.Equal((status, code), (response.StatusCode, (string?)error["errorCode"]));
        Assert.StartsWith(message, (string?)error["message"], StringComparison.Ordinal);
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
    }
}
