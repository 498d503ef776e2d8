using System.Net;
using OrderMall.Mall.Tests.Opening;

namespace OrderMall.Mall.Tests.Faults;

/// <summary>A cancellation is always taken, whatever is down.</summary>
[Collection(AloneCollection.Name)]
public sealed class CancellationTakenTests(MallFixture mall) : IClassFixture<MallFixture>
{
    [TheoryNeeding(Need.Faults)]
    [InlineData("store")]
    [InlineData("delivery")]
    [InlineData("payment")]
    [InlineData("payment-provider")]
    [InlineData("catalog")]
    [InlineData("notification")]
    [InlineData("mypage")]
    [InlineData("dispatch")]
    [InlineData("publishing")]
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

    [FactNeeding(Need.Faults)]
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

    [FactNeeding(Need.Faults)]
    public async Task A_booked_dose_is_cancelled_while_the_catalog_is_down_and_goes_back_when_that_is_there()
    {
        var (clinic, person, op) = (await mall.ShopAsync("clinic"), await mall.NewCustomerAsync(), await mall.OperatorAsync());
        var vaccine = $"Influenza vaccine {Guid.NewGuid():N}";
        var offer = await clinic.SellDosesAsync(vaccine, 5);
        var booking = await person.BookAsync(offer);
        await person.SeesAsync(booking, "Confirmed");
        await using (var absence = await op.StopAsync("catalog"))
        {
            Assert.Equal("Cancelled", (await person.CancelAsync(booking)).Is(HttpStatusCode.OK)["status"]);
            await person.OnPageAsync(booking, "Cancelled");
            await person.IsToldOnceAsync(vaccine, "cancelled");
        }

        await clinic.HasLeftAsync(offer, 5);
        await op.FindsAllInOrderAsync();
    }

    [TheoryNeeding(Need.Faults)]
    [InlineData("store", false)]
    [InlineData("payment", false)]
    [InlineData("payment", true)]
    public async Task A_table_cancelled_while_a_service_is_down_is_refunded_once_it_is_back_and_the_restaurant_is_told(string appId, bool isConfirmed)
    {
        var (bistro, guest, op) = (await mall.ShopAsync("bistro"), await mall.NewCustomerAsync(), await mall.OperatorAsync());
        var table = $"Table for two {Guid.NewGuid():N}";
        var offer = await bistro.SellTablesAsync(table, 5);
        var booking = await guest.PlaceAsync(offer);
        await bistro.InBookAsync(booking, "Received");
        // The restaurant is told of the end of what ordering knows that it has.
        await guest.SeesAsync(booking, "Received");
        if (isConfirmed)
        {
            (await bistro.ConfirmAsync(booking)).Is(HttpStatusCode.OK);
            await guest.SeesAsync(booking, "Confirmed");
        }

        await using (var absence = await op.StopAsync(appId))
        {
            Assert.Equal("Cancelling", (await guest.CancelAsync(booking)).Is(HttpStatusCode.Accepted)["status"]);
            await guest.OnPageAsync(booking, "Cancelling");
        }

        await guest.OnPageAsync(booking, "Cancelled");
        Assert.Equal("Refunded", await guest.PaymentAsync(booking));
        await bistro.HasLeftAsync(offer, 5);
        await bistro.InBookAsync(booking, "Cancelled");
        await bistro.IsToldOnceAsync(table, "cancelled");
        await op.FindsAllInOrderAsync();
    }
}
