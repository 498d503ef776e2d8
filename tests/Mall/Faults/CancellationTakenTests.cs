using System.Net;
using OrderMall.Mall.Tests.Opening;

namespace OrderMall.Mall.Tests.Faults;

/// <summary>A cancellation is always taken, whatever is down.</summary>
[Collection(AloneCollection.Name)]
public sealed class CancellationTakenTests(MallFixture mall) : IClassFixture<MallFixture>
{
    [Theory]
    [InlineData("store")]
    [InlineData("delivery")]
    [InlineData("payment")]
    [InlineData("payment-provider")]
    [InlineData("catalog")]
    [InlineData("notification")]
    [InlineData("mypage")]
    public async Task An_order_cancelled_while_a_service_is_down_is_cancelled_and_refunded_once_it_is_back(string appId)
    {
        var (shop, customer, op) = (await mall.BookshopAsync(), await mall.NewCustomerAsync(), await mall.OperatorAsync());
        var offer = await shop.SellBookAsync(copies: 5);
        var order = await customer.PlaceAsync(offer);
        await customer.SeesAsync(order, "Preparing");
        await using (var absence = await op.StopAsync(appId))
        {
            var cancelled = await customer.CancelAsync(order);
            Assert.True(cancelled.Status is HttpStatusCode.OK or HttpStatusCode.Accepted, cancelled.ToString());
            Assert.Equal(cancelled.Status == HttpStatusCode.OK ? "Cancelled" : "Cancelling", cancelled["status"]);
        }

        await customer.OnPageAsync(order, "Cancelled");
        Assert.Equal("Refunded", await customer.PaymentAsync(order));
        await shop.HasLeftAsync(offer, 5);
        await op.FindsAllInOrderAsync();
        await Eventually.Is(1, async () => (await customer.MessagesAsync(order)).Count(subject => subject!.Contains("cancelled", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_cancellation_taken_while_delivery_is_down_is_refused_later_if_the_parcel_had_left()
    {
        var (shop, courier, customer, op) = (await mall.BookshopAsync(), await mall.CourierAsync(), await mall.NewCustomerAsync(), await mall.OperatorAsync());
        var offer = await shop.SellBookAsync(copies: 5);
        var order = await customer.PlaceAsync(offer);
        await customer.SeesAsync(order, "Preparing");
        // What has left is not heard of, since ordering is down too, until it is too late.
        await using (var deaf = await op.StopAsync("ordering"))
        {
            (await courier.DepartAsync(order)).Is(HttpStatusCode.OK);
            await using (var gone = await op.StopAsync("delivery"))
            {
                await deaf.EndAsync();
                var cancelled = await customer.CancelAsync(order);
                Assert.True(cancelled.Status is HttpStatusCode.Accepted or HttpStatusCode.Conflict, cancelled.ToString());
            }
        }

        await customer.OnPageAsync(order, "Shipped");
        Assert.Equal(("Approved", 4), (await customer.PaymentAsync(order), await shop.AvailableAsync(offer)));
        (await courier.ArriveAsync(order)).Is(HttpStatusCode.OK);
        await customer.OnPageAsync(order, "Delivered");
        await op.FindsAllInOrderAsync();
    }
}
