using System.Net;

namespace OrderMall.AppHost.Tests;

/// <summary>One order of each of the five systems, through the public door.</summary>
[Collection(AppHostCollection.Name)]
public sealed class FiveSystemsTests(OpenAppHost mall)
{
    [Fact]
    public async Task A_book_is_paid_packed_shipped_and_delivered()
    {
        var (customer, shop, courier) = (await mall.NewCustomerAsync(), await mall.BookshopAsync(), await mall.CourierAsync());
        var order = await customer.PlaceAsync(await shop.SellBookAsync());
        await customer.SeesAsync(order, "Preparing");
        Assert.Equal("Approved", await customer.PaymentAsync(order));
        (await courier.PostAsync($"/api/deliveries/{order}/departure")).Is(HttpStatusCode.OK);
        (await courier.PostAsync($"/api/deliveries/{order}/arrival")).Is(HttpStatusCode.OK);
        await customer.OnPageAsync(order, "Delivered");
    }

    [Fact]
    public async Task A_dose_is_booked_and_goes_back_when_the_booking_is_cancelled()
    {
        var (customer, clinic) = (await mall.NewCustomerAsync(), await mall.ShopAsync("clinic"));
        var doses = await clinic.SellDosesAsync("Influenza", 5);
        var booking = await customer.BookAsync(doses);
        await customer.SeesAsync(booking, "Confirmed");
        await clinic.HasLeftAsync(doses, 4);
        (await customer.CancelAsync(booking)).Is(HttpStatusCode.OK);
        await clinic.HasLeftAsync(doses, 5);
    }

    [Fact]
    public async Task A_table_takes_a_deposit_and_the_restaurant_confirms()
    {
        var (customer, bistro) = (await mall.NewCustomerAsync(), await mall.ShopAsync("bistro"));
        var booking = await customer.PlaceAsync(await bistro.SellTablesAsync("Window", 2));
        await bistro.InBookAsync(booking, "Received");
        (await bistro.ConfirmAsync(booking)).Is(HttpStatusCode.OK);
        await customer.SeesAsync(booking, "Confirmed");
    }

    [Fact]
    public async Task A_cleaner_is_sent_and_the_visit_takes_place()
    {
        var (customer, sparkle) = (await mall.NewCustomerAsync(), await mall.ShopAsync("sparkle"));
        await sparkle.AddWorkerAsync("Kim");
        var visit = await customer.OrderAsync(await sparkle.SellVisitsAsync("Two rooms", 3));
        var order = visit.Is(HttpStatusCode.Created).Json.GetProperty("id").GetGuid();
        await sparkle.SendsAsync(order);
        (await sparkle.CompleteVisitAsync(order)).Is(HttpStatusCode.OK);
        await customer.SeesAsync(order, "Completed");
    }

    [PythonFact]
    public async Task A_new_title_is_reviewed_and_sold_and_recommended()
    {
        var (customer, publisher, reviewer) = (await mall.NewCustomerAsync(), await mall.PublisherAsync(), await mall.ReviewerAsync());
        var title = (await publisher.PostAsync("/api/titles", new { title = "The Long Way", author = "A. Writer", price = 12_000, copies = 10 }))
            .Is(HttpStatusCode.Created).Json.GetProperty("id").GetGuid();
        await Eventually.Is(HttpStatusCode.OK, async () => (await reviewer.PostAsync($"/api/reviews/{title}/approval")).Status);
        await Eventually.Is(HttpStatusCode.OK, async () => (await mall.Anyone.GetAsync($"/api/offers/{title}")).Status);
        await customer.SeesAsync(await customer.PlaceAsync(title), "Preparing");
        // By the service in Python.
        await Eventually.Satisfies(
            () => mall.Anyone.GetAsync("/api/recommendations?limit=100"),
            answer => answer.Text.Contains(title.ToString(), StringComparison.Ordinal),
            "be recommended");
    }
}
