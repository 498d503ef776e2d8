using System.Net;
using System.Text.Json;
using OrderMall.Mall.Tests.Opening;

namespace OrderMall.Mall.Tests.Faults;

/// <summary>What an order cannot do without is down: the order is refused at once, clearly, with nothing left behind.</summary>
[Collection(AloneCollection.Name)]
public sealed class RefusedAtOnceTests(MallFixture mall) : IClassFixture<MallFixture>
{
    private static readonly TimeSpan AtOnce = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Recovery = TimeSpan.FromSeconds(15);

    [TheoryNeeding(Need.Faults)]
    [InlineData("catalog")]
    [InlineData("payment")]
    [InlineData("payment-provider")]
    public async Task While_a_service_that_must_answer_is_down_orders_are_503_and_it_recovers_by_itself(string appId)
    {
        var (shop, customer, op) = (await mall.BookshopAsync(), await mall.NewCustomerAsync(), await mall.OperatorAsync());
        var offer = await shop.SellBookAsync(copies: 50);
        await using (var absence = await op.StopAsync(appId))
        {
            await IsRefusedAtOnceAsync(customer, offer);
            Assert.Empty(await customer.PageAsync());
            Assert.Contains(await op.CircuitsAsync(appId), state => state is "open" or "half-open");
        }

        await RecoversAsync(shop, customer, offer, op);
        // Orders go on meanwhile: a daprd tells where a circuit stands as of its last call.
        await Eventually.Is(true, async () =>
        {
            await customer.OrderAsync(offer);
            return (await op.CircuitsAsync(appId)).TrueForAll(state => state == "closed");
        });
    }

    [FactNeeding(Need.Faults)]
    public async Task While_the_payment_provider_does_not_work_orders_are_503_and_it_recovers_by_itself()
    {
        var (shop, customer, op) = (await mall.BookshopAsync(), await mall.NewCustomerAsync(), await mall.OperatorAsync());
        var offer = await shop.SellBookAsync(copies: 50);
        await using (var fault = await op.ProviderIsAsync("down"))
        {
            await IsRefusedAtOnceAsync(customer, offer);
            Assert.Empty(await customer.PageAsync());
        }

        await RecoversAsync(shop, customer, offer, op);
    }

    [FactNeeding(Need.Faults)]
    public async Task A_payment_provider_that_is_stopped_takes_no_mode()
    {
        var op = await mall.OperatorAsync();
        await using var absence = await op.StopAsync("payment-provider");
        (await op.PutAsync("/api/ops/payment-provider", new { mode = "slow" })).IsProblem(HttpStatusCode.ServiceUnavailable, "unavailable");
    }

    [FactNeeding(Need.Faults)]
    public async Task What_the_payment_provider_takes_too_late_is_given_back()
    {
        var (shop, customer, op) = (await mall.BookshopAsync(), await mall.NewCustomerAsync(), await mall.OperatorAsync());
        var offer = await shop.SellBookAsync(copies: 50);
        await using (var fault = await op.ProviderIsAsync("slow", delayMs: 8_000))
        {
            var answers = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => customer.OrderAsync(offer)));
            Assert.All(answers, answer => IsUnavailable(answer));
            Assert.All(answers, answer => Assert.InRange(answer.Took, TimeSpan.Zero, OpenMall.Patience(TimeSpan.FromSeconds(12))));
        }

        await RecoversAsync(shop, customer, offer, op);
    }

    [FactNeeding(Need.Faults)]
    public async Task A_payment_provider_that_takes_its_time_only_takes_time()
    {
        var (shop, customer, op) = (await mall.BookshopAsync(), await mall.NewCustomerAsync(), await mall.OperatorAsync());
        var offer = await shop.SellBookAsync();
        await using var fault = await op.ProviderIsAsync("slow", delayMs: 500);
        var answer = (await customer.OrderAsync(offer)).Is(HttpStatusCode.Created);
        Assert.InRange(answer.Took, TimeSpan.FromMilliseconds(450), OpenMall.Patience(TimeSpan.FromSeconds(3)));
    }

    [FactNeeding(Need.Faults)]
    public async Task While_the_payment_provider_declines_orders_are_402()
    {
        var (shop, customer, op) = (await mall.BookshopAsync(), await mall.NewCustomerAsync(), await mall.OperatorAsync());
        var offer = await shop.SellBookAsync(copies: 2);
        await using (var fault = await op.ProviderIsAsync("decline"))
            (await customer.OrderAsync(offer)).IsProblem(HttpStatusCode.PaymentRequired, "payment-declined");
        await shop.HasLeftAsync(offer, 2);
        await customer.PlaceAsync(offer);
        await op.FindsAllInOrderAsync();
    }

    [FactNeeding(Need.Faults)]
    public async Task An_order_refused_with_503_can_be_sent_again_with_the_same_key()
    {
        var (shop, customer, op) = (await mall.BookshopAsync(), await mall.NewCustomerAsync(), await mall.OperatorAsync());
        var offer = await shop.SellBookAsync(copies: 2);
        var key = ("Idempotency-Key", Guid.NewGuid().ToString());
        await using (var absence = await op.StopAsync("catalog"))
            IsUnavailable(await customer.OrderAsync(offer, 1, "card_ok", key));

        await Eventually.Is(HttpStatusCode.Created, async () => (await customer.OrderAsync(offer, 1, "card_ok", key)).Status, Recovery);
        await shop.HasLeftAsync(offer, 1);
    }

    [FactNeeding(Need.Faults)]
    public async Task While_the_catalog_is_down_no_dose_is_booked_and_nothing_is_left_behind()
    {
        var (clinic, person, op) = (await mall.ShopAsync("clinic"), await mall.NewCustomerAsync(), await mall.OperatorAsync());
        var offer = await clinic.SellDosesAsync($"Influenza vaccine {Guid.NewGuid():N}", 2);
        await using (var absence = await op.StopAsync("catalog"))
            IsUnavailable(await person.OrderAsync(offer));

        await Eventually.Is(HttpStatusCode.Created, async () => (await person.OrderAsync(offer)).Status, Recovery);
        await clinic.HasLeftAsync(offer, 1);
        await op.FindsAllInOrderAsync(within: Recovery);
        Assert.Single(await person.PageAsync());
    }

    [TheoryNeeding(Need.Faults)]
    [InlineData("payment")]
    [InlineData("payment-provider")]
    public async Task While_the_deposit_cannot_be_paid_no_table_is_booked_and_nothing_is_left_behind(string appId)
    {
        var (bistro, guest, op) = (await mall.ShopAsync("bistro"), await mall.NewCustomerAsync(), await mall.OperatorAsync());
        var offer = await bistro.SellTablesAsync($"Table for two {Guid.NewGuid():N}", 2);
        await using (var absence = await op.StopAsync(appId))
        {
            IsUnavailable(await guest.OrderAsync(offer));
            await bistro.HasLeftAsync(offer, 2);
        }

        await Eventually.Is(HttpStatusCode.Created, async () => (await guest.OrderAsync(offer)).Status, Recovery);
        await bistro.HasLeftAsync(offer, 1);
        await op.FindsAllInOrderAsync(within: Recovery);
        Assert.Single(await guest.PageAsync());
    }

    [FactNeeding(Need.Faults)]
    public async Task While_the_store_is_down_no_title_is_registered_and_nothing_is_left_behind()
    {
        var (publisher, reviewer, op) = (await mall.PublisherAsync(), await mall.ReviewerAsync(), await mall.OperatorAsync());
        var title = $"Azaleas {Guid.NewGuid():N}";
        await using (var absence = await op.StopAsync("store"))
        {
            for (var attempt = 0; attempt < 3; attempt++)
                IsUnavailable(await publisher.RegisterAsync(title));
        }

        var registered = await Eventually.Satisfies(() => publisher.RegisterAsync(title), answer => answer.Status == HttpStatusCode.Created, "be registered", Recovery);
        await publisher.OnPageAsync(registered.Json.GetProperty("id").GetGuid(), "InReview");
        await op.FindsAllInOrderAsync(within: Recovery);
        Assert.Single(await publisher.NewestAsync("/api/mypage/titles"), HasTitle);
        Assert.Single(await reviewer.NewestAsync("/api/reviews"), HasTitle);
        Assert.Single(await publisher.MessagesNamingAsync(title));

        bool HasTitle(JsonElement entry) => entry.GetProperty("title").GetString() == title;
    }

    private static async Task IsRefusedAtOnceAsync(Customer customer, Guid offer)
    {
        var times = new List<TimeSpan>();
        for (var attempt = 0; attempt < 6; attempt++)
            IsUnavailable(await customer.OrderAsync(offer));
        for (var attempt = 0; attempt < 20; attempt++)
            times.Add(IsUnavailable(await customer.OrderAsync(offer)).Took);
        // Now and then one is let through to see whether it is back: that one may take longer.
        Assert.InRange(times.Order().ElementAt(times.Count / 2), TimeSpan.Zero, OpenMall.Patience(AtOnce));
    }

    private static Answer IsUnavailable(Answer answer)
    {
        answer.IsProblem(HttpStatusCode.ServiceUnavailable, "unavailable");
        Assert.InRange(int.Parse(answer.Header("Retry-After")!, System.Globalization.CultureInfo.InvariantCulture), 1, 60);
        return answer;
    }

    private static async Task RecoversAsync(Shop shop, Customer customer, Guid offer, Operator op)
    {
        await Eventually.Is(HttpStatusCode.Created, async () => (await customer.OrderAsync(offer)).Status, Recovery);
        await shop.HasLeftAsync(offer, 49);
        await op.FindsAllInOrderAsync(within: Recovery);
        Assert.Single(await customer.PageAsync());
    }
}
