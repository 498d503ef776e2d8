using System.Net;
using System.Text.Json;
using OrderMall.Mall.Tests.Opening;

namespace OrderMall.Mall.Tests;

/// <summary>A customer orders a book.</summary>
public sealed class BookOrderTests(MallFixture mall) : IClassFixture<MallFixture>
{
    private static readonly string[] Life = ["Accepted", "Received", "Preparing", "Shipped", "Delivered"];

    [Fact]
    public async Task An_ordered_book_is_accepted_packed_shipped_and_delivered_and_everybody_sees_it()
    {
        var (shop, courier, customer) = (await mall.BookshopAsync(), await mall.CourierAsync(), await mall.NewCustomerAsync());
        var offer = await shop.SellBookAsync(copies: 10, price: 12_000);
        await using var stream = await EventStream.OpenAsync(customer);

        var placed = (await customer.OrderAsync(offer, quantity: 2)).Is(HttpStatusCode.Created);
        var order = placed.Json.GetProperty("id").GetGuid();
        Assert.Equal($"/api/orders/{order}", placed.Header("Location"));
        AssertFields(
            placed.Json, "id", "customerId", "offerId", "kind", "title", "quantity", "amount", "prepaid", "currency", "status", "reason",
            "destination", "date", "place", "createdAt", "updatedAt", "history");
        Assert.Equal((customer.Id, offer.ToString(), "book", "2", "24000", "24000"),
            (placed["customerId"], placed["offerId"], placed["kind"], placed["quantity"], placed["amount"], placed["prepaid"]));
        Assert.Equal(("KRW", "Accepted", Customer.Destination), (placed["currency"], placed["status"], placed["destination"]));
        Assert.Equal(JsonValueKind.Null, placed.Json.GetProperty("reason").ValueKind);
        Assert.Equal(TimeSpan.Zero, placed.Json.GetProperty("createdAt").GetDateTimeOffset().Offset);
        Assert.Equal(["Accepted"], Customer.Statuses(placed.Json.GetProperty("history")));
        Assert.Equal(8, await shop.AvailableAsync(offer));

        await customer.SeesAsync(order, "Preparing");
        var received = await shop.InBookAsync(order, "Received");
        AssertFields(
            received, "orderId", "offerId", "title", "quantity", "customerId", "customerName", "phone", "destination", "note", "place", "amount", "prepaid", "currency", "status", "reason", "date",
            "receivedAt", "history");
        Assert.Equal(("A customer", Customer.Phone, Customer.Destination), (received.GetProperty("customerName").GetString(), received.GetProperty("phone").GetString(), received.GetProperty("destination").GetString()));
        await stream.ShowsAsync(order, "Preparing");

        var departed = (await courier.DepartAsync(order)).Is(HttpStatusCode.OK);
        AssertFields(departed.Json, "orderId", "destination", "status");
        Assert.Equal(("Shipped", Customer.Destination), (departed["status"], departed["destination"]));
        await customer.SeesAsync(order, "Shipped");
        await stream.ShowsAsync(order, "Shipped");

        Assert.Equal("Delivered", (await courier.ArriveAsync(order)).Is(HttpStatusCode.OK)["status"]);
        await customer.SeesAsync(order, "Delivered");
        await stream.ShowsAsync(order, "Delivered");
        Assert.Equal(Life, await customer.HistoryAsync(order));

        var page = await customer.OnPageAsync(order, "Delivered");
        AssertFields(
            page, "orderId", "title", "kind", "status", "quantity", "amount", "paid", "refunded", "currency", "reason", "date", "place", "destination", "worker", "updatedAt", "timeline");
        Assert.Equal(Life, Customer.Statuses(page.GetProperty("timeline")));
        Assert.Equal(stream.Of(order), Life.Intersect(stream.Of(order)));

        var payment = (await customer.GetAsync($"/api/payments/{order}")).Is(HttpStatusCode.OK);
        AssertFields(payment.Json, "orderId", "amount", "currency", "status");
        Assert.Equal((order.ToString(), "24000", "KRW", "Approved"), (payment["orderId"], payment["amount"], payment["currency"], payment["status"]));

        await shop.InBookAsync(order, "Completed");
        await Eventually.Is(Life.Length, async () => (await customer.MessagesAsync(order)).Count);
        await (await mall.OperatorAsync()).FindsAllInOrderAsync();
        AssertFields((await customer.ListAsync("/api/notifications"))[0], "id", "orderId", "subject", "text", "channel", "at", "isRead");
        var messages = await customer.MessagesAsync(order);
        Assert.Equal((Life.Length, Life.Length), (messages.Count, messages.Distinct().Count()));
    }

    [Fact]
    public async Task A_declined_payment_is_402_and_leaves_nothing_behind()
    {
        var (shop, customer) = (await mall.BookshopAsync(), await mall.NewCustomerAsync());
        var offer = await shop.SellBookAsync(copies: 3);

        (await customer.OrderAsync(offer, quantity: 2, paymentMethod: "card_declined")).IsProblem(HttpStatusCode.PaymentRequired, "payment-declined");

        await shop.HasLeftAsync(offer, 3);
        await (await mall.OperatorAsync()).FindsAllInOrderAsync(); // no approved payment without its order, at the provider neither
        Assert.Empty(await customer.PageAsync());
        Assert.Empty(await customer.ListAsync("/api/notifications"));
        await customer.PlaceAsync(offer, quantity: 3);
    }

    [Fact]
    public async Task What_is_delivered_needs_a_destination_and_what_is_prepaid_a_payment_method()
    {
        var (shop, customer) = (await mall.BookshopAsync(), await mall.NewCustomerAsync());
        var offerId = await shop.SellBookAsync(copies: 3);

        var nowhere = (await customer.PostAsync("/api/orders", new { offerId, quantity = 1, paymentMethod = "card_ok" })).IsProblem(HttpStatusCode.BadRequest, "validation");
        Assert.True(nowhere.Json.GetProperty("errors").TryGetProperty("destination", out _));
        var unpaid = (await customer.PostAsync("/api/orders", new { offerId, quantity = 1, destination = Customer.Destination })).IsProblem(HttpStatusCode.BadRequest, "validation");
        Assert.True(unpaid.Json.GetProperty("errors").TryGetProperty("paymentMethod", out _));
        Assert.Equal(3, await shop.AvailableAsync(offerId));
    }

    private static void AssertFields(JsonElement body, params string[] fields) =>
        Assert.Equal(fields.Order(), body.EnumerateObject().Select(property => property.Name).Order());
}
