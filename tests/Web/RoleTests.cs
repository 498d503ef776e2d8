using System.Net;
using OrderMall.Web.Tests.Opening;

namespace OrderMall.Web.Tests;

/// <summary>What each role does in a day, without scripts.</summary>
[Collection(WebCollection.Name)]
public sealed class RoleTests(WebMall mall)
{
    [Fact]
    public async Task A_book_goes_from_the_merchants_offer_by_the_courier_to_the_customer()
    {
        var title = $"Book {Guid.NewGuid():N}";
        using var merchant = await mall.SignedInAsync("bookshop");
        var offers = await merchant.GoAsync("/sell/offers");
        var sold = await merchant.SendAsync(offers.Form("form.narrow"), ("title", title), ("kind", "book"), ("price", "9800"), ("prepayment", "full"), ("fulfilment", "delivery"), ("capacity", "3"));
        Assert.Contains("It is on sale.", sold.Text, StringComparison.Ordinal);

        using var customer = await mall.SignedInAsync("bob");
        var found = (await customer.UntilAsync($"/?q={title}", title)).Document.QuerySelector(".cards a")!.GetAttribute("href")!;
        var destination = $"{Guid.NewGuid():N} Street";
        var order = await customer.SendAsync((await customer.GoAsync(found)).Form("form.order"), ("destination", destination), ("paymentMethod", "card_ok"), ("wait", ""));
        var id = order.Address.Segments[^1];
        await customer.UntilAsync($"/orders/{id}", "Being packed");
        Assert.Contains(title, (await merchant.UntilAsync("/sell", title)).Text, StringComparison.Ordinal);

        using var courier = await mall.SignedInAsync("courier");
        var toFetch = await courier.UntilAsync("/deliver", destination);
        Assert.Contains("The parcel has left.", (await courier.SendAsync(toFetch.Act("depart", id))).Text, StringComparison.Ordinal);
        // Its page may not know yet; the one who carries it does.
        var late = await customer.SendAsync(order.Act("cancel"));
        Assert.Contains("It is too late", late.Text, StringComparison.Ordinal);
        var arrived = await courier.SendAsync((await courier.GoAsync("/deliver")).Act("arrive", id));
        Assert.Contains("The parcel has arrived.", arrived.Text, StringComparison.Ordinal);
        await customer.UntilAsync($"/orders/{id}", "Delivered");
    }

    [Fact]
    public async Task A_table_is_refused_with_a_reason_that_its_customer_reads()
    {
        var offer = await (await mall.ShopAsync("bistro")).SellTablesAsync($"Table {Guid.NewGuid():N}", 4);
        using var customer = await mall.SignedInAsync("bob");
        var order = await customer.SendAsync((await customer.GoAsync($"/offers/{offer}")).Form("form.order"), ("paymentMethod", "card_ok"), ("wait", ""));
        var id = order.Address.Segments[^1];
        await customer.UntilAsync($"/orders/{id}", "Received by the merchant");
        using var merchant = await mall.SignedInAsync("bistro");
        var refused = await merchant.SendAsync((await merchant.UntilAsync("/sell", id)).Act("refuse", id), ("reason", "We are closed that day"));
        Assert.Contains("The order is refused.", refused.Text, StringComparison.Ordinal);
        var told = await customer.UntilAsync($"/orders/{id}", "refunded");
        Assert.Contains("We are closed that day", told.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_visit_waits_for_a_worker_and_takes_place()
    {
        var title = $"Visit {Guid.NewGuid():N}";
        var offer = await (await mall.ShopAsync("sparkle")).SellVisitsAsync(title, 2);
        using var customer = await mall.SignedInAsync("bob");
        var order = await customer.SendAsync((await customer.GoAsync($"/offers/{offer}")).Form("form.order"), ("destination", "1 Main Street"), ("phone", "010-1234-5678"), ("wait", ""));
        var id = order.Address.Segments[^1];
        await customer.UntilAsync($"/orders/{id}", "Received by the merchant");
        using var merchant = await mall.SignedInAsync("sparkle");
        var hired = await merchant.SendAsync((await merchant.GoAsync("/sell/workers")).Form("form.narrow"), ("name", "Kim"));
        Assert.Contains("The worker is added.", hired.Text, StringComparison.Ordinal);
        await customer.UntilAsync($"/orders/{id}", "Somebody is coming");
        await merchant.SendAsync((await merchant.UntilAsync("/sell/workers", title)).Act("complete-visit", id));
        await customer.UntilAsync($"/orders/{id}", "Completed");
    }

    [Fact]
    public async Task A_title_is_registered_reviewed_and_sold()
    {
        var title = $"Title {Guid.NewGuid():N}";
        using var publisher = await mall.SignedInAsync("publisher");
        var form = (await publisher.GoAsync("/publish")).Form("form.narrow");
        var wrong = await publisher.SendAsync(form, ("title", title), ("author", "A. Writer"), ("isbn", "123"), ("price", "12000"), ("copies", "10"));
        Assert.Contains("This is no ISBN", wrong.Text, StringComparison.Ordinal);
        var sent = await publisher.SendAsync(wrong.Form("form.narrow"), ("isbn", ""));
        Assert.Contains("The title is being reviewed.", sent.Text, StringComparison.Ordinal);
        using var reviewer = await mall.SignedInAsync("reviewer");
        var reviews = await reviewer.UntilAsync("/review", title);
        var card = reviews.Document.QuerySelectorAll("li.card").First(review => review.TextContent.Contains(title, StringComparison.Ordinal));
        await reviewer.SendAsync(card.QuerySelectorAll("form").OfType<AngleSharp.Html.Dom.IHtmlFormElement>().First());
        await publisher.UntilAsync("/publish", "On sale");
        await publisher.UntilAsync($"/?q={title}", title);
    }

    [Fact]
    public async Task An_operator_stops_a_service_sees_it_and_starts_it_again()
    {
        using var staff = await mall.SignedInAsync("operator");
        var page = await staff.GoAsync("/operate");
        Assert.Contains("payment-provider", page.Text, StringComparison.Ordinal);
        var stopped = await staff.SendAsync(page.Act("stop", "delivery"));
        Assert.Contains("The service is stopped.", stopped.Text, StringComparison.Ordinal);
        var started = await staff.SendAsync(stopped.Act("start", "delivery"));
        Assert.Contains("The service is started.", started.Text, StringComparison.Ordinal);
        Assert.Contains("behaves like that now", (await staff.SendAsync(started.Document.QuerySelectorAll("form[action='/actions/provider']").OfType<AngleSharp.Html.Dom.IHtmlFormElement>().First())).Text, StringComparison.Ordinal);
        var audit = await Eventually.Satisfies(() => staff.GoAsync("/operate?audit=now"), seen => seen.Text.Contains("Everything agrees.", StringComparison.Ordinal), "agree");
        Assert.Equal(HttpStatusCode.OK, audit.Status);
    }

    [Fact]
    public async Task An_operator_sees_every_event_of_an_order_and_who_handled_it()
    {
        var order = await (await mall.NewCustomerAsync()).PlaceAsync(await (await mall.BookshopAsync()).SellBookAsync());
        using var staff = await mall.SignedInAsync("operator");
        var seen = await Eventually.Satisfies(
            () => staff.GoAsync($"/operate/order?id={order}"), page => page.Text.Contains("OrderPreparationStarted", StringComparison.Ordinal), "show how far it has come");
        var accepted = seen.Document.QuerySelectorAll("tbody tr").Single(row => row.QuerySelector("th")!.TextContent.StartsWith("OrderAccepted", StringComparison.Ordinal));
        Assert.Contains("ordering", accepted.TextContent, StringComparison.Ordinal);
        Assert.Contains("store", accepted.TextContent, StringComparison.Ordinal);
        Assert.NotNull(seen.Document.QuerySelector("svg.picture"));
        foreach (var unknown in new[] { $"{Guid.NewGuid()}", "abc" })
            Assert.Contains("There is no such order", (await staff.GoAsync($"/operate/order?id={unknown}")).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/sell")]
    [InlineData("/deliver")]
    [InlineData("/publish")]
    [InlineData("/review")]
    [InlineData("/operate")]
    [InlineData("/operate/order")]
    public async Task Nobody_sees_what_is_another_roles(string path)
    {
        using var nobody = mall.Visitor();
        Assert.Equal("/sign-in", (await nobody.GoAsync(path)).Address.AbsolutePath);
        using var customer = await mall.SignedInAsync("alice");
        var page = await customer.GoAsync(path);
        Assert.Equal((HttpStatusCode.Forbidden, "/not-yours"), (page.Status, page.Address.AbsolutePath));
    }
}
