using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Npgsql;
using OrderMall.Catalog;
using OrderMall.Contracts;

namespace OrderMall.Services.Tests;

[Collection(ServiceCollection.Name)]
public sealed class CatalogTests(RunningService<CatalogService> catalog) : IClassFixture<RunningService<CatalogService>>
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
    public async Task What_was_released_a_week_ago_is_deleted_and_what_is_held_stays()
    {
        var offer = await RegisterAsync(capacity: 10);
        var (released, held) = (Orders.Book() with { OfferId = offer }, Guid.CreateVersion7());
        await HoldAsync(offer, released.OrderId);
        await HoldAsync(offer, held, quantity: 2);
        await catalog.DeliverAsync(OrderEvent.Cancelled, released);
        Assert.Equal(HoldOutcome.Released, (await HoldAsync(offer, released.OrderId)).Outcome);
        await using var database = NpgsqlDataSource.Create(catalog.ConnectionString);
        await using (var command = database.CreateCommand("UPDATE hold SET held_at = now() - interval '8 days'"))
            await command.ExecuteNonQueryAsync();

        var replica = await catalog.StartReplicaAsync();
        await using var left = database.CreateCommand("SELECT count(*) FROM hold WHERE offer_id = $1");
        left.Parameters.Add(new() { Value = offer });
        await Eventually.BecomesAsync<object?>(1L, () => left.ExecuteScalarAsync());
        await catalog.StopReplicaAsync(replica);
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
        using var merchant = catalog.As("sparkle", Roles.Merchant);
        using var registered = await merchant.PostAsJsonAsync("/api/offers", Offer(new() { ["prepayment"] = "none", ["fulfilment"] = "assignment" }));
        var visit = new HoldRequest(Guid.CreateVersion7(), "alice", await IdAsync(registered), 1, "Seoul", null, CanPay: true, HasPhone: false);
        Assert.Equal(HoldOutcome.PhoneRequired, (await AskAsync(visit)).Outcome);
        Assert.Equal(HoldOutcome.Held, (await AskAsync(visit with { HasPhone = true })).Outcome);
        // Who does not know of it yet is not refused for it.
        Assert.Equal(HoldOutcome.Held, (await AskAsync(visit with { OrderId = Guid.CreateVersion7(), HasPhone = null })).Outcome);
        Assert.Equal(HoldOutcome.Held, (await AskAsync(visit with { OrderId = Guid.CreateVersion7(), OfferId = await RegisterAsync(capacity: 1) })).Outcome);

        Task<HoldAnswer> AskAsync(HoldRequest request) => catalog.AskAsync<HoldAnswer>("/holds", request);
    }

    [Fact]
    public async Task No_more_visits_are_sold_for_a_day_than_there_are_workers_unless_the_merchant_says_so()
    {
        var (merchantId, day) = ($"sparkle-{Guid.NewGuid():N}", DateOnly.FromDateTime(DateTime.UtcNow).AddDays(9));
        var asked = new ConcurrentQueue<WorkerCountRequest>();
        var isDown = false;
        catalog.Sidecar.Called["dispatch/worker-counts"] = async context =>
        {
            asked.Enqueue((await context.Request.ReadFromJsonAsync<WorkerCountRequest>())!);
            if (isDown)
                context.Response.StatusCode = StatusCodes.Status500InternalServerError;
            else
                await context.Response.WriteAsJsonAsync(new WorkerCountAnswer(5));
        };
        using var merchant = catalog.As(merchantId, Roles.Merchant);

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
            Guid.CreateVersion7(), 3, DateTimeOffset.UtcNow, TitleStatus.Approved, null, "penguin", "A Long Way", "Kim", 12_500m, "KRW", 3);
        foreach (var type in new[] { TitleEvent.Registered, TitleEvent.Rejected, TitleEvent.Cancelled, TitleEvent.Voided })
            Assert.Equal("SUCCESS", await catalog.DeliverAsync(Topics.Titles, type, title));
        Assert.Equal(HttpStatusCode.NotFound, (await catalog.Internal.GetAsync($"/api/offers/{title.TitleId}")).StatusCode);

        var eventId = Guid.CreateVersion7().ToString();
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => catalog.DeliverAsync(Topics.Titles, TitleEvent.Approved, title, id: i % 2 == 0 ? eventId : null)));
        Assert.All(answers, answer => Assert.Equal("SUCCESS", answer));
        Assert.Equal(
            $$"""{"id":"{{title.TitleId}}","merchantId":"penguin","kind":"book","title":"A Long Way","price":12500,"deposit":null,"currency":"KRW","prepayment":"full","fulfilment":"delivery","capacity":3,"available":3,"maxPerCustomer":null,"date":null,"place":null,"details":"By Kim."}""",
            await catalog.Internal.GetStringAsync($"/api/offers/{title.TitleId}"));
        var registered = Assert.Single(await catalog.PublishedAsync(title.TitleId));
        Assert.Equal((Topics.Offers, OfferEvent.Registered), (registered.Topic, registered.Type));

        Assert.Equal(HoldOutcome.Held, (await HoldAsync(title.TitleId, Guid.CreateVersion7())).Outcome);
        using var publisher = catalog.As("penguin", Roles.Publisher);
        using var changed = await publisher.PatchAsJsonAsync($"/api/offers/{title.TitleId}", new { price = 9_000 });
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        // Its text is what was approved.
        foreach (var field in new[] { "title", "details", "place" })
        {
            using var rewritten = await publisher.PatchAsJsonAsync($"/api/offers/{title.TitleId}", new Dictionary<string, object> { [field] = "Something else", ["price"] = 1 });
            Assert.Equal([field], await WrongAsync(rewritten));
            using var alsoMerchant = catalog.As("penguin", $"{Roles.Publisher},{Roles.Merchant}");
            using var rewrittenToo = await alsoMerchant.PatchAsJsonAsync($"/api/offers/{title.TitleId}", new Dictionary<string, object> { [field] = "Something else" });
            Assert.Equal([field], await WrongAsync(rewrittenToo));
        }

        using var more = await publisher.PatchAsJsonAsync($"/api/offers/{title.TitleId}", new { capacity = 3, price = 9_000 });
        Assert.Equal(HttpStatusCode.OK, more.StatusCode);
        using var stranger = catalog.As("viking", Roles.Publisher);
        Assert.Equal(HttpStatusCode.NotFound, (await stranger.PatchAsJsonAsync($"/api/offers/{title.TitleId}", new { price = 1 })).StatusCode);
        // Publishers sell titles that were approved, and nothing else.
        Assert.Equal(HttpStatusCode.Forbidden, (await publisher.PostAsJsonAsync("/api/offers", new { })).StatusCode);
        // Heard of again after it changed, it stays as it is.
        Assert.Equal("SUCCESS", await catalog.DeliverAsync(Topics.Titles, TitleEvent.Approved, title));
        Assert.Equal(2, await AvailableAsync(title.TitleId));
    }

    [Fact]
    public async Task Off_sale_nobody_can_order_it_or_change_it_and_what_is_held_stays_held()
    {
        var (offer, kind) = (await RegisterAsync(capacity: 10), $"off-{Guid.NewGuid():N}");
        using var merchant = catalog.As("bookshop", Roles.Merchant);
        using var registered = await merchant.PostAsJsonAsync("/api/offers", Offer(new() { ["kind"] = kind }));
        var listed = await IdAsync(registered);
        var order = Guid.CreateVersion7();
        Assert.Equal(HoldOutcome.Held, (await HoldAsync(listed, order, quantity: 3)).Outcome);
        using (var stranger = catalog.As("bistro", Roles.Merchant))
            Assert.Equal(HttpStatusCode.NotFound, (await stranger.DeleteAsync($"/api/offers/{listed}")).StatusCode);
        using (var customer = catalog.As("alice", Roles.Customer))
            Assert.Equal(HttpStatusCode.Forbidden, (await customer.DeleteAsync($"/api/offers/{listed}")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await merchant.DeleteAsync($"/api/offers/{Guid.NewGuid()}")).StatusCode);
        Assert.Equal(1, await ListedAsync());

        for (var i = 0; i < 2; i++)
            Assert.Equal(HttpStatusCode.NoContent, (await merchant.DeleteAsync($"/api/offers/{listed}")).StatusCode);

        Assert.Equal(0, await ListedAsync());
        Assert.Equal(HttpStatusCode.NotFound, (await catalog.Internal.GetAsync($"/api/offers/{listed}")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await merchant.PatchAsJsonAsync($"/api/offers/{listed}", new { price = 1 })).StatusCode);
        Assert.Equal(HoldOutcome.UnknownOffer, (await HoldAsync(listed, Guid.CreateVersion7())).Outcome);
        Assert.Equal(HoldOutcome.Held, (await HoldAsync(listed, order, quantity: 3)).Outcome);
        Assert.Equal([OfferEvent.Registered, OfferEvent.Withdrawn], (await catalog.PublishedAsync(listed)).Select(e => e.Type));
        Assert.Equal(new AuditedOffer(listed, 10, 7, 3, OnSale: false), await AuditedAsync(listed));
        await catalog.DeliverAsync(OrderEvent.Cancelled, Orders.Book() with { OrderId = order, OfferId = listed });
        Assert.Equal(new AuditedOffer(listed, 10, 10, 0, OnSale: false), await AuditedAsync(listed));
        Assert.Equal(10, await AvailableAsync(offer));

        async Task<int> ListedAsync() =>
            (await catalog.Internal.GetFromJsonAsync<JsonElement>($"/api/offers?kind={kind}")).GetProperty("items").GetArrayLength();
    }

    [Fact]
    public async Task Whoever_orders_as_it_goes_off_sale_holds_it_before_or_not_at_all()
    {
        var offer = await RegisterAsync(capacity: 100);
        using var merchant = catalog.As("bookshop", Roles.Merchant);
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
            Assert.Equal("SUCCESS", await catalog.DeliverAsync(Topics.Titles, TitleEvent.Approved, approved));
            Assert.Equal(HoldOutcome.Held, (await HoldAsync(approved.TitleId, order)).Outcome);
            using var publisher = catalog.As("penguin", Roles.Publisher);
            using var refused = await publisher.DeleteAsync($"/api/offers/{approved.TitleId}");
            Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
            Assert.Contains($"DELETE /api/titles/{approved.TitleId}", (await refused.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("detail").GetString(), StringComparison.Ordinal);
        }

        for (var i = 0; i < 2; i++)
            Assert.Equal("SUCCESS", await catalog.DeliverAsync(Topics.Titles, TitleEvent.Cancelled, withdrawn));
        Assert.Equal("SUCCESS", await catalog.DeliverAsync(Topics.Titles, TitleEvent.Approved, approved));

        Assert.Equal(HttpStatusCode.NotFound, (await catalog.Internal.GetAsync($"/api/offers/{approved.TitleId}")).StatusCode);
        Assert.Equal(HoldOutcome.UnknownOffer, (await HoldAsync(approved.TitleId, Guid.CreateVersion7())).Outcome);
        Assert.Equal(inOrder ? [OfferEvent.Registered, OfferEvent.Withdrawn] : [], (await catalog.PublishedAsync(approved.TitleId)).Select(e => e.Type));
        Assert.Equal(new AuditedOffer(approved.TitleId, 3, inOrder ? 2 : 3, inOrder ? 1 : 0, OnSale: false), await AuditedAsync(approved.TitleId));
    }

    [Fact]
    public async Task Who_expects_another_amount_holds_nothing_and_is_told_the_terms_of_now()
    {
        var offer = await RegisterAsync(capacity: 10);
        using var merchant = catalog.As("bookshop", Roles.Merchant);
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
        using var merchant = catalog.As("bookshop", Roles.Merchant);
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
        using var merchant = catalog.As("bookshop", Roles.Merchant);
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
        using var merchant = catalog.As("bookshop", Roles.Merchant);
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
    public async Task What_nobody_can_pay_is_not_sold()
    {
        var offer = await RegisterAsync(capacity: 10);
        await ExecuteAsync("UPDATE offer SET currency = 'ZZZ' WHERE id = $1", offer);
        Assert.Equal(HoldOutcome.NoAmount, (await HoldAsync(offer, Guid.CreateVersion7())).Outcome);
        Assert.Equal(10, await AvailableAsync(offer));
    }

    [Fact]
    public async Task A_day_is_sold_until_it_is_over_everywhere_on_Earth()
    {
        var (day, kind) = (new DateOnly(2031, 3, 1), $"day-{Guid.NewGuid():N}");
        var lastMoment = new DateTimeOffset(2031, 3, 2, 11, 59, 0, TimeSpan.Zero);
        using var merchant = catalog.As("bookshop", Roles.Merchant);
        try
        {
            catalog.Time.Set(lastMoment);
            using var registered = await merchant.PostAsJsonAsync("/api/offers", Offer(new() { ["kind"] = kind, ["date"] = day }));
            var offer = await IdAsync(registered);
            var order = Guid.CreateVersion7();
            Assert.Equal(HoldOutcome.Held, (await HoldAsync(offer, order)).Outcome);
            Assert.Equal(1, await ListedAsync());
            // Of something without a day the customer chooses one.
            var any = await RegisterAsync(capacity: 10);
            Assert.Equal(HoldOutcome.Held, (await HoldAsync(any, Guid.CreateVersion7(), date: day)).Outcome);
            Assert.Equal(HoldOutcome.PastDate, (await HoldAsync(any, Guid.CreateVersion7(), date: day.AddDays(-1))).Outcome);

            catalog.Time.Set(lastMoment.AddMinutes(1));
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
            catalog.Time.Set(DateTimeOffset.UtcNow);
        }

        async Task<int> ListedAsync() =>
            (await catalog.Internal.GetFromJsonAsync<JsonElement>($"/api/offers?kind={kind}")).GetProperty("items").GetArrayLength();
    }

    [Fact]
    public async Task The_demo_has_offers_for_days_to_come_whenever_it_starts()
    {
        try
        {
            foreach (var days in new[] { 0, 4, 40, 40 })
            {
                catalog.Time.Set(DateTimeOffset.UtcNow.AddDays(days));
                var replica = await catalog.StartReplicaAsync(["--Mall:Demo", "true"]);
                using var demo = catalog.As("alice", Roles.Customer, replica);
                var today = DateOnly.FromDateTime(catalog.Time.GetUtcNow().UtcDateTime);
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
                await catalog.StopReplicaAsync(replica);
            }
        }
        finally
        {
            catalog.Time.Set(DateTimeOffset.UtcNow);
        }
    }

    [Fact]
    public async Task One_customer_never_holds_more_than_one_may_however_many_orders_come_at_once()
    {
        using var merchant = catalog.As("bookshop", Roles.Merchant);
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
            await catalog.DeliverAsync(OrderEvent.Cancelled, Orders.Book(customer: "greedy") with { OrderId = order, OfferId = offer });
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
        using var merchant = catalog.As("bookshop", Roles.Merchant);
        using var changed = await merchant.PatchAsJsonAsync($"/api/offers/{offer}", new { maxPerCustomer = 4 });
        Assert.Equal(new HoldAnswer(HoldOutcome.CustomerLimit, null, 1), await HoldAsync(offer, Guid.CreateVersion7(), quantity: 2));
        Assert.Equal(HoldOutcome.Held, (await HoldAsync(offer, Guid.CreateVersion7())).Outcome);
        Assert.Equal(new HoldAnswer(HoldOutcome.CustomerLimit, null, 0), await HoldAsync(offer, Guid.CreateVersion7()));
    }

    [Fact]
    public async Task Where_there_is_no_demo_any_more_nothing_of_its_merchants_is_sold()
    {
        using var bookshop = catalog.As(Demo.Bookshop, Roles.Merchant);
        var kind = $"demo-{Guid.NewGuid():N}";
        using var registered = await bookshop.PostAsJsonAsync("/api/offers", Offer(new() { ["kind"] = kind }));
        var offer = (await registered.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
        Assert.Equal(HoldOutcome.UnknownOffer, (await HoldAsync(offer, Guid.CreateVersion7())).Outcome);
        var listed = await bookshop.GetFromJsonAsync<JsonElement>($"/api/offers?kind={kind}");
        Assert.Empty(listed.GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task A_title_is_found_however_it_is_typed()
    {
        var (composed, decomposed) = ("한국어 이야기", "한국어 이야기".Normalize(System.Text.NormalizationForm.FormD));
        Assert.NotEqual(composed, decomposed);
        var kind = $"text-{Guid.NewGuid():N}";
        using var merchant = catalog.As("bookshop", Roles.Merchant);
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
        await catalog.StopReplicaAsync(await catalog.StartReplicaAsync());
        Assert.Equal(["한국어 옛날"], await FoundAsync("옛날"));

        async Task<IEnumerable<string?>> FoundAsync(string query) =>
            [.. (await catalog.Internal.GetFromJsonAsync<JsonElement>($"/api/offers?kind={kind}&q={Uri.EscapeDataString(query)}"))
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
        using var merchant = catalog.As("bookshop", Roles.Merchant);
        using var answer = await merchant.PostAsJsonAsync("/api/offers", Offer(new() { [field] = text }));
        if (isTaken)
            Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        else
            Assert.Equal([field], await WrongAsync(answer));
    }

    private static Dictionary<string, object?> Offer(Dictionary<string, object?> fields)
    {
        var offer = new Dictionary<string, object?>
        {
            ["kind"] = "made-up", ["title"] = "Something", ["price"] = 12_000, ["currency"] = "KRW", ["prepayment"] = "full", ["fulfilment"] = "delivery", ["capacity"] = 10,
        };
        foreach (var (name, value) in fields)
            offer[name] = value;
        return offer;
    }

    private Task<HoldAnswer> HoldAsync(
        Guid offer, Guid order, int quantity = 1, string? destination = "Seoul", bool canPay = true, decimal? expectedAmount = null, string customer = "alice", DateOnly? date = null, decimal? expectedPrepaid = null) =>
        catalog.AskAsync<HoldAnswer>("/holds", new HoldRequest(order, customer, offer, quantity, destination, date, canPay, expectedAmount, expectedPrepaid));

    private async Task<Guid> RegisterAsync(int? capacity)
    {
        using var merchant = catalog.As("bookshop", Roles.Merchant);
        using var answer = await merchant.PostAsJsonAsync("/api/offers", Offer(new() { ["capacity"] = capacity }));
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        return await IdAsync(answer);
    }

    private static async Task<Guid> IdAsync(HttpResponseMessage answer) =>
        (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();

    // The fields that a 400 names.
    private static async Task<IEnumerable<string>> WrongAsync(HttpResponseMessage answer)
    {
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        return [.. (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors").EnumerateObject().Select(error => error.Name)];
    }

    private async Task ExecuteAsync(string sql, object id)
    {
        await using var database = NpgsqlDataSource.Create(catalog.ConnectionString);
        await using var command = database.CreateCommand(sql);
        command.Parameters.Add(new() { Value = id });
        Assert.Equal(1, await command.ExecuteNonQueryAsync());
    }

    private async Task<AuditedOffer> AuditedAsync(Guid offer) =>
        Assert.Single(await catalog.AskAsync<List<AuditedOffer>>("/audit/offers/some", new AuditOrders([offer])));

    private async Task<int?> AvailableAsync(Guid offer) =>
        (await catalog.Internal.GetFromJsonAsync<JsonElement>($"/api/offers/{offer}")).GetProperty("available").GetInt32();
}
