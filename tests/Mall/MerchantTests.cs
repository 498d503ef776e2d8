using System.Net;
using System.Text.Json;
using OrderMall.Mall.Tests.Opening;

namespace OrderMall.Mall.Tests;

/// <summary>What merchants do, and what they cannot do to each other.</summary>
public sealed class MerchantTests(MallFixture mall) : IClassFixture<MallFixture>
{
    [Fact]
    public async Task A_merchant_puts_a_book_on_sale_and_changes_it()
    {
        var shop = await mall.BookshopAsync();
        var title = $"Book {Guid.NewGuid():N}";
        var registered = (await shop.PostAsync("/api/offers", Shop.Book(title, copies: 7))).Is(HttpStatusCode.Created);
        var path = registered.Header("Location")!;
        Assert.Equal($"/api/offers/{registered["id"]}", path);
        Assert.Equal(
            new[] { "id", "merchantId", "kind", "title", "price", "deposit", "currency", "prepayment", "fulfilment", "capacity", "available", "maxPerCustomer", "date", "place", "details" }.Order(),
            registered.Json.EnumerateObject().Select(property => property.Name).Order());
        Assert.Equal(("demo-bookshop", "full", "delivery", "7", "7"), (registered["merchantId"], registered["prepayment"], registered["fulfilment"], registered["capacity"], registered["available"]));

        (await shop.PatchAsync(path, new { price = 15_000, capacity = 9 })).Is(HttpStatusCode.OK);
        var changed = (await mall.Anyone.GetAsync(path)).Is(HttpStatusCode.OK);
        Assert.Equal(("15000", "9", "9", title), (changed["price"], changed["capacity"], changed["available"], changed["title"]));
    }

    [Fact]
    public async Task The_capacity_cannot_be_less_than_what_orders_hold()
    {
        var (shop, customer) = (await mall.BookshopAsync(), await mall.NewCustomerAsync());
        var offer = await shop.SellBookAsync(copies: 5);
        var order = await customer.PlaceAsync(offer, quantity: 3);

        (await shop.PatchAsync($"/api/offers/{offer}", new { capacity = 2 })).IsProblem(HttpStatusCode.Conflict, "capacity-held");
        Assert.Equal(("3", "0"), await CapacityAsync(3));
        Assert.Equal(("10", "7"), await CapacityAsync(10));
        (await customer.CancelAsync(order)).Is(HttpStatusCode.OK);
        await shop.HasLeftAsync(offer, 10);

        async Task<(string?, string?)> CapacityAsync(int capacity)
        {
            var changed = (await shop.PatchAsync($"/api/offers/{offer}", new { capacity })).Is(HttpStatusCode.OK);
            return (changed["capacity"], changed["available"]);
        }
    }

    [Fact]
    public async Task A_changed_price_does_not_change_what_was_ordered_before()
    {
        var (shop, customer) = (await mall.BookshopAsync(), await mall.NewCustomerAsync());
        var offer = await shop.SellBookAsync(copies: 5, price: 12_000);
        var order = await customer.PlaceAsync(offer);
        (await shop.PatchAsync($"/api/offers/{offer}", new { price = 20_000 })).Is(HttpStatusCode.OK);

        Assert.Equal("12000", (await customer.GetAsync($"/api/orders/{order}"))["amount"]);
        Assert.Equal("20000", (await customer.OrderAsync(offer)).Is(HttpStatusCode.Created)["amount"]);
    }

    [Fact]
    public async Task A_merchant_cannot_touch_what_is_anothers()
    {
        var (shop, other, customer) = (await mall.BookshopAsync(), await mall.ShopAsync("bistro"), await mall.NewCustomerAsync());
        var offer = await shop.SellBookAsync(copies: 5);
        var order = await customer.PlaceAsync(offer);
        await shop.InBookAsync(order, "Received");

        (await other.PatchAsync($"/api/offers/{offer}", new { price = 1 })).IsProblem(HttpStatusCode.NotFound, "not-found");
        (await other.ConfirmAsync(order)).IsProblem(HttpStatusCode.NotFound, "not-found");
        (await other.RejectAsync(order, "Not mine.")).IsProblem(HttpStatusCode.NotFound, "not-found");
        (await other.CompleteAsync(order)).IsProblem(HttpStatusCode.NotFound, "not-found");
        Assert.DoesNotContain(order, (await other.NewestAsync("/api/store/orders")).Select(OrderId));
        await customer.SeesAsync(order, "Preparing");
    }

    [Fact]
    public async Task The_order_book_lists_the_merchants_own_orders_newest_first_in_pages()
    {
        var (shop, customer) = (await mall.ShopAsync("clinic"), await mall.NewCustomerAsync());
        var offer = await shop.SellBookAsync(copies: 100);
        var orders = new List<Guid>();
        for (var number = 0; number < 7; number++)
            orders.Add(await customer.PlaceAsync(offer));
        foreach (var order in orders)
            await shop.InBookAsync(order, "Received");

        // Others order there too, meanwhile; an order's id tells when it was placed.
        var all = await shop.NewestAsync("/api/store/orders?status=Received", limit: 3);
        Assert.Distinct(all.Select(OrderId));
        Assert.Equal(all.Select(order => $"{OrderId(order)}").OrderDescending(StringComparer.Ordinal), all.Select(order => $"{OrderId(order)}"));
        Assert.Equal(orders.AsEnumerable().Reverse(), all.Select(OrderId).Where(orders.Contains));
        Assert.All(all, order => Assert.Equal("Received", order.GetProperty("status").GetString()));
    }

    [Fact]
    public async Task A_book_the_merchant_refuses_is_refunded_and_back_on_sale()
    {
        var (shop, customer) = (await mall.BookshopAsync(), await mall.NewCustomerAsync());
        var offer = await shop.SellBookAsync(copies: 5);
        var order = await customer.PlaceAsync(offer, quantity: 2);
        await shop.InBookAsync(order, "Received");

        Assert.Equal("Rejected", (await shop.RejectAsync(order, "Water damage.")).Is(HttpStatusCode.OK)["status"]);

        await customer.OnPageAsync(order, "Rejected");
        Assert.Equal("refused by merchant: Water damage.", (await customer.GetAsync($"/api/orders/{order}"))["reason"]);
        Assert.Equal("Refunded", await customer.PaymentAsync(order));
        await shop.HasLeftAsync(offer, 5);
        await (await mall.OperatorAsync()).FindsAllInOrderAsync();
        await Eventually.Is(1, async () => (await customer.ListAsync("/api/notifications"))
            .Count(message => message.GetProperty("text").GetString()!.Contains("Water damage.", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_book_that_has_left_cannot_be_refused()
    {
        var (shop, courier, customer) = (await mall.BookshopAsync(), await mall.CourierAsync(), await mall.NewCustomerAsync());
        var offer = await shop.SellBookAsync(copies: 5);
        var order = await customer.PlaceAsync(offer);
        await customer.SeesAsync(order, "Preparing");
        (await courier.DepartAsync(order)).Is(HttpStatusCode.OK);
        await customer.SeesAsync(order, "Shipped");

        // The store may not know yet that it has left: then the order goes on all the same.
        var refused = await shop.RejectAsync(order, "Water damage.");

        Assert.True(refused.Status is HttpStatusCode.OK or HttpStatusCode.Conflict, refused.ToString());
        await shop.InBookAsync(order, "Confirmed");
        await customer.SeesAsync(order, "Shipped");
        Assert.Equal(("Approved", 4), (await customer.PaymentAsync(order), await shop.AvailableAsync(offer)));
        await (await mall.OperatorAsync()).FindsAllInOrderAsync();
    }

    [Fact]
    public async Task Books_are_neither_confirmed_nor_completed_by_the_merchant()
    {
        var (shop, customer) = (await mall.BookshopAsync(), await mall.NewCustomerAsync());
        var order = await customer.PlaceAsync(await shop.SellBookAsync());
        await shop.InBookAsync(order, "Received");

        (await shop.ConfirmAsync(order)).IsProblem(HttpStatusCode.Conflict, "order-status");
        (await shop.CompleteAsync(order)).IsProblem(HttpStatusCode.Conflict, "order-status");
        await customer.SeesAsync(order, "Preparing");
    }

    [Fact]
    public async Task Couriers_see_the_parcels_by_status_and_move_them_in_order()
    {
        var (shop, courier, customer) = (await mall.BookshopAsync(), await mall.CourierAsync(), await mall.NewCustomerAsync());
        var order = await customer.PlaceAsync(await shop.SellBookAsync());
        await customer.SeesAsync(order, "Preparing");

        Assert.Contains(order, await ParcelsAsync("Preparing"));
        (await courier.ArriveAsync(order)).IsProblem(HttpStatusCode.Conflict, "parcel-status");
        (await courier.DepartAsync(order)).Is(HttpStatusCode.OK);
        (await courier.DepartAsync(order)).Is(HttpStatusCode.OK);
        Assert.Contains(order, await ParcelsAsync("Shipped"));
        Assert.DoesNotContain(order, await ParcelsAsync("Preparing"));
        (await courier.ArriveAsync(order)).Is(HttpStatusCode.OK);
        (await courier.DepartAsync(order)).IsProblem(HttpStatusCode.Conflict, "parcel-status");
        await customer.SeesAsync(order, "Delivered");

        // The newest are first: it is among them, however many there are.
        async Task<IEnumerable<Guid>> ParcelsAsync(string status) =>
            (await courier.GetAsync($"/api/deliveries?status={status}&limit=100")).Is(HttpStatusCode.OK).Json.GetProperty("items").EnumerateArray().Select(OrderId);
    }

    [Fact]
    public async Task Who_is_interested_in_a_kind_hears_of_a_new_offer_once_and_others_do_not()
    {
        var (shop, interested, other) = (await mall.BookshopAsync(), await mall.NewCustomerAsync(), await mall.NewCustomerAsync());
        var kind = $"book-{Guid.NewGuid():N}";
        (await interested.PutAsync("/api/notifications/interests", new { kinds = new[] { kind } })).Is(HttpStatusCode.OK);
        var title = $"Book {Guid.NewGuid():N}";
        (await shop.PostAsync("/api/offers", new { kind, title, price = 9_000, currency = "KRW", prepayment = "full", fulfilment = "delivery" })).Is(HttpStatusCode.Created);

        var message = Assert.Single(await Eventually.Satisfies(() => interested.ListAsync("/api/notifications"), messages => messages.Count > 0, "have a message"));
        Assert.Contains(title, message.GetProperty("subject").GetString(), StringComparison.Ordinal);
        Assert.Empty(await other.ListAsync("/api/notifications"));
    }

    private static Guid OrderId(JsonElement order) => order.GetProperty("orderId").GetGuid();
}
