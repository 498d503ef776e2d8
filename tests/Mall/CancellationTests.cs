using System.Net;
using OrderMall.Mall.Tests.Opening;

namespace OrderMall.Mall.Tests;

/// <summary>A customer cancels.</summary>
public sealed class CancellationTests(MallFixture mall) : IClassFixture<MallFixture>
{
    [Fact]
    public async Task What_is_cancelled_before_it_ships_is_refunded_and_back_on_sale()
    {
        var (shop, customer) = (await mall.BookshopAsync(), await mall.NewCustomerAsync());
        var offer = await shop.SellBookAsync(copies: 5);
        var order = await customer.PlaceAsync(offer, quantity: 2);
        await customer.SeesAsync(order, "Preparing");

        Assert.Equal("Cancelled", (await customer.CancelAsync(order)).Is(HttpStatusCode.OK)["status"]);

        Assert.Equal("Refunded", await customer.PaymentAsync(order));
        await shop.HasLeftAsync(offer, 5);
        await customer.OnPageAsync(order, "Cancelled");
        await shop.InBookAsync(order, "Cancelled");
        Assert.Equal(["Accepted", "Received", "Preparing", "Cancelled"], await customer.HistoryAsync(order));
        await Eventually.Is(4, async () => (await customer.MessagesAsync(order)).Count);
        (await (await mall.CourierAsync()).DepartAsync(order)).IsProblem(HttpStatusCode.Conflict, "parcel-stopped");
        await (await mall.OperatorAsync()).FindsAllInOrderAsync();
    }

    [Fact]
    public async Task What_is_cancelled_at_once_is_not_packed_any_more()
    {
        var (shop, customer) = (await mall.BookshopAsync(), await mall.NewCustomerAsync());
        var offer = await shop.SellBookAsync(copies: 1);
        for (var time = 0; time < 10; time++)
        {
            var order = await customer.PlaceAsync(offer);
            Assert.Equal("Cancelled", (await customer.CancelAsync(order)).Is(HttpStatusCode.OK)["status"]);
            await shop.HasLeftAsync(offer, 1);
        }

        await (await mall.OperatorAsync()).FindsAllInOrderAsync();
    }

    [Fact]
    public async Task What_has_left_cannot_be_cancelled_and_stays()
    {
        var (shop, courier, customer) = (await mall.BookshopAsync(), await mall.CourierAsync(), await mall.NewCustomerAsync());
        var offer = await shop.SellBookAsync(copies: 5);
        var order = await customer.PlaceAsync(offer);
        await customer.SeesAsync(order, "Preparing");
        (await courier.DepartAsync(order)).Is(HttpStatusCode.OK);

        (await customer.CancelAsync(order)).IsProblem(HttpStatusCode.Conflict, "too-late-to-cancel");

        await customer.SeesAsync(order, "Shipped");
        (await customer.CancelAsync(order)).IsProblem(HttpStatusCode.Conflict, "too-late-to-cancel");
        Assert.Equal(("Approved", 4), (await customer.PaymentAsync(order), await shop.AvailableAsync(offer)));
        (await courier.ArriveAsync(order)).Is(HttpStatusCode.OK);
        await customer.OnPageAsync(order, "Delivered");
        Assert.Equal(["Accepted", "Received", "Preparing", "Shipped", "Delivered"], await customer.HistoryAsync(order));
        await (await mall.OperatorAsync()).FindsAllInOrderAsync();
    }

    [Fact]
    public async Task Cancelling_again_changes_nothing()
    {
        var (shop, customer) = (await mall.BookshopAsync(), await mall.NewCustomerAsync());
        var offer = await shop.SellBookAsync(copies: 5);
        var order = await customer.PlaceAsync(offer);

        var answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => customer.CancelAsync(order)));

        Assert.All(answers, answer => Assert.True(answer.Status is HttpStatusCode.OK or HttpStatusCode.Accepted, answer.ToString()));
        await customer.OnPageAsync(order, "Cancelled");
        Assert.Equal("Cancelled", (await customer.CancelAsync(order)).Is(HttpStatusCode.OK)["status"]);
        await shop.HasLeftAsync(offer, 5);
        Assert.Single(await customer.HistoryAsync(order), "Cancelled");
        await (await mall.OperatorAsync()).FindsAllInOrderAsync();
        await Eventually.Is(1, async () => (await customer.MessagesAsync(order)).Count(subject => subject!.Contains("cancelled", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_cancellation_and_a_departure_at_the_same_moment_never_both_happen()
    {
        var (shop, courier, customer) = (await mall.BookshopAsync(), await mall.CourierAsync(), await mall.NewCustomerAsync());
        var offer = await shop.SellBookAsync(copies: 20);
        var orders = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => customer.PlaceAsync(offer)));
        await Task.WhenAll(orders.Select(order => customer.SeesAsync(order, "Preparing")));

        var outcomes = await Task.WhenAll(orders.Select(async (order, number) =>
        {
            // Neither is always first.
            var (first, second) = number % 2 == 0 ? (customer.CancelAsync(order), courier.DepartAsync(order)) : (courier.DepartAsync(order), customer.CancelAsync(order));
            await Task.WhenAll(first, second);
            var (cancellation, departure) = number % 2 == 0 ? (await first, await second) : (await second, await first);
            return (Order: order, Cancellation: cancellation, Departure: departure);
        }));

        foreach (var (order, cancellation, departure) in outcomes)
        {
            if (departure.Status == HttpStatusCode.OK)
            {
                cancellation.IsProblem(HttpStatusCode.Conflict, "too-late-to-cancel");
                await customer.SeesAsync(order, "Shipped");
            }
            else
            {
                departure.IsProblem(HttpStatusCode.Conflict, "parcel-stopped");
                Assert.Equal("Cancelled", cancellation.Is(HttpStatusCode.OK)["status"]);
                await customer.SeesAsync(order, "Cancelled");
            }
        }

        await shop.HasLeftAsync(offer, outcomes.Count(outcome => outcome.Cancellation.Status == HttpStatusCode.OK));
        await (await mall.OperatorAsync()).FindsAllInOrderAsync();
    }
}
