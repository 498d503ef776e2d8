using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Npgsql;
using OrderMall.Catalog;
using OrderMall.Contracts;
using OrderMall.Contracts.Calls;
using OrderMall.Contracts.Events;

namespace OrderMall.Services.Tests;

/// <summary>What orders hold of an offer: once each, never more than there is or one customer may have, and on the terms that the customer expects.</summary>
[Collection(ServiceCollection.Name)]
public sealed class HoldTests(RunningService<CatalogService> catalog) : CatalogTestBase(catalog), IClassFixture<RunningService<CatalogService>>
{
    [Fact]
    public async Task Many_at_once_never_hold_more_than_there_is()
    {
        var offer = await RegisterAsync(capacity: 10);
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => HoldAsync(offer, Guid.CreateVersion7())));
        // Each is told how many were left as its own was held.
        Assert.Equal(Enumerable.Range(1, 10), answers.Where(answer => answer.Outcome == HoldOutcome.Held).Select(answer => answer.Offer!.Left!.Value).Order());
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

        using var merchant = _catalog.As("bookshop", Roles.Merchant);
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
        await _catalog.DeliverAsync(type, order, id: $"{order.OrderId} cancelled");
        await _catalog.DeliverAsync(type, order, id: $"{order.OrderId} cancelled");
        await _catalog.DeliverAsync(type, order, id: $"{order.OrderId} again");
        Assert.Equal(10, await AvailableAsync(offer));
    }

    [Fact]
    public async Task An_order_that_was_withdrawn_before_its_hold_came_holds_nothing()
    {
        var offer = await RegisterAsync(capacity: 10);
        var order = Orders.Book() with { OfferId = offer };
        await _catalog.DeliverAsync(OrderEvent.Voided, order);
        Assert.Equal(HoldOutcome.Released, (await HoldAsync(offer, order.OrderId)).Outcome);
        Assert.Equal(10, await AvailableAsync(offer));
    }

    [Fact]
    public async Task What_was_released_a_week_ago_is_deleted_and_what_is_held_stays()
    {
        var offer = await RegisterAsync(capacity: 10);
        var (released, held) = (Orders.Book() with { OfferId = offer }, Guid.CreateVersion7());
        await HoldAsync(offer, released.OrderId);
        await HoldAsync(offer, held, quantity: 2);
        await _catalog.DeliverAsync(OrderEvent.Cancelled, released);
        Assert.Equal(HoldOutcome.Released, (await HoldAsync(offer, released.OrderId)).Outcome);
        await using var database = NpgsqlDataSource.Create(_catalog.ConnectionString);
        await using (var command = database.CreateCommand("UPDATE hold SET held_at = now() - interval '8 days'"))
            await command.ExecuteNonQueryAsync();

        var replica = await _catalog.StartReplicaAsync();
        await using var left = database.CreateCommand("SELECT count(*) FROM hold WHERE offer_id = $1");
        left.Parameters.Add(new() { Value = offer });
        await Eventually.BecomesAsync<object?>(1L, () => left.ExecuteScalarAsync());
        await _catalog.StopReplicaAsync(replica);
        Assert.Equal((HoldOutcome.Held, 8), ((await HoldAsync(offer, held, quantity: 2)).Outcome, await AvailableAsync(offer)));
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
    public async Task Where_somebody_comes_the_customer_can_be_reached()
    {
        using var merchant = _catalog.As("sparkle", Roles.Merchant);
        using var registered = await merchant.PostAsJsonAsync("/api/offers", Offer(new() { ["prepayment"] = "none", ["fulfilment"] = "assignment" }));
        var visit = new HoldRequest(Guid.CreateVersion7(), "alice", await IdAsync(registered), 1, "Seoul", null, CanPay: true, HasPhone: false);
        Assert.Equal(HoldOutcome.PhoneRequired, (await AskAsync(visit)).Outcome);
        Assert.Equal(HoldOutcome.Held, (await AskAsync(visit with { HasPhone = true })).Outcome);
        // Who does not know of it yet is not refused for it.
        Assert.Equal(HoldOutcome.Held, (await AskAsync(visit with { OrderId = Guid.CreateVersion7(), HasPhone = null })).Outcome);
        Assert.Equal(HoldOutcome.Held, (await AskAsync(visit with { OrderId = Guid.CreateVersion7(), OfferId = await RegisterAsync(capacity: 1) })).Outcome);

        Task<HoldAnswer> AskAsync(HoldRequest request) => _catalog.AskAsync<HoldAnswer>("/holds", request);
    }

    [Fact]
    public async Task Capacity_changes_keep_what_orders_hold()
    {
        var offer = await RegisterAsync(capacity: 10);
        await HoldAsync(offer, Guid.CreateVersion7(), quantity: 4);
        using var merchant = _catalog.As("bookshop", Roles.Merchant);
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
        using var merchant = _catalog.As("bookshop", Roles.Merchant);
        using var changed = await merchant.PatchAsJsonAsync($"/api/offers/{offer}", new { capacity = 1500 });
        Assert.Equal(500, await AvailableAsync(offer));
    }

    [Fact]
    public async Task Who_expects_another_amount_holds_nothing_and_is_told_the_terms_of_now()
    {
        var offer = await RegisterAsync(capacity: 10);
        using var merchant = _catalog.As("bookshop", Roles.Merchant);
        using var changed = await merchant.PatchAsJsonAsync($"/api/offers/{offer}", new { price = 900_000 });
        var refused = await HoldAsync(offer, Guid.CreateVersion7(), quantity: 2, expectedAmount: 24_000);
        Assert.Equal((HoldOutcome.PriceChanged, 900_000m), (refused.Outcome, refused.Offer!.Price));
        Assert.Equal(10, await AvailableAsync(offer));
        Assert.Equal(HoldOutcome.Held, (await HoldAsync(offer, Guid.CreateVersion7(), quantity: 2, expectedAmount: 1_800_000)).Outcome);
        Assert.Equal(8, await AvailableAsync(offer));
    }

    [Fact]
    public async Task Who_expects_another_deposit_holds_nothing_though_the_price_is_as_it_was()
    {
        using var merchant = _catalog.As("bookshop", Roles.Merchant);
        using var registered = await merchant.PostAsJsonAsync("/api/offers", Offer(new() { ["prepayment"] = "deposit", ["deposit"] = 2_000 }));
        var offer = await IdAsync(registered);
        using var raised = await merchant.PatchAsJsonAsync($"/api/offers/{offer}", new { deposit = 10_000 });
        Assert.Equal(HttpStatusCode.OK, raised.StatusCode);
        var refused = await HoldAsync(offer, Guid.CreateVersion7(), quantity: 2, expectedAmount: 24_000, expectedPrepaid: 4_000);
        Assert.Equal((HoldOutcome.PriceChanged, 20_000m), (refused.Outcome, refused.Offer!.Prepaid(2)));
        Assert.Equal(10, await AvailableAsync(offer));
        Assert.Equal(HoldOutcome.Held, (await HoldAsync(offer, Guid.CreateVersion7(), quantity: 2, expectedAmount: 24_000, expectedPrepaid: 20_000)).Outcome);
    }

    [Fact]
    public async Task Whoever_says_what_they_expect_pays_it_however_fast_the_price_changes()
    {
        var offer = await RegisterAsync(capacity: null);
        using var merchant = _catalog.As("bookshop", Roles.Merchant);
        using var done = new CancellationTokenSource();
        var changing = Task.Run(async () =>
        {
            for (var price = 12_001; !done.IsCancellationRequested; price = price == 12_000 ? 12_001 : 12_000)
                (await merchant.PatchAsJsonAsync($"/api/offers/{offer}", new { price })).Dispose();
        });
        var answers = new List<HoldAnswer>();
        for (var round = 0; round < 10; round++)
            answers.AddRange(await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => HoldAsync(offer, Guid.CreateVersion7(), expectedAmount: 12_000))));
        await done.CancelAsync();
        await changing;
        Assert.All(answers, answer => Assert.Equal(answer.Outcome == HoldOutcome.Held ? 12_000 : 12_001, answer.Offer!.Price));
        Assert.Contains(answers, answer => answer.Outcome == HoldOutcome.Held);
    }

    [Fact]
    public async Task What_nobody_can_pay_is_not_sold()
    {
        var offer = await RegisterAsync(capacity: 10);
        await ExecuteAsync("UPDATE offer SET currency = 'ZZZ' WHERE id = $1", offer);
        Assert.Equal(HoldOutcome.NoAmount, (await HoldAsync(offer, Guid.CreateVersion7())).Outcome);
        Assert.Equal(10, await AvailableAsync(offer));
    }

    [Fact]
    public async Task One_customer_never_holds_more_than_one_may_however_many_orders_come_at_once()
    {
        using var merchant = _catalog.As("bookshop", Roles.Merchant);
        using var registered = await merchant.PostAsJsonAsync("/api/offers", Offer(new() { ["capacity"] = 200, ["maxPerCustomer"] = 3 }));
        var offer = await IdAsync(registered);
        var orders = Enumerable.Range(0, 40).Select(_ => Guid.CreateVersion7()).ToList();
        var answers = await Task.WhenAll(orders.Select((order, i) => HoldAsync(offer, order, quantity: 1 + (i % 2), customer: "greedy")));
        var held = orders.Zip(answers).Where(pair => pair.Second.Outcome == HoldOutcome.Held).ToList();
        Assert.All(answers, answer => Assert.True(answer.Outcome is HoldOutcome.Held or HoldOutcome.CustomerLimit));
        var units = 200 - await AvailableAsync(offer);
        Assert.InRange(units!.Value, 2, 3);
        Assert.Equal(new HoldAnswer(HoldOutcome.CustomerLimit, null, 3 - units), await HoldAsync(offer, Guid.CreateVersion7(), quantity: 2, customer: "greedy"));
        // Somebody else may have as many.
        Assert.Equal(HoldOutcome.Held, (await HoldAsync(offer, Guid.CreateVersion7(), quantity: 3, customer: "other")).Outcome);
        Assert.Equal(new HoldAnswer(HoldOutcome.CustomerLimit, null, 0), await HoldAsync(offer, Guid.CreateVersion7(), customer: "other"));

        // What was cancelled counts no more, and the same order again is the same hold.
        Assert.Equal(HoldOutcome.Held, (await HoldAsync(offer, held[0].First, customer: "greedy")).Outcome);
        foreach (var (order, _) in held)
            await _catalog.DeliverAsync(OrderEvent.Cancelled, Orders.Book(customer: "greedy") with { OrderId = order, OfferId = offer });
        Assert.Equal(HoldOutcome.Held, (await HoldAsync(offer, Guid.CreateVersion7(), quantity: 3, customer: "greedy")).Outcome);

        using var changed = await merchant.PatchAsJsonAsync($"/api/offers/{offer}", new { maxPerCustomer = 4 });
        Assert.Equal(4, (await changed.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("maxPerCustomer").GetInt32());
        Assert.Equal(new HoldAnswer(HoldOutcome.CustomerLimit, null, 1), await HoldAsync(offer, Guid.CreateVersion7(), quantity: 2, customer: "greedy"));
        using var wrong = await merchant.PatchAsJsonAsync($"/api/offers/{offer}", new { maxPerCustomer = 0 });
        Assert.Equal(["maxPerCustomer"], await WrongAsync(wrong));
    }

    [Fact]
    public async Task A_limit_that_comes_later_counts_what_was_held_before()
    {
        var offer = await RegisterAsync(capacity: 10);
        Assert.Equal(HoldOutcome.Held, (await HoldAsync(offer, Guid.CreateVersion7(), quantity: 3)).Outcome);
        using var merchant = _catalog.As("bookshop", Roles.Merchant);
        using var changed = await merchant.PatchAsJsonAsync($"/api/offers/{offer}", new { maxPerCustomer = 4 });
        Assert.Equal(new HoldAnswer(HoldOutcome.CustomerLimit, null, 1), await HoldAsync(offer, Guid.CreateVersion7(), quantity: 2));
        Assert.Equal(HoldOutcome.Held, (await HoldAsync(offer, Guid.CreateVersion7())).Outcome);
        Assert.Equal(new HoldAnswer(HoldOutcome.CustomerLimit, null, 0), await HoldAsync(offer, Guid.CreateVersion7()));
    }
}
