using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using OrderMall.Catalog;
using OrderMall.Contracts;
using OrderMall.Contracts.Calls;
using OrderMall.Contracts.Events;

namespace OrderMall.Services.Tests;

/// <summary>An approved title is an offer of its publisher until it is withdrawn.</summary>
[Collection(ServiceCollection.Name)]
public sealed class TitleOfferTests(RunningService<CatalogService> catalog) : CatalogTestBase(catalog), IClassFixture<RunningService<CatalogService>>
{
    [Fact]
    public async Task An_approved_title_goes_on_sale_once_and_is_its_publishers_to_change()
    {
        var title = new TitleEvent(
            Guid.CreateVersion7(), 3, DateTimeOffset.UtcNow, TitleStatus.Approved, null, "penguin", "A Long Way", "Kim", 12_500m, "KRW", 3);
        foreach (var type in new[] { TitleEvent.Registered, TitleEvent.Rejected, TitleEvent.Cancelled, TitleEvent.Voided })
            Assert.Equal("SUCCESS", await _catalog.TryDeliverAsync(type, title));
        Assert.Equal(HttpStatusCode.NotFound, (await _catalog.Internal.GetAsync($"/api/offers/{title.TitleId}")).StatusCode);

        var eventId = Guid.CreateVersion7().ToString();
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => _catalog.TryDeliverAsync(TitleEvent.Approved, title, id: i % 2 == 0 ? eventId : null)));
        Assert.All(answers, answer => Assert.Equal("SUCCESS", answer));
        Assert.Equal(
            $$"""{"id":"{{title.TitleId}}","merchantId":"penguin","kind":"book","title":"A Long Way","price":12500,"deposit":null,"currency":"KRW","prepayment":"full","fulfilment":"delivery","capacity":3,"available":3,"maxPerCustomer":null,"date":null,"place":null,"details":"By Kim."}""",
            await _catalog.Internal.GetStringAsync($"/api/offers/{title.TitleId}"));
        var registered = Assert.Single(await _catalog.PublishedAsync(title.TitleId));
        Assert.Equal((Topics.Offers, OfferEvent.Registered), (registered.Topic, registered.Type));

        Assert.Equal(HoldOutcome.Held, (await HoldAsync(title.TitleId, Guid.CreateVersion7())).Outcome);
        using var publisher = _catalog.As("penguin", Roles.Publisher);
        using var changed = await publisher.PatchAsJsonAsync($"/api/offers/{title.TitleId}", new { price = 9_000 });
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        // Its text is what was approved.
        foreach (var field in new[] { "title", "details", "place" })
        {
            using var rewritten = await publisher.PatchAsJsonAsync($"/api/offers/{title.TitleId}", new Dictionary<string, object> { [field] = "Something else", ["price"] = 1 });
            Assert.Equal([field], await WrongAsync(rewritten));
            using var alsoMerchant = _catalog.As("penguin", $"{Roles.Publisher},{Roles.Merchant}");
            using var rewrittenToo = await alsoMerchant.PatchAsJsonAsync($"/api/offers/{title.TitleId}", new Dictionary<string, object> { [field] = "Something else" });
            Assert.Equal([field], await WrongAsync(rewrittenToo));
        }

        using var more = await publisher.PatchAsJsonAsync($"/api/offers/{title.TitleId}", new { capacity = 3, price = 9_000 });
        Assert.Equal(HttpStatusCode.OK, more.StatusCode);
        using var stranger = _catalog.As("viking", Roles.Publisher);
        Assert.Equal(HttpStatusCode.NotFound, (await stranger.PatchAsJsonAsync($"/api/offers/{title.TitleId}", new { price = 1 })).StatusCode);
        // Publishers sell titles that were approved, and nothing else.
        Assert.Equal(HttpStatusCode.Forbidden, (await publisher.PostAsJsonAsync("/api/offers", new { })).StatusCode);
        // Heard of again after it changed, it stays as it is.
        Assert.Equal("SUCCESS", await _catalog.TryDeliverAsync(TitleEvent.Approved, title));
        Assert.Equal(2, await AvailableAsync(title.TitleId));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_approved_title_that_is_withdrawn_goes_off_sale_whichever_is_heard_of_first(bool inOrder)
    {
        var approved = new TitleEvent(
            Guid.CreateVersion7(), 3, DateTimeOffset.UtcNow, TitleStatus.Approved, null, "penguin", "A Long Way", "Kim", 12_500m, "KRW", 3, WasApproved: true);
        var withdrawn = approved with { Version = 4, Status = TitleStatus.Cancelled };
        var order = Guid.CreateVersion7();
        if (inOrder)
        {
            Assert.Equal("SUCCESS", await _catalog.TryDeliverAsync(TitleEvent.Approved, approved));
            Assert.Equal(HoldOutcome.Held, (await HoldAsync(approved.TitleId, order)).Outcome);
            using var publisher = _catalog.As("penguin", Roles.Publisher);
            using var refused = await publisher.DeleteAsync($"/api/offers/{approved.TitleId}");
            Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
            Assert.Contains($"DELETE /api/titles/{approved.TitleId}", (await refused.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("detail").GetString(), StringComparison.Ordinal);
        }

        for (var i = 0; i < 2; i++)
            Assert.Equal("SUCCESS", await _catalog.TryDeliverAsync(TitleEvent.Cancelled, withdrawn));
        Assert.Equal("SUCCESS", await _catalog.TryDeliverAsync(TitleEvent.Approved, approved));

        Assert.Equal(HttpStatusCode.NotFound, (await _catalog.Internal.GetAsync($"/api/offers/{approved.TitleId}")).StatusCode);
        Assert.Equal(HoldOutcome.UnknownOffer, (await HoldAsync(approved.TitleId, Guid.CreateVersion7())).Outcome);
        Assert.Equal(inOrder ? [OfferEvent.Registered, OfferEvent.Withdrawn] : [], (await _catalog.PublishedAsync(approved.TitleId)).Select(e => e.Type));
        Assert.Equal(new AuditedOffer(approved.TitleId, 3, inOrder ? 2 : 3, inOrder ? 1 : 0, OnSale: false), await AuditedAsync(approved.TitleId));
    }
}
