using System.Net;
using OrderMall.Mall.Tests.Opening;

namespace OrderMall.Mall.Tests;

/// <summary>A guest books a table with a deposit.</summary>
public sealed class TableTests(MallFixture mall) : IClassFixture<MallFixture>
{
    private readonly string _table = $"Table for two {Guid.NewGuid():N}";

    [Fact]
    public async Task A_deposit_is_paid_the_restaurant_sees_the_booking_and_confirms_it()
    {
        var (bistro, guest) = (await mall.ShopAsync("bistro"), await mall.NewCustomerAsync());
        var offer = await bistro.SellTablesAsync(_table, 5, deposit: 10_000);

        var placed = (await guest.OrderAsync(offer, quantity: 2)).Is(HttpStatusCode.Created);
        var booking = placed.Json.GetProperty("id").GetGuid();
        Assert.Equal(("120000", "20000", "table"), (placed["amount"], placed["prepaid"], placed["kind"]));
        Assert.Equal(3, await bistro.AvailableAsync(offer));
        await PaidAsync(guest, booking, "20000", "Approved");

        var received = await bistro.InBookAsync(booking, "Received");
        Assert.Equal((_table, 2, guest.Id), (received.GetProperty("title").GetString(), received.GetProperty("quantity").GetInt32(), received.GetProperty("customerId").GetString()));
        await bistro.IsToldOnceAsync(_table);
        await guest.OnPageAsync(booking, "Received"); // it waits for the restaurant

        Assert.Equal("Confirmed", (await bistro.ConfirmAsync(booking)).Is(HttpStatusCode.OK)["status"]);
        await guest.OnPageAsync(booking, "Confirmed");
        await guest.IsToldOnceAsync(_table, "confirmed");
        (await bistro.RejectAsync(booking, "Changed our mind.")).IsProblem(HttpStatusCode.Conflict, "order-status");

        (await bistro.CompleteAsync(booking)).Is(HttpStatusCode.OK);
        await guest.OnPageAsync(booking, "Completed");
        Assert.Equal(["Accepted", "Received", "Confirmed", "Completed"], await guest.HistoryAsync(booking));
        await PaidAsync(guest, booking, "20000", "Approved");
        (await guest.CancelAsync(booking)).IsProblem(HttpStatusCode.Conflict, "too-late-to-cancel");
        await (await mall.OperatorAsync()).FindsAllInOrderAsync();
    }

    [Fact]
    public async Task Without_a_deposit_there_is_no_booking()
    {
        var (bistro, guest) = (await mall.ShopAsync("bistro"), await mall.NewCustomerAsync());
        var offer = await bistro.SellTablesAsync(_table, 1);

        (await guest.OrderAsync(offer, paymentMethod: "card_declined")).IsProblem(HttpStatusCode.PaymentRequired, "payment-declined");
        var unpaid = (await guest.PostAsync("/api/orders", new { offerId = offer, quantity = 1 })).IsProblem(HttpStatusCode.BadRequest, "validation");

        Assert.True(unpaid.Json.GetProperty("errors").TryGetProperty("paymentMethod", out _));
        await bistro.HasLeftAsync(offer, 1);
        await (await mall.OperatorAsync()).FindsAllInOrderAsync();
        Assert.Empty(await guest.PageAsync());
        Assert.Empty(await guest.ListAsync("/api/notifications"));
        Assert.DoesNotContain(offer, (await bistro.NewestAsync("/api/store/orders")).Select(order => order.GetProperty("offerId").GetGuid()));
        Assert.Empty(await bistro.MessagesNamingAsync(_table));
        await guest.PlaceAsync(offer);
    }

    [Fact]
    public async Task What_the_restaurant_refuses_is_refunded_and_the_guest_is_told_why()
    {
        var (bistro, guest) = (await mall.ShopAsync("bistro"), await mall.NewCustomerAsync());
        var offer = await bistro.SellTablesAsync(_table, 1, deposit: 10_000);
        var booking = await guest.PlaceAsync(offer);
        await bistro.InBookAsync(booking, "Received");

        (await bistro.RejectAsync(booking, "The kitchen is closed.")).Is(HttpStatusCode.OK);

        await guest.OnPageAsync(booking, "Rejected");
        Assert.Equal("refused by merchant: The kitchen is closed.", (await guest.GetAsync($"/api/orders/{booking}"))["reason"]);
        await PaidAsync(guest, booking, "10000", "Refunded");
        await bistro.HasLeftAsync(offer, 1);
        await guest.IsToldOnceAsync(_table, "rejected", "The kitchen is closed.");
        (await bistro.ConfirmAsync(booking)).IsProblem(HttpStatusCode.Conflict, "order-status");
        (await guest.CancelAsync(booking)).IsProblem(HttpStatusCode.Conflict, "not-cancellable");
        await (await mall.OperatorAsync()).FindsAllInOrderAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_cancelled_table_is_refunded_and_free_again_and_the_restaurant_is_told(bool isConfirmed)
    {
        var (bistro, guest) = (await mall.ShopAsync("bistro"), await mall.NewCustomerAsync());
        var offer = await bistro.SellTablesAsync(_table, 1, deposit: 10_000);
        var booking = await guest.PlaceAsync(offer);
        await bistro.InBookAsync(booking, "Received");
        if (isConfirmed)
            (await bistro.ConfirmAsync(booking)).Is(HttpStatusCode.OK);
        // A restaurant is told only of what is known to have reached it.
        await guest.SeesAsync(booking, isConfirmed ? "Confirmed" : "Received");

        Assert.Equal("Cancelled", (await guest.CancelAsync(booking)).Is(HttpStatusCode.OK)["status"]);

        await PaidAsync(guest, booking, "10000", "Refunded");
        await bistro.HasLeftAsync(offer, 1);
        await bistro.InBookAsync(booking, "Cancelled");
        await bistro.IsToldOnceAsync(_table, "cancelled");
        await guest.OnPageAsync(booking, "Cancelled");
        await guest.IsToldOnceAsync(_table, "cancelled");
        (await bistro.ConfirmAsync(booking)).IsProblem(HttpStatusCode.Conflict, "order-status");
        await (await mall.OperatorAsync()).FindsAllInOrderAsync();
    }

    [Fact]
    public async Task When_all_tables_of_the_day_are_booked_the_next_guest_is_refused_and_not_charged()
    {
        var (bistro, guest, late) = (await mall.ShopAsync("bistro"), await mall.NewCustomerAsync(), await mall.NewCustomerAsync());
        var offer = await bistro.SellTablesAsync(_table, 2);
        await guest.PlaceAsync(offer, quantity: 2);

        (await late.OrderAsync(offer)).IsProblem(HttpStatusCode.Conflict, "sold-out");

        Assert.Equal(0, await bistro.AvailableAsync(offer));
        await (await mall.OperatorAsync()).FindsAllInOrderAsync();
        Assert.Empty(await late.PageAsync());
    }

    [Fact]
    public async Task A_table_that_needs_no_confirmation_confirms_itself_with_its_deposit_paid()
    {
        var (bistro, guest) = (await mall.ShopAsync("bistro"), await mall.NewCustomerAsync());
        var offer = await bistro.SellTablesAsync(_table, 2, deposit: 5_000, fulfilment: "none");
        var booking = await guest.PlaceAsync(offer);
        await guest.OnPageAsync(booking, "Confirmed");
        Assert.Equal(["Accepted", "Received", "Confirmed"], await guest.HistoryAsync(booking));
        await PaidAsync(guest, booking, "5000", "Approved");
        await guest.IsToldOnceAsync(_table, "confirmed");
        await bistro.InBookAsync(booking, "Confirmed");
        (await bistro.CompleteAsync(booking)).Is(HttpStatusCode.OK);
        await guest.OnPageAsync(booking, "Completed");

        var other = await guest.PlaceAsync(offer);
        await guest.SeesAsync(other, "Confirmed");
        Assert.Equal("Cancelled", (await guest.CancelAsync(other)).Is(HttpStatusCode.OK)["status"]);
        await PaidAsync(guest, other, "5000", "Refunded");
        await bistro.HasLeftAsync(offer, 1);
        await bistro.InBookAsync(other, "Cancelled");
        await (await mall.OperatorAsync()).FindsAllInOrderAsync();
    }

    private static async Task PaidAsync(Customer guest, Guid booking, string amount, string status)
    {
        var payment = (await guest.GetAsync($"/api/payments/{booking}")).Is(HttpStatusCode.OK);
        Assert.Equal((amount, "KRW", status), (payment["amount"], payment["currency"], payment["status"]));
    }
}
