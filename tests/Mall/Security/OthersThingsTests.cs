using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using OrderMall.Mall.Tests.Opening;

namespace OrderMall.Mall.Tests.Security;

/// <summary>Whoever guesses the id of what is somebody else's gets what they get for an id that does not exist: word for word.</summary>
public sealed class OthersThingsTests(MallFixture mall) : IClassFixture<MallFixture>
{
    private static readonly string[] Deciding = ["confirmation", "rejection", "completion"];

    [Fact]
    public async Task Anothers_order_and_payment_are_not_there()
    {
        var (owner, stranger) = (await mall.NewCustomerAsync(), await mall.NewCustomerAsync());
        var order = await owner.PlaceAsync(await (await mall.BookshopAsync()).SellBookAsync());
        await owner.OnPageAsync(order, "Preparing");

        await IsNotThereAsync(stranger, HttpMethod.Get, "/api/orders/{id}", order);
        await IsNotThereAsync(stranger, HttpMethod.Post, "/api/orders/{id}/cancellation", order);
        await IsNotThereAsync(stranger, HttpMethod.Get, "/api/payments/{id}", order);
        Assert.Empty(await stranger.PageAsync());
        Assert.Empty(await stranger.ListAsync("/api/notifications"));
        Assert.Equal(("Preparing", "Approved"), (await owner.StatusAsync(order), await owner.PaymentAsync(order)));
    }

    [Fact]
    public async Task Lists_cannot_be_walked_into_anothers()
    {
        var (owner, stranger) = (await mall.NewCustomerAsync(), await mall.NewCustomerAsync());
        var offer = await (await mall.BookshopAsync()).SellBookAsync();
        foreach (var order in new[] { await owner.PlaceAsync(offer), await owner.PlaceAsync(offer) })
            await owner.OnPageAsync(order, "Preparing");
        foreach (var list in new[] { "/api/mypage/orders", "/api/notifications" })
        {
            var next = (await owner.GetAsync($"{list}?limit=1")).Is(HttpStatusCode.OK)["next"];
            Assert.NotEmpty(next!);
            var (real, made) = (await stranger.GetAsync($"{list}?after={next}"), await stranger.GetAsync($"{list}?after={Guid.CreateVersion7()}"));
            Assert.Equal(Words(made), Words(real));
            Assert.DoesNotContain("orderId", real.Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_key_of_anothers_order_is_not_known()
    {
        var (owner, stranger) = (await mall.NewCustomerAsync(), await mall.NewCustomerAsync());
        var (offer, other) = (await (await mall.BookshopAsync()).SellBookAsync(), await (await mall.BookshopAsync()).SellBookAsync());
        var key = ("Idempotency-Key", Guid.NewGuid().ToString());
        var first = (await owner.OrderAsync(offer, 1, "card_ok", key)).Is(HttpStatusCode.Created);
        var second = (await stranger.OrderAsync(other, 2, "card_ok", key)).Is(HttpStatusCode.Created);
        Assert.NotEqual(first["id"], second["id"]);
    }

    [Fact]
    public async Task Anothers_offer_and_orders_are_not_for_another_merchant()
    {
        var (shop, other, customer) = (await mall.BookshopAsync(), await mall.ShopAsync("clinic"), await mall.NewCustomerAsync());
        var offer = await shop.SellBookAsync(copies: 5);
        var order = await customer.PlaceAsync(offer);
        await shop.InBookAsync(order, "Received");

        await IsNotThereAsync(other, HttpMethod.Patch, "/api/offers/{id}", offer, new { price = 1 });
        foreach (var decision in Deciding)
            await IsNotThereAsync(other, HttpMethod.Post, $"/api/store/orders/{{id}}/{decision}", order, new { reason = "Because." });
        Assert.DoesNotContain(await other.NewestAsync("/api/store/orders"), its => its.GetProperty("orderId").GetGuid() == order);
        Assert.Equal("12000", (await shop.GetAsync($"/api/offers/{offer}"))["price"]);
    }

    [Fact]
    public async Task Anothers_worker_and_visits_are_not_for_another_merchant()
    {
        var (company, other, customer) = (await mall.CleaningCompanyAsync(), await mall.ShopAsync("clinic"), await mall.NewCustomerAsync());
        var worker = await company.AddWorkerAsync($"Worker {Guid.NewGuid():N}");
        var offer = await company.SellVisitsAsync($"Visit {Guid.NewGuid():N}", 1);
        var visit = (await customer.PostAsync("/api/orders", new { offerId = offer, quantity = 1, destination = Customer.Destination, phone = Customer.Phone })).Is(HttpStatusCode.Created).Json.GetProperty("id").GetGuid();
        await Eventually.Is(HttpStatusCode.OK, async () => (await company.GetAsync($"/api/assignments/{visit}")).Status);

        await IsNotThereAsync(other, HttpMethod.Get, "/api/assignments/{id}", visit);
        await IsNotThereAsync(other, HttpMethod.Post, "/api/assignments/{id}/completion", visit);
        Assert.DoesNotContain(worker, (await other.WorkersAsync()).Keys);
        Assert.DoesNotContain(await other.NewestAsync("/api/assignments"), its => its.GetProperty("orderId").GetGuid() == visit);
        (await customer.CancelAsync(visit)).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_title_is_for_its_publisher_only()
    {
        var publisher = await mall.PublisherAsync();
        var title = (await publisher.PostAsync("/api/titles", new { title = $"Title {Guid.NewGuid():N}", author = "A. Nonymous", price = 9_000, copies = 3 }))
            .Is(HttpStatusCode.Created).Json.GetProperty("id").GetGuid();
        foreach (var person in new[] { await mall.NewCustomerAsync(), await mall.DemoAsync("bookshop"), await mall.DemoAsync("operator") })
        {
            (await person.GetAsync($"/api/titles/{title}")).IsProblem(HttpStatusCode.Forbidden, "forbidden");
            (await person.DeleteAsync($"/api/titles/{title}")).IsProblem(HttpStatusCode.Forbidden, "forbidden");
            Assert.DoesNotContain(await person.ListAsync("/api/mypage/titles"), its => its.GetProperty("titleId").GetGuid() == title);
        }

        Assert.Equal("InReview", (await publisher.GetAsync($"/api/titles/{title}")).Is(HttpStatusCode.OK)["status"]);
        (await publisher.DeleteAsync($"/api/titles/{title}")).Is(HttpStatusCode.OK);
    }

    private static async Task IsNotThereAsync(Person stranger, HttpMethod verb, string path, Guid id, object? body = null)
    {
        var (real, made) = (await AskAsync(id), await AskAsync(Guid.CreateVersion7()));
        real.IsProblem(HttpStatusCode.NotFound, "not-found");
        Assert.Equal(Words(made), Words(real));

        Task<Answer> AskAsync(Guid of) => stranger.SendAsync(verb, path.Replace("{id}", $"{of}", StringComparison.Ordinal), body is null ? null : JsonContent.Create(body));
    }

    // All but what differs from answer to answer anyway.
    private static string Words(Answer answer)
    {
        var body = JsonNode.Parse(answer.Text)!.AsObject();
        body.Remove("traceId");
        return $"{answer.Status}\n{string.Join('\n', answer.Headers.Where(header => header.Key != "Date").OrderBy(header => header.Key, StringComparer.Ordinal))}\n{body}";
    }
}
