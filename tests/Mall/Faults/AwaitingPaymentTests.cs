using System.Net;
using OrderMall.Mall.Tests.Opening;

namespace OrderMall.Mall.Tests.Faults;

/// <summary>Who is willing to wait for payment (<c>Prefer: respond-async</c>) does not have to come again.</summary>
[Collection(AloneCollection.Name)]
public sealed class AwaitingPaymentTests(MallFixture mall, AwaitingPaymentTests.HastyMall hasty) : IClassFixture<MallFixture>, IClassFixture<AwaitingPaymentTests.HastyMall>
{
    private static readonly (string, string) Willing = ("Prefer", "respond-async");

    [TheoryNeeding(Need.Faults)]
    [InlineData("payment")]
    [InlineData("payment-provider")]
    public async Task An_order_waits_for_payment_and_is_charged_once_when_that_is_back(string appId)
    {
        var (shop, customer, op) = (await mall.BookshopAsync(), await mall.NewCustomerAsync(), await mall.OperatorAsync());
        var offer = await shop.SellBookAsync(copies: 5);
        Guid order;
        await using (var absence = await op.StopAsync(appId))
        {
            order = await AwaitAsync(customer, offer);
            await customer.OnPageAsync(order, "AwaitingPayment");
            Assert.Equal(4, await shop.AvailableAsync(offer));
        }

        await customer.OnPageAsync(order, "Preparing");
        Assert.Equal(["AwaitingPayment", "Accepted", "Received", "Preparing"], await customer.HistoryAsync(order));
        Assert.Equal(("Approved", 4), (await customer.PaymentAsync(order), await shop.AvailableAsync(offer)));
        await op.FindsAllInOrderAsync();
    }

    [FactNeeding(Need.Faults)]
    public async Task An_order_that_waits_for_payment_can_be_cancelled_and_is_never_charged()
    {
        var (shop, customer, op) = (await mall.BookshopAsync(), await mall.NewCustomerAsync(), await mall.OperatorAsync());
        var offer = await shop.SellBookAsync(copies: 5);
        Guid order;
        await using (var absence = await op.StopAsync("payment"))
        {
            order = await AwaitAsync(customer, offer);
            var cancelled = await customer.CancelAsync(order);
            Assert.True(cancelled.Status is HttpStatusCode.OK or HttpStatusCode.Accepted, cancelled.ToString());
        }

        await customer.OnPageAsync(order, "Cancelled");
        await shop.HasLeftAsync(offer, 5);
        await op.FindsAllInOrderAsync();
    }

    [FactNeeding(Need.Faults)]
    public async Task An_order_that_waited_and_is_then_declined_is_rejected_with_the_reason()
    {
        var (shop, customer, op) = (await mall.BookshopAsync(), await mall.NewCustomerAsync(), await mall.OperatorAsync());
        var offer = await shop.SellBookAsync(copies: 5);
        Guid order;
        await using (var absence = await op.StopAsync("payment"))
            order = (await customer.OrderAsync(offer, 1, "card_declined", Willing)).Is(HttpStatusCode.Accepted).Json.GetProperty("id").GetGuid();

        await customer.OnPageAsync(order, "Rejected");
        Assert.Equal("declined", (await customer.GetAsync($"/api/orders/{order}"))["reason"]);
        await shop.HasLeftAsync(offer, 5);
        await op.FindsAllInOrderAsync();
    }

    [Fact]
    public async Task Who_is_willing_to_wait_does_not_when_payment_is_there()
    {
        var (shop, customer) = (await mall.BookshopAsync(), await mall.NewCustomerAsync());
        (await customer.OrderAsync(await shop.SellBookAsync(), 1, "card_ok", Willing)).Is(HttpStatusCode.Created);
    }

    [FactNeeding(Need.Own)]
    public async Task What_was_not_paid_in_time_is_free_again_and_whoever_ordered_it_is_told_though_payment_is_still_away()
    {
        var (op, shop, customer) = (await hasty.OperatorAsync(), await hasty.BookshopAsync(), await hasty.NewCustomerAsync());
        var before = await hasty.MoneyAsync();
        var offer = await shop.SellBookAsync(copies: 5);
        Guid order, cancelled;
        await using (await op.StopAsync("payment"))
        {
            order = await AwaitAsync(customer, offer);
            cancelled = await AwaitAsync(customer, offer);
            Assert.Equal(3, await shop.AvailableAsync(offer));
            (await customer.CancelAsync(cancelled)).Is(HttpStatusCode.Accepted);
            await customer.OnPageAsync(order, "Rejected");
            Assert.Equal("expired", (await customer.GetAsync($"/api/orders/{order}"))["reason"]);
            await shop.HasLeftAsync(offer, 4);
            await Eventually.Is("Order expired", async () => (await customer.MessagesAsync(order)).FirstOrDefault()?.Split(':')[0]);
            (await customer.CancelAsync(order)).IsProblem(HttpStatusCode.Conflict, "not-cancellable");
        }

        // The one that was being cancelled by then is no victim of the time.
        await customer.OnPageAsync(cancelled, "Cancelled");
        await shop.HasLeftAsync(offer, 5);
        Assert.Equal(["AwaitingPayment", "Rejected"], await customer.HistoryAsync(order));
        Assert.Equal(2, (await customer.MessagesAsync(order)).Count);
        Assert.Equal(before, await hasty.MoneyAsync());
    }

    [FactNeeding(Need.Own)]
    public async Task What_was_paid_after_its_time_is_given_back()
    {
        var (op, shop, customer) = (await hasty.OperatorAsync(), await hasty.BookshopAsync(), await hasty.NewCustomerAsync());
        var before = await hasty.MoneyAsync();
        var offer = await shop.SellBookAsync(copies: 5);
        Guid order;
        // It takes the money at once, and says so when nobody listens any more.
        await using (await op.ProviderIsAsync("slow", 30_000))
        {
            order = await AwaitAsync(customer, offer);
            await customer.OnPageAsync(order, "Rejected");
            await shop.HasLeftAsync(offer, 5);
        }

        await Eventually.Is("Refunded", () => customer.PaymentAsync(order));
        Assert.Equal((before.Charges + 1, before.Refunds + 1), await hasty.MoneyAsync());
        Assert.Equal(["AwaitingPayment", "Rejected"], await customer.HistoryAsync(order));
    }

    private static async Task<Guid> AwaitAsync(Customer customer, Guid offer)
    {
        var answer = (await customer.OrderAsync(offer, 1, "card_ok", Willing)).Is(HttpStatusCode.Accepted);
        Assert.Equal(("AwaitingPayment", "respond-async", $"/api/orders/{answer["id"]}"), (answer["status"], answer.Header("Preference-Applied"), answer.Header("Location")));
        return answer.Json.GetProperty("id").GetGuid();
    }

    /// <summary>A mall that waits for payment no longer than it takes to do what must be done before that is over.</summary>
    public sealed class HastyMall : MallPeople, IAsyncLifetime
    {
        private readonly MallFolder _data = new();
        private MallProcess? _mall;

        public override Uri Address => _mall!.Address;

        public async Task InitializeAsync()
        {
            if (OpenMall.Address is null)
                _mall = await MallProcess.OpenAsync(_data.Path, ("Ordering__PaymentPatience", "00:00:10"));
        }

        /// <summary>How often the provider took money and gave some back, once all agree.</summary>
        public async Task<(int Charges, int Refunds)> MoneyAsync()
        {
            var counts = await (await OperatorAsync()).FindsAllInOrderAsync(Eventually.Usual);
            return (counts.GetProperty("providerCharges").GetInt32(), counts.GetProperty("providerRefunds").GetInt32());
        }

        public async Task DisposeAsync()
        {
            if (_mall is not null)
                await _mall.DisposeAsync();
            _data.Dispose();
        }
    }
}
