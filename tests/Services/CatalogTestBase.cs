using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Npgsql;
using OrderMall.Catalog;
using OrderMall.Contracts;
using OrderMall.Contracts.Calls;

namespace OrderMall.Services.Tests;

/// <summary>What the tests of the catalog's offers share.</summary>
public abstract class CatalogTestBase(RunningService<CatalogService> catalog)
{
    private protected readonly RunningService<CatalogService> _catalog = catalog;

    private protected static Dictionary<string, object?> Offer(Dictionary<string, object?> fields)
    {
        var offer = new Dictionary<string, object?>
        {
            ["kind"] = "made-up", ["title"] = "Something", ["price"] = 12_000, ["currency"] = "KRW", ["prepayment"] = "full", ["fulfilment"] = "delivery", ["capacity"] = 10,
        };
        foreach (var (name, value) in fields)
            offer[name] = value;
        return offer;
    }

    private protected Task<HoldAnswer> HoldAsync(
        Guid offer, Guid order, int quantity = 1, string? destination = "Seoul", bool canPay = true, decimal? expectedAmount = null, string customer = "alice", DateOnly? date = null, decimal? expectedPrepaid = null) =>
        _catalog.AskAsync<HoldAnswer>("/holds", new HoldRequest(order, customer, offer, quantity, destination, date, canPay, expectedAmount, expectedPrepaid));

    private protected async Task<Guid> RegisterAsync(int? capacity)
    {
        using var merchant = _catalog.As("bookshop", Roles.Merchant);
        using var answer = await merchant.PostAsJsonAsync("/api/offers", Offer(new() { ["capacity"] = capacity }));
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        return await IdAsync(answer);
    }

    private protected static async Task<Guid> IdAsync(HttpResponseMessage answer) =>
        (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();

    // The fields that a 400 names.
    private protected static async Task<IEnumerable<string>> WrongAsync(HttpResponseMessage answer)
    {
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        return [.. (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors").EnumerateObject().Select(error => error.Name)];
    }

    private protected async Task ExecuteAsync(string sql, object id)
    {
        await using var database = NpgsqlDataSource.Create(_catalog.ConnectionString);
        await using var command = database.CreateCommand(sql);
        command.Parameters.Add(new() { Value = id });
        Assert.Equal(1, await command.ExecuteNonQueryAsync());
    }

    private protected async Task<AuditedOffer> AuditedAsync(Guid offer) =>
        Assert.Single(await _catalog.AskAsync<List<AuditedOffer>>("/audit/offers/some", new AuditOrders([offer])));

    private protected async Task<int?> AvailableAsync(Guid offer) =>
        (await _catalog.Internal.GetFromJsonAsync<JsonElement>($"/api/offers/{offer}")).GetProperty("available").GetInt32();
}
