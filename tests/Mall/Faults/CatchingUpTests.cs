using System.Net;
using OrderMall.Mall.Tests.Opening;

namespace OrderMall.Mall.Tests.Faults;

/// <summary>What happens after an order does not need to be there for it.</summary>
[Collection(AloneCollection.Name)]
public sealed class CatchingUpTests(MallFixture mall) : IClassFixture<MallFixture>
{
    [FactNeeding(Need.Faults)]
    public async Task Orders_are_taken_while_store_delivery_and_notification_are_down_and_go_on_when_they_are_back()
    {
        var (shop, customer, op) = (await mall.BookshopAsync(), await mall.NewCustomerAsync(), await mall.OperatorAsync());
        var offer = await shop.SellBookAsync();
        List<Guid> orders = [];
        await using (var absence = await op.StopAsync("store", "delivery", "notification"))
        {
            for (var number = 0; number < 5; number++)
                orders.Add(await customer.PlaceAsync(offer));
            foreach (var order in orders)
                await customer.OnPageAsync(order, "Accepted");
            (await customer.GetAsync("/api/notifications")).IsProblem(HttpStatusCode.ServiceUnavailable, "unavailable");
            Assert.NotNull((await shop.GetAsync("/api/store/orders")).IsProblem(HttpStatusCode.ServiceUnavailable, "unavailable").Header("Retry-After"));
        }

        foreach (var order in orders)
        {
            await customer.OnPageAsync(order, "Preparing");
            await Eventually.Is(3, async () => (await customer.MessagesAsync(order)).Count);
        }

        await op.FindsAllInOrderAsync();
        foreach (var order in orders)
        {
            Assert.Equal(["Accepted", "Received", "Preparing"], await customer.HistoryAsync(order));
            var messages = await customer.MessagesAsync(order);
            Assert.Equal((3, 3), (messages.Count, messages.Distinct().Count()));
        }
    }

    [FactNeeding(Need.Faults)]
    public async Task Orders_are_taken_and_seen_through_while_mypage_is_down_and_appear_there_when_it_is_back()
    {
        var (shop, courier, customer, op) = (await mall.BookshopAsync(), await mall.CourierAsync(), await mall.NewCustomerAsync(), await mall.OperatorAsync());
        var offer = await shop.SellBookAsync();
        Guid order;
        await using (var absence = await op.StopAsync("mypage"))
        {
            order = await customer.PlaceAsync(offer);
            await customer.SeesAsync(order, "Preparing");
            (await courier.DepartAsync(order)).Is(HttpStatusCode.OK);
            await customer.SeesAsync(order, "Shipped");
            (await customer.GetAsync("/api/mypage/orders")).IsProblem(HttpStatusCode.ServiceUnavailable, "unavailable");
        }

        var page = await customer.OnPageAsync(order, "Shipped");
        await Eventually.Is(4, async () => (await customer.OnPageAsync(order, "Shipped")).GetProperty("timeline").GetArrayLength());
        Assert.Equal(customer.Id, (await customer.GetAsync($"/api/orders/{order}"))["customerId"]);
        Assert.Equal("book", page.GetProperty("kind").GetString());
        await op.FindsAllInOrderAsync();
    }

    [FactNeeding(Need.Faults)]
    public async Task What_happened_while_ordering_was_down_reaches_the_order()
    {
        var (shop, courier, customer, op) = (await mall.BookshopAsync(), await mall.CourierAsync(), await mall.NewCustomerAsync(), await mall.OperatorAsync());
        var order = await customer.PlaceAsync(await shop.SellBookAsync());
        await customer.SeesAsync(order, "Preparing");
        await using (var absence = await op.StopAsync("ordering"))
        {
            (await courier.DepartAsync(order)).Is(HttpStatusCode.OK);
            (await courier.ArriveAsync(order)).Is(HttpStatusCode.OK);
            Assert.NotNull((await customer.GetAsync($"/api/orders/{order}")).IsProblem(HttpStatusCode.ServiceUnavailable, "unavailable").Header("Retry-After"));
            Assert.Single(await customer.PageAsync()); // the customer's page does not need it
        }

        await customer.OnPageAsync(order, "Delivered");
        await op.FindsAllInOrderAsync();
    }

    [FactNeeding(Need.Faults)]
    public async Task A_dose_is_booked_while_the_store_and_who_writes_to_people_are_down_and_confirmed_when_they_are_back()
    {
        var (clinic, person, op) = (await mall.ShopAsync("clinic"), await mall.NewCustomerAsync(), await mall.OperatorAsync());
        var vaccine = $"Influenza vaccine {Guid.NewGuid():N}";
        var offer = await clinic.SellDosesAsync(vaccine, 5);
        Guid booking;
        await using (var absence = await op.StopAsync("store", "notification"))
        {
            booking = await person.BookAsync(offer);
            Assert.Equal(4, await clinic.AvailableAsync(offer));
            await person.OnPageAsync(booking, "Accepted");
        }

        await person.OnPageAsync(booking, "Confirmed");
        await person.IsToldOnceAsync(vaccine, "confirmed");
        await op.FindsAllInOrderAsync();
    }

    [FactNeeding(Need.Faults)]
    public async Task Tables_are_booked_while_the_restaurants_side_is_down_and_reach_it_when_it_is_back()
    {
        var (bistro, guest, op) = (await mall.ShopAsync("bistro"), await mall.NewCustomerAsync(), await mall.OperatorAsync());
        var table = $"Table for two {Guid.NewGuid():N}";
        var offer = await bistro.SellTablesAsync(table, 5);
        Guid welcome, unwelcome;
        await using (var absence = await op.StopAsync("store"))
        {
            (welcome, unwelcome) = (await guest.PlaceAsync(offer), await guest.PlaceAsync(offer));
            await guest.OnPageAsync(welcome, "Accepted");
            Assert.Equal(("Approved", 3), (await guest.PaymentAsync(welcome), await bistro.AvailableAsync(offer)));
            (await bistro.GetAsync("/api/store/orders")).IsProblem(HttpStatusCode.ServiceUnavailable, "unavailable");
        }

        await bistro.InBookAsync(welcome, "Received");
        (await bistro.ConfirmAsync(welcome)).Is(HttpStatusCode.OK);
        await bistro.InBookAsync(unwelcome, "Received");
        (await bistro.RejectAsync(unwelcome, "Full after all.")).Is(HttpStatusCode.OK);
        await guest.OnPageAsync(welcome, "Confirmed");
        await guest.OnPageAsync(unwelcome, "Rejected");
        Assert.Equal(("Approved", "Refunded"), (await guest.PaymentAsync(welcome), await guest.PaymentAsync(unwelcome)));
        await bistro.HasLeftAsync(offer, 4);
        await op.FindsAllInOrderAsync();
    }

    [FactNeeding(Need.Faults)]
    public async Task What_is_not_prepaid_is_ordered_while_payment_and_all_who_come_after_are_down()
    {
        var (clinic, person, op) = (await mall.ShopAsync("clinic"), await mall.NewCustomerAsync(), await mall.OperatorAsync());
        var offer = await clinic.SellDosesAsync($"Influenza vaccine {Guid.NewGuid():N}", 5);
        Guid kept, cancelled;
        await using (var absence = await op.StopAsync("payment", "payment-provider", "store", "delivery", "dispatch", "publishing", "notification", "mypage"))
        {
            (kept, cancelled) = (await person.BookAsync(offer), await person.BookAsync(offer));
            (await person.CancelAsync(cancelled)).Is(HttpStatusCode.Accepted);
        }

        await person.OnPageAsync(kept, "Confirmed");
        await person.OnPageAsync(cancelled, "Cancelled");
        await clinic.HasLeftAsync(offer, 4);
        await op.FindsAllInOrderAsync();
    }
}
