using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using OrderMall.Catalog;
using OrderMall.Contracts;
using OrderMall.Contracts.Calls;

namespace OrderMall.Services.Tests;

/// <summary>What merchants may put on sale: visits for the workers they have, amounts of a currency, and texts however they are typed.</summary>
[Collection(ServiceCollection.Name)]
public sealed class OfferTests(RunningService<CatalogService> catalog) : CatalogTestBase(catalog), IClassFixture<RunningService<CatalogService>>
{
    [Fact]
    public async Task No_more_visits_are_sold_for_a_day_than_there_are_workers_unless_the_merchant_says_so()
    {
        var (merchantId, day) = ($"sparkle-{Guid.NewGuid():N}", DateOnly.FromDateTime(DateTime.UtcNow).AddDays(9));
        var asked = new ConcurrentQueue<WorkerCountRequest>();
        var isDown = false;
        _catalog.Sidecar.Called["dispatch/worker-counts"] = async context =>
        {
            asked.Enqueue((await context.Request.ReadFromJsonAsync<WorkerCountRequest>())!);
            if (isDown)
                context.Response.StatusCode = StatusCodes.Status500InternalServerError;
            else
                await context.Response.WriteAsJsonAsync(new WorkerCountAnswer(5));
        };
        using var merchant = _catalog.As(merchantId, Roles.Merchant);

        using var three = await SellAsync(3);
        Assert.Equal(HttpStatusCode.Created, three.StatusCode);
        Assert.Equal(new WorkerCountRequest(merchantId, day), Assert.Single(asked));
        var id = await IdAsync(three);
        await IsRefusedAsync(await SellAsync(3), others: 3);
        await IsRefusedAsync(await SellAsync(null), others: 3);
        using var two = await SellAsync(2);
        Assert.Equal(HttpStatusCode.Created, two.StatusCode);
        await IsRefusedAsync(await merchant.PatchAsJsonAsync($"/api/offers/{id}", new { capacity = 4 }), others: 2);
        Assert.Equal(3, await AvailableAsync(id));

        // On another day, of something else, fewer of it, and where the merchant says so nothing stands in the way.
        using var otherDay = await SellAsync(5, new() { ["date"] = day.AddDays(1) });
        using var otherThing = await SellAsync(50, new() { ["fulfilment"] = "confirmation" });
        using var anyDay = await SellAsync(50, new() { ["date"] = null });
        using var said = await SellAsync(50, new() { ["overbook"] = true });
        using var fewer = await merchant.PatchAsJsonAsync($"/api/offers/{id}", new { capacity = 1 });
        using var more = await merchant.PatchAsJsonAsync($"/api/offers/{id}", new { capacity = 9, overbook = true });
        Assert.All(new[] { otherDay, otherThing, anyDay, said }, answer => Assert.Equal(HttpStatusCode.Created, answer.StatusCode));
        Assert.All(new[] { fewer, more }, answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));

        // What was sold takes place, also of an offer that is off sale.
        var later = new Dictionary<string, object?> { ["date"] = day.AddDays(3) };
        using var four = await SellAsync(4, later);
        var sold = await IdAsync(four);
        for (var order = 0; order < 2; order++)
            Assert.Equal(HoldOutcome.Held, (await HoldAsync(sold, Guid.CreateVersion7())).Outcome);
        using var offSale = await merchant.DeleteAsync($"/api/offers/{sold}");
        Assert.Equal(HttpStatusCode.NoContent, offSale.StatusCode);
        await IsRefusedAsync(await SellAsync(4, later), others: 2);
        using var rest = await SellAsync(3, later);
        Assert.Equal(HttpStatusCode.Created, rest.StatusCode);

        isDown = true;
        using var unknown = await SellAsync(1, new() { ["date"] = day.AddDays(2) });
        Assert.Equal((HttpStatusCode.ServiceUnavailable, true), (unknown.StatusCode, unknown.Headers.RetryAfter is not null));
        using var saidToo = await SellAsync(1, new() { ["date"] = day.AddDays(2), ["overbook"] = true });
        Assert.Equal(HttpStatusCode.Created, saidToo.StatusCode);

        Task<HttpResponseMessage> SellAsync(int? visits, Dictionary<string, object?>? otherwise = null)
        {
            var offer = new Dictionary<string, object?> { ["prepayment"] = "none", ["fulfilment"] = "assignment", ["date"] = day, ["capacity"] = visits };
            foreach (var (field, value) in otherwise ?? [])
                offer[field] = value;
            return merchant.PostAsJsonAsync("/api/offers", Offer(offer));
        }

        static async Task IsRefusedAsync(HttpResponseMessage answer, int others)
        {
            using (answer)
            {
                Assert.Equal(HttpStatusCode.Conflict, answer.StatusCode);
                var problem = await answer.Content.ReadFromJsonAsync<JsonElement>();
                Assert.Equal(
                    ("urn:ordermall:problem:too-few-workers", 5, others),
                    (problem.GetProperty("type").GetString(), problem.GetProperty("workers").GetInt32(), problem.GetProperty("visits").GetInt32()));
            }
        }
    }

    [Theory]
    [InlineData("KRW", 1234.5, "price")]
    [InlineData("JPY", 0.01, "price")]
    [InlineData("USD", 9.995, "price")]
    [InlineData("BHD", 1.2345, "price")]
    [InlineData("ZZZ", 100, "currency")]
    [InlineData("krw", 100, "currency")]
    [InlineData("XTS", 100, "currency")]
    [InlineData("KRW", 1234, null)]
    [InlineData("USD", 9.99, null)]
    [InlineData("BHD", 1.234, null)]
    [InlineData("CLF", 1.2345, null)]
    public async Task An_amount_has_the_decimals_of_its_currency(string currency, double price, string? wrong)
    {
        using var merchant = _catalog.As("bookshop", Roles.Merchant);
        using var answer = await merchant.PostAsJsonAsync("/api/offers", Offer(new() { ["currency"] = currency, ["price"] = price }));
        if (wrong is not null)
        {
            Assert.Equal([wrong], await WrongAsync(answer));
            return;
        }

        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        var offer = await IdAsync(answer);
        Assert.Equal((decimal)price, (await HoldAsync(offer, Guid.CreateVersion7(), quantity: 3, expectedAmount: 3 * (decimal)price)).Offer!.Price);
        using var changed = await merchant.PatchAsJsonAsync($"/api/offers/{offer}", new { price = 1.23456m });
        Assert.Equal(["price"], await WrongAsync(changed));
    }

    [Fact]
    public async Task A_title_is_found_however_it_is_typed()
    {
        var (composed, decomposed) = ("한국어 이야기", "한국어 이야기".Normalize(System.Text.NormalizationForm.FormD));
        Assert.NotEqual(composed, decomposed);
        var kind = $"text-{Guid.NewGuid():N}";
        using var merchant = _catalog.As("bookshop", Roles.Merchant);
        using var registered = await merchant.PostAsJsonAsync("/api/offers", Offer(new() { ["kind"] = kind, ["title"] = $"\u3000 {decomposed} " }));
        var view = await registered.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(composed, view.GetProperty("title").GetString());
        foreach (var query in new[] { composed, decomposed, $" {composed}\u00A0", decomposed[..3] })
            Assert.Equal([composed], await FoundAsync(query));
        Assert.Equal([composed], await FoundAsync(" "));

        // One of the time before, after its migration.
        var old = view.GetProperty("id").GetGuid();
        await ExecuteAsync("UPDATE offer SET title = normalize('  한국어 옛날 ', NFD) WHERE id = $1", old);
        Assert.Empty(await FoundAsync("옛날"));
        await ExecuteAsync("DELETE FROM schema_migration WHERE name = $1", "004_texts.sql");
        await _catalog.StopReplicaAsync(await _catalog.StartReplicaAsync());
        Assert.Equal(["한국어 옛날"], await FoundAsync("옛날"));

        async Task<IEnumerable<string?>> FoundAsync(string query) =>
            [.. (await _catalog.Internal.GetFromJsonAsync<JsonElement>($"/api/offers?kind={kind}&q={Uri.EscapeDataString(query)}"))
                .GetProperty("items").EnumerateArray().Select(offer => offer.GetProperty("title").GetString())];
    }

    [Theory]
    [InlineData("title", "a\u001bb", false)]
    [InlineData("title", "a\u202eb", false)]
    [InlineData("title", "a\n", false)]
    [InlineData("place", "a\u2028b", false)]
    [InlineData("details", "a\u0007b", false)]
    [InlineData("details", "a\rb", false)]
    [InlineData("details", "a\r\nb\nc", true)]
    [InlineData("title", "\uffff \U0001F469\u200D\U0001F4BB", true)]
    public async Task Control_characters_are_refused_by_field(string field, string text, bool isTaken)
    {
        using var merchant = _catalog.As("bookshop", Roles.Merchant);
        using var answer = await merchant.PostAsJsonAsync("/api/offers", Offer(new() { [field] = text }));
        if (isTaken)
            Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        else
            Assert.Equal([field], await WrongAsync(answer));
    }
}
