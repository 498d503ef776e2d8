using System.Net;

namespace OrderMall.AppHost.Tests.Marketing;

/// <summary>What the mall recommends to anyone who asks.</summary>
[Collection(AppHostCollection.Name)]
public sealed class RecommendationTests(OpenAppHost mall)
{
    [PythonFact]
    public async Task What_is_ordered_most_of_a_kind_and_together_is_recommended()
    {
        var (shop, one, other, third) = (await mall.BookshopAsync(), await mall.NewCustomerAsync(), await mall.NewCustomerAsync(), await mall.NewCustomerAsync());
        var kind = $"kind-{Guid.NewGuid():N}";
        var (emma, dracula, ulysses) = (await shop.SellAsync(kind, "Emma"), await shop.SellAsync(kind, "Dracula"), await shop.SellAsync(kind, "Ulysses"));
        foreach (var (customer, offer) in new[] { (one, emma), (one, dracula), (other, emma), (other, dracula), (other, ulysses), (third, emma) })
            await customer.PlaceAsync(offer);

        await mall.Anyone.IsRecommendedAsync($"?kind={kind}", "Emma 3", "Dracula 2", "Ulysses 1");
        await mall.Anyone.IsRecommendedAsync($"?kind={kind}&limit=1", "Emma 3");
        await third.IsRecommendedAsync($"?offerId={emma}", "Dracula 2", "Ulysses 1");
        await mall.Anyone.IsRecommendedAsync($"?offerId={ulysses}", "Dracula 1", "Emma 1");
        await mall.Anyone.IsRecommendedAsync($"?offerId={Guid.NewGuid()}");
        await mall.Anyone.IsRecommendedAsync("?kind=nothing||of/it");
        var popular = (await mall.Anyone.GetAsync("/api/recommendations?limit=100")).Is(HttpStatusCode.OK).Json;
        Assert.Null(popular.GetProperty("next").GetString());
        Assert.All(popular.GetProperty("items").EnumerateArray(), item => Assert.True(item.GetProperty("orders").GetInt32() > 0));

        // What is off sale or sold out makes room for what comes next.
        (await shop.DeleteAsync($"/api/offers/{emma}")).Is(HttpStatusCode.NoContent);
        await third.IsRecommendedAsync($"?kind={kind}&limit=1", "Dracula 2");
        (await shop.PatchAsync($"/api/offers/{dracula}", new { capacity = 2 })).Is(HttpStatusCode.OK);
        await third.IsRecommendedAsync($"?kind={kind}", "Ulysses 1");
    }

    [PythonFact]
    public async Task Bad_questions_are_refused_by_field()
    {
        foreach (var (query, field) in new[]
        {
            ("limit=0", "limit"), ("limit=101", "limit"), ("limit=", "limit"), ("limit=many", "limit"), ("limit=5&limit=6", "limit"),
            ("offerId=", "offerId"), ("offerId=emma", "offerId"), ($"kind=book&offerId={Guid.NewGuid()}", "kind"),
        })
        {
            var errors = (await mall.Anyone.GetAsync($"/api/recommendations?{query}")).IsProblem(HttpStatusCode.BadRequest, "validation").Json.GetProperty("errors");
            Assert.True(errors.TryGetProperty(field, out var messages) && messages.GetArrayLength() == 1, $"{query}: {errors}");
        }

        var fields = string.Concat(Enumerable.Range(0, 200).Select(number => $"&f{number}=1"));
        (await mall.Anyone.GetAsync("/api/recommendations?limit=1" + fields)).IsProblem(HttpStatusCode.BadRequest, "bad-request");
        (await mall.Anyone.GetAsync("/api/recommendations/emma")).IsProblem(HttpStatusCode.NotFound, "not-found");
        (await mall.Anyone.PostAsync("/api/recommendations")).IsProblem(HttpStatusCode.Unauthorized, "sign-in");
        (await (await mall.NewCustomerAsync()).PostAsync("/api/recommendations")).IsProblem(HttpStatusCode.MethodNotAllowed, "method-not-allowed");
    }

    [PythonFact]
    public async Task It_is_described_with_the_rest_of_the_API() => await Eventually.Is(
        true,
        async () => (await mall.Anyone.GetAsync("/openapi/v1.json")).Is(HttpStatusCode.OK).Json.GetProperty("paths").TryGetProperty("/api/recommendations", out var path)
            && !path.GetProperty("get").TryGetProperty("security", out _));
}
