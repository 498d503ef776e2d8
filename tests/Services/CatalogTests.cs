using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using OrderMall.Catalog;
using OrderMall.Contracts;

namespace OrderMall.Services.Tests;

[Collection(ServiceCollectionDefinition.Name)]
public sealed class CatalogTests(RunningService<CatalogService> catalog) : IClassFixture<RunningService<CatalogService>>
{
    [Fact]
    public async Task Many_at_once_never_hold_more_than_there_is()
    {
        var offer = await RegisterAsync(capacity: 10);
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => HoldAsync(offer, Guid.CreateVersion7())));
        Assert.Equal(10, answers.Count(answer => answer.Outcome == HoldOutcome.Held));
        Assert.Equal(40, answers.Count(answer => answer.Outcome == HoldOutcome.SoldOut));
        Assert.Equal(0, await AvailableAsync(offer));
    }

    [Fact]
    public async Task The_same_order_holds_once_on_the_terms_of_the_first_time()
    {
        var offer = await RegisterAsync(capacity: 10);
        var order = Guid.CreateVersion7();
        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => HoldAsync(offer, order)));
        Assert.Equal(9, await AvailableAsync(offer));

        using var merchant = catalog.As("bookshop", Roles.Merchant);
        using var changed = await merchant.PatchAsJsonAsync($"/api/offers/{offer}", new { price = 99_000 });
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        Assert.Equal(12_000, (await HoldAsync(offer, order)).Offer!.Price);
        Assert.Equal(99_000, (await HoldAsync(offer, Guid.CreateVersion7())).Offer!.Price);
    }

    [Theory]
    [InlineData(OrderEvent.Cancelled)]
    [InlineData(OrderEvent.Rejected)]
    [InlineData(OrderEvent.Voided)]
    public async Task What_came_to_nothing_goes_back_once(string type)
    {
        var offer = await RegisterAsync(capacity: 10);
        var order = Orders.Book() with { OfferId = offer };
        await HoldAsync(offer, order.OrderId, quantity: 3);
        Assert.Equal(7, await AvailableAsync(offer));
        await catalog.DeliverAsync(type, order, id: $"{order.OrderId} cancelled");
        await catalog.DeliverAsync(type, order, id: $"{order.OrderId} cancelled");
        await catalog.DeliverAsync(type, order, id: $"{order.OrderId} again");
        Assert.Equal(10, await AvailableAsync(offer));
    }

    [Fact]
    public async Task An_order_that_was_withdrawn_before_its_hold_came_holds_nothing()
    {
        var offer = await RegisterAsync(capacity: 10);
        var order = Orders.Book() with { OfferId = offer };
        await catalog.DeliverAsync(OrderEvent.Voided, order);
        Assert.Equal(HoldOutcome.Released, (await HoldAsync(offer, order.OrderId)).Outcome);
        Assert.Equal(10, await AvailableAsync(offer));
    }

    [Fact]
    public async Task What_cannot_be_ordered_like_this_is_said_and_nothing_is_held()
    {
        var offer = await RegisterAsync(capacity: 10);
        Assert.Equal(HoldOutcome.UnknownOffer, (await HoldAsync(Guid.NewGuid(), Guid.NewGuid())).Outcome);
        Assert.Equal(HoldOutcome.DestinationRequired, (await HoldAsync(offer, Guid.NewGuid(), destination: null)).Outcome);
        Assert.Equal(HoldOutcome.PaymentMethodRequired, (await HoldAsync(offer, Guid.NewGuid(), canPay: false)).Outcome);
        Assert.Equal(10, await AvailableAsync(offer));
    }

    [Fact]
    public async Task Capacity_changes_keep_what_orders_hold()
    {
        var offer = await RegisterAsync(capacity: 10);
        await HoldAsync(offer, Guid.CreateVersion7(), quantity: 4);
        using var merchant = catalog.As("bookshop", Roles.Merchant);
        using var refused = await merchant.PatchAsJsonAsync($"/api/offers/{offer}", new { capacity = 3 });
        Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
        using var changed = await merchant.PatchAsJsonAsync($"/api/offers/{offer}", new { capacity = 5 });
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        Assert.Equal(1, await AvailableAsync(offer));
    }

    [Fact]
    public async Task Unlimited_capacity_holds_anything_and_can_be_limited_later()
    {
        var offer = await RegisterAsync(capacity: null);
        Assert.Equal(HoldOutcome.Held, (await HoldAsync(offer, Guid.CreateVersion7(), quantity: 1000)).Outcome);
        using var merchant = catalog.As("bookshop", Roles.Merchant);
        using var changed = await merchant.PatchAsJsonAsync($"/api/offers/{offer}", new { capacity = 1500 });
        Assert.Equal(500, await AvailableAsync(offer));
    }

    [Fact]
    public async Task An_approved_title_goes_on_sale_once_and_is_its_publishers_to_change()
    {
        var title = new TitleEvent(
            Guid.CreateVersion7(), 3, DateTimeOffset.UtcNow, TitleStatus.Approved, null, "penguin", "A Long Way", "Kim", 12_500.5m, "KRW", 3);
        foreach (var type in new[] { TitleEvent.Registered, TitleEvent.Rejected, TitleEvent.Cancelled, TitleEvent.Voided })
            Assert.Equal("SUCCESS", await catalog.DeliverAsync(Topics.Titles, type, title));
        Assert.Equal(HttpStatusCode.NotFound, (await catalog.Internal.GetAsync($"/api/offers/{title.TitleId}")).StatusCode);

        var eventId = Guid.CreateVersion7().ToString();
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => catalog.DeliverAsync(Topics.Titles, TitleEvent.Approved, title, id: i % 2 == 0 ? eventId : null)));
        Assert.All(answers, answer => Assert.Equal("SUCCESS", answer));
        Assert.Equal(
            $$"""{"id":"{{title.TitleId}}","merchantId":"penguin","kind":"book","title":"A Long Way","price":12500.5,"deposit":null,"currency":"KRW","prepayment":"full","fulfilment":"delivery","capacity":3,"available":3,"date":null,"place":null,"details":"By Kim."}""",
            await catalog.Internal.GetStringAsync($"/api/offers/{title.TitleId}"));
        var registered = Assert.Single(await catalog.PublishedAsync(title.TitleId));
        Assert.Equal((Topics.Offers, OfferEvent.Registered), (registered.Topic, registered.Type));

        Assert.Equal(HoldOutcome.Held, (await HoldAsync(title.TitleId, Guid.CreateVersion7())).Outcome);
        using var publisher = catalog.As("penguin", Roles.Publisher);
        using var changed = await publisher.PatchAsJsonAsync($"/api/offers/{title.TitleId}", new { price = 9_000 });
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        using var stranger = catalog.As("viking", Roles.Publisher);
        Assert.Equal(HttpStatusCode.NotFound, (await stranger.PatchAsJsonAsync($"/api/offers/{title.TitleId}", new { price = 1 })).StatusCode);
        // Publishers sell titles that were approved, and nothing else.
        Assert.Equal(HttpStatusCode.Forbidden, (await publisher.PostAsJsonAsync("/api/offers", new { })).StatusCode);
        // Heard of again after it changed, it stays as it is.
        Assert.Equal("SUCCESS", await catalog.DeliverAsync(Topics.Titles, TitleEvent.Approved, title));
        Assert.Equal(2, await AvailableAsync(title.TitleId));
    }

    private Task<HoldAnswer> HoldAsync(Guid offer, Guid order, int quantity = 1, string? destination = "Seoul", bool canPay = true) =>
        catalog.AskAsync<HoldAnswer>("/holds", new HoldRequest(order, offer, quantity, destination, null, canPay));

    private async Task<Guid> RegisterAsync(int? capacity)
    {
        using var merchant = catalog.As("bookshop", Roles.Merchant);
        using var answer = await merchant.PostAsJsonAsync("/api/offers", new
        {
            kind = "made-up", title = "Something", price = 12_000, currency = "KRW", prepayment = "full", fulfilment = "delivery", capacity,
        });
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
    }

    private async Task<int?> AvailableAsync(Guid offer) =>
        (await catalog.Internal.GetFromJsonAsync<JsonElement>($"/api/offers/{offer}")).GetProperty("available").GetInt32();
}
