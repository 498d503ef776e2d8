using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Npgsql;
using OrderMall.Catalog;
using OrderMall.Contracts;
using OrderMall.Contracts.Calls;
using OrderMall.Contracts.Events;
using OrderMall.ServiceDefaults;

namespace OrderMall.Services.Tests;

/// <summary>What can be ordered now, and when it goes off sale.</summary>
[Collection(ServiceCollection.Name)]
public sealed class OnSaleTests(RunningService<CatalogService> catalog) : CatalogTestBase(catalog), IClassFixture<RunningService<CatalogService>>
{
    [Fact]
    public async Task Who_recommends_is_told_what_can_be_ordered_now()
    {
        var (few, many, off, over, last) = (await RegisterAsync(1), await RegisterAsync(null), await RegisterAsync(1), await RegisterAsync(1), await RegisterAsync(1));
        Guid[] all = [few, many, off, over, last, Guid.NewGuid()];
        Assert.Equal(new[] { few, many, off, over, last }.Order(), await OrderableAsync());

        var order = Orders.Book() with { OfferId = few };
        await HoldAsync(few, order.OrderId);
        using var merchant = _catalog.As("bookshop", Roles.Merchant);
        using var withdrawn = await merchant.DeleteAsync($"/api/offers/{off}");
        Assert.Equal(HttpStatusCode.NoContent, withdrawn.StatusCode);
        // Yesterday may be the day somewhere on Earth.
        var today = DateOnly.FromDateTime(DateTime.UtcNow);
        await ScalarAsync($"UPDATE offer SET date = '{today.AddDays(-2):yyyy-MM-dd}' WHERE id = $1", over);
        await ScalarAsync($"UPDATE offer SET date = '{today:yyyy-MM-dd}' WHERE id = $1", last);
        Assert.Equal(new[] { many, last }.Order(), await OrderableAsync());
        await _catalog.DeliverAsync(OrderEvent.Cancelled, order);
        Assert.Equal(new[] { few, many, last }.Order(), await OrderableAsync());

        async Task<IEnumerable<Guid>> OrderableAsync() => (await _catalog.AskAsync<OrderableOffersAnswer>("/orderable-offers", new OrderableOffersRequest(all))).OfferIds.Order();
    }

    [Fact]
    public async Task Off_sale_nobody_can_order_it_or_change_it_and_what_is_held_stays_held()
    {
        var (offer, kind) = (await RegisterAsync(capacity: 10), $"off-{Guid.NewGuid():N}");
        using var merchant = _catalog.As("bookshop", Roles.Merchant);
        using var registered = await merchant.PostAsJsonAsync("/api/offers", Offer(new() { ["kind"] = kind }));
        var listed = await IdAsync(registered);
        var order = Guid.CreateVersion7();
        Assert.Equal(HoldOutcome.Held, (await HoldAsync(listed, order, quantity: 3)).Outcome);
        using (var stranger = _catalog.As("bistro", Roles.Merchant))
            Assert.Equal(HttpStatusCode.NotFound, (await stranger.DeleteAsync($"/api/offers/{listed}")).StatusCode);
        using (var customer = _catalog.As("alice", Roles.Customer))
            Assert.Equal(HttpStatusCode.Forbidden, (await customer.DeleteAsync($"/api/offers/{listed}")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await merchant.DeleteAsync($"/api/offers/{Guid.NewGuid()}")).StatusCode);
        Assert.Equal(1, await ListedAsync());

        for (var i = 0; i < 2; i++)
            Assert.Equal(HttpStatusCode.NoContent, (await merchant.DeleteAsync($"/api/offers/{listed}")).StatusCode);

        Assert.Equal(0, await ListedAsync());
        Assert.Equal(HttpStatusCode.NotFound, (await _catalog.Internal.GetAsync($"/api/offers/{listed}")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await merchant.PatchAsJsonAsync($"/api/offers/{listed}", new { price = 1 })).StatusCode);
        Assert.Equal(HoldOutcome.UnknownOffer, (await HoldAsync(listed, Guid.CreateVersion7())).Outcome);
        Assert.Equal(HoldOutcome.Held, (await HoldAsync(listed, order, quantity: 3)).Outcome);
        Assert.Equal([OfferEvent.Registered, OfferEvent.Withdrawn], (await _catalog.PublishedAsync(listed)).Select(e => e.Type));
        Assert.Equal(new AuditedOffer(listed, 10, 7, 3, OnSale: false), await AuditedAsync(listed));
        await _catalog.DeliverAsync(OrderEvent.Cancelled, Orders.Book() with { OrderId = order, OfferId = listed });
        Assert.Equal(new AuditedOffer(listed, 10, 10, 0, OnSale: false), await AuditedAsync(listed));
        Assert.Equal(10, await AvailableAsync(offer));

        async Task<int> ListedAsync() =>
            (await _catalog.Internal.GetFromJsonAsync<JsonElement>($"/api/offers?kind={kind}")).GetProperty("items").GetArrayLength();
    }

    [Fact]
    public async Task Whoever_orders_as_it_goes_off_sale_holds_it_before_or_not_at_all()
    {
        var offer = await RegisterAsync(capacity: 100);
        using var merchant = _catalog.As("bookshop", Roles.Merchant);
        var orders = Enumerable.Range(0, 40).Select(_ => Guid.CreateVersion7()).ToList();
        var deleting = Task.Delay(20).ContinueWith(_ => merchant.DeleteAsync($"/api/offers/{offer}"), TaskScheduler.Default).Unwrap();
        var answers = await Task.WhenAll(orders.Select(order => HoldAsync(offer, order)));
        Assert.Equal(HttpStatusCode.NoContent, (await deleting).StatusCode);
        Assert.All(answers, answer => Assert.True(answer.Outcome is HoldOutcome.Held or HoldOutcome.UnknownOffer));
        var held = answers.Count(answer => answer.Outcome == HoldOutcome.Held);
        Assert.Equal(new AuditedOffer(offer, 100, 100 - held, held, OnSale: false), await AuditedAsync(offer));
        // Asked again, each has the answer that it had.
        Assert.Equal(answers.Select(answer => answer.Outcome), (await Task.WhenAll(orders.Select(order => HoldAsync(offer, order)))).Select(answer => answer.Outcome));
    }

    [Fact]
    public async Task A_day_is_sold_until_it_is_over_everywhere_on_Earth()
    {
        var (day, kind) = (new DateOnly(2031, 3, 1), $"day-{Guid.NewGuid():N}");
        var lastMoment = new DateTimeOffset(2031, 3, 2, 11, 59, 0, TimeSpan.Zero);
        using var merchant = _catalog.As("bookshop", Roles.Merchant);
        try
        {
            _catalog.Time.Set(lastMoment);
            using var registered = await merchant.PostAsJsonAsync("/api/offers", Offer(new() { ["kind"] = kind, ["date"] = day }));
            var offer = await IdAsync(registered);
            var order = Guid.CreateVersion7();
            Assert.Equal(HoldOutcome.Held, (await HoldAsync(offer, order)).Outcome);
            Assert.Equal(1, await ListedAsync());
            // Of something without a day the customer chooses one.
            var any = await RegisterAsync(capacity: 10);
            Assert.Equal(HoldOutcome.Held, (await HoldAsync(any, Guid.CreateVersion7(), date: day)).Outcome);
            Assert.Equal(HoldOutcome.PastDate, (await HoldAsync(any, Guid.CreateVersion7(), date: day.AddDays(-1))).Outcome);

            _catalog.Time.Set(lastMoment.AddMinutes(1));
            Assert.Equal(HoldOutcome.Over, (await HoldAsync(offer, Guid.CreateVersion7())).Outcome);
            Assert.Equal(HoldOutcome.Held, (await HoldAsync(offer, order)).Outcome);
            Assert.Equal(HoldOutcome.PastDate, (await HoldAsync(any, Guid.CreateVersion7(), date: day)).Outcome);
            Assert.Equal(0, await ListedAsync());
            Assert.Equal(9, await AvailableAsync(offer));
            using var past = await merchant.PostAsJsonAsync("/api/offers", Offer(new() { ["kind"] = kind, ["date"] = day }));
            Assert.Equal(["date"], await WrongAsync(past));
            foreach (var other in new[] { day.AddDays(-1), day.AddDays(5) })
            {
                using var moved = await merchant.PatchAsJsonAsync($"/api/offers/{offer}", new { date = other });
                Assert.Equal(["date"], await WrongAsync(moved));
            }
        }
        finally
        {
            _catalog.Time.Set(DateTimeOffset.UtcNow);
        }

        async Task<int> ListedAsync() =>
            (await _catalog.Internal.GetFromJsonAsync<JsonElement>($"/api/offers?kind={kind}")).GetProperty("items").GetArrayLength();
    }

    [Fact]
    public async Task The_demo_has_offers_for_days_to_come_whenever_it_starts()
    {
        try
        {
            foreach (var days in new[] { 0, 4, 40, 40 })
            {
                _catalog.Time.Set(DateTimeOffset.UtcNow.AddDays(days));
                var replica = await _catalog.StartReplicaAsync(["--Mall:Demo", "true"]);
                using var demo = _catalog.As("alice", Roles.Customer, replica);
                var today = DateOnly.FromDateTime(_catalog.Time.GetUtcNow().UtcDateTime);
                foreach (var kind in new[] { "vaccination", "table", "cleaning" })
                {
                    var offers = (await demo.GetFromJsonAsync<JsonElement>($"/api/offers?kind={kind}&limit=100")).GetProperty("items").EnumerateArray().ToList();
                    // Of tables one is confirmed at once, the others by the restaurant.
                    Assert.Equal(kind == "table" ? 6 : 5, offers.Where(offer => DateOnly.Parse(offer.GetProperty("date").GetString()!, System.Globalization.CultureInfo.InvariantCulture) > today)
                        .Select(offer => offer.GetProperty("title").GetString() + offer.GetProperty("place").GetString()).Distinct().Count());
                    Assert.All(offers, offer => Assert.Equal(kind == "vaccination", offer.GetProperty("maxPerCustomer").ValueKind == JsonValueKind.Number));
                }

                // A start changes nothing of what is there.
                Assert.Equal(32, (await demo.GetFromJsonAsync<JsonElement>("/api/offers?kind=book&limit=100")).GetProperty("items").EnumerateArray()
                    .Count(offer => offer.GetProperty("merchantId").GetString() == Demo.Bookshop));
                await _catalog.StopReplicaAsync(replica);
            }
        }
        finally
        {
            _catalog.Time.Set(DateTimeOffset.UtcNow);
        }
    }

    [Fact]
    public async Task Where_there_is_no_demo_any_more_nothing_of_its_merchants_is_sold()
    {
        using var bookshop = _catalog.As(Demo.Bookshop, Roles.Merchant);
        var kind = $"demo-{Guid.NewGuid():N}";
        using var registered = await bookshop.PostAsJsonAsync("/api/offers", Offer(new() { ["kind"] = kind }));
        var offer = (await registered.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
        Assert.Equal(HoldOutcome.UnknownOffer, (await HoldAsync(offer, Guid.CreateVersion7())).Outcome);
        var listed = await bookshop.GetFromJsonAsync<JsonElement>($"/api/offers?kind={kind}");
        Assert.Empty(listed.GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task What_a_merchant_sold_goes_off_sale_with_the_role_for_good_and_orders_for_it_go_on()
    {
        var (gone, stays) = ($"gone-{Guid.NewGuid():N}", $"stays-{Guid.NewGuid():N}");
        var offer = await SellAsync(gone);
        var other = await SellAsync(stays);
        var order = Guid.CreateVersion7();
        await HoldAsync(offer, order);
        var taken = _catalog.Time.Now();
        foreach (var _ in Enumerable.Range(0, 2))
            await ChangeAsync(2, isHeld: false, taken);
        await Eventually.BecomesAsync(false, () => IsOnSaleAsync(offer));
        Assert.Equal(HoldOutcome.UnknownOffer, (await HoldAsync(offer, Guid.CreateVersion7())).Outcome);
        Assert.Equal(HoldOutcome.Held, (await HoldAsync(offer, order)).Outcome);
        Assert.True(await IsOnSaleAsync(other));
        Assert.Equal([OfferEvent.Registered, OfferEvent.Withdrawn], (await _catalog.PublishedAsync(offer)).Select(e => e.Type));

        // Let in by a replica of the gateway that did not know of it yet: found when it is looked for once more.
        var late = await SellAsync(gone);
        await ExecuteAsync("UPDATE seller SET due_at = now() WHERE business_id = $1", gone);
        await Eventually.BecomesAsync(false, () => IsOnSaleAsync(late));

        // Given back: what is put on sale from then on stays, also where the events come in another order.
        await ChangeAsync(3, isHeld: true, _catalog.Time.Now());
        var again = await SellAsync(gone);
        await ChangeAsync(2, isHeld: false, taken);
        await ExecuteAsync("UPDATE seller SET due_at = now() WHERE business_id = $1", gone);
        await Eventually.BecomesAsync<object?>(DBNull.Value, () => ScalarAsync("SELECT due_at FROM seller WHERE business_id = $1", gone));
        Assert.Equal((true, false, false), (await IsOnSaleAsync(again), await IsOnSaleAsync(offer), await IsOnSaleAsync(late)));

        async Task ChangeAsync(long version, bool isHeld, DateTimeOffset since) => Assert.Equal("SUCCESS", await _catalog.TryDeliverAsync(BusinessEvent.RightsChanged, new BusinessEvent(gone, version, since, new SellingRight(isHeld, since), new SellingRight(false, null))));
    }

    private async Task<bool> IsOnSaleAsync(Guid offer)
    {
        using var answer = await _catalog.Internal.GetAsync($"/api/offers/{offer}");
        return answer.IsSuccessStatusCode;
    }

    private async Task<Guid> SellAsync(string merchantId)
    {
        using var merchant = _catalog.As(merchantId, Roles.Merchant);
        using var answer = await merchant.PostAsJsonAsync("/api/offers", Offer([]));
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        return await IdAsync(answer);
    }

    private async Task<object?> ScalarAsync(string sql, object id)
    {
        await using var database = NpgsqlDataSource.Create(_catalog.ConnectionString);
        await using var command = database.CreateCommand(sql);
        command.Parameters.Add(new() { Value = id });
        return await command.ExecuteScalarAsync();
    }
}
