using System.Net;
using OrderMall.Contracts;
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
    public async Task A_merchant_sees_a_months_visits_and_gives_a_worker_a_day_off()
    {
        var (title, name) = ($"Visit {Guid.NewGuid():N}", $"Lee {Guid.NewGuid():N}"[..12]);
        var day = DateOnly.FromDateTime(DateTime.UtcNow).AddDays(100);
        var offer = await (await mall.ShopAsync("sparkle")).SellVisitsAsync(title, 200, day);
        using var merchant = await mall.SignedInAsync("sparkle");
        await merchant.SendAsync((await merchant.GoAsync("/sell/workers")).Form("form.narrow"), ("name", name));
        var month = $"/sell/calendar?day={day:yyyy-MM-dd}";
        var free = await merchant.GoAsync(month);
        var off = await merchant.SendAsync(Of(free, name));
        Assert.Contains("The worker has that day off.", off.Text, StringComparison.Ordinal);
        Assert.Contains($"{name}: is off", off.Text, StringComparison.Ordinal);
        Assert.Equal("workers off 1", string.Join(' ', Cell(off).QuerySelector(".count.off")!.TextContent.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)));

        // One more than there are workers for.
        var workers = free.Document.QuerySelectorAll("section form[action^='/actions/day-off']").Length;
        var customer = await mall.NewCustomerAsync();
        for (var i = 0; i < workers; i++)
            (await customer.PostAsync("/api/orders", new { offerId = offer, quantity = 1, destination = "1 Main Street", phone = "010-1234-5678" })).Is(HttpStatusCode.Created);
        var full = await Eventually.Satisfies(() => merchant.GoAsync(month), page => Cell(page).QuerySelector(".count.waiting") is not null, "have a visit that nobody is free for");
        Assert.Contains("0 of ", full.Text, StringComparison.Ordinal);
        Assert.Contains(title, full.Text, StringComparison.Ordinal);
        var back = await merchant.SendAsync(Of(full, name));
        Assert.Contains("The worker works on that day.", back.Text, StringComparison.Ordinal);
        Assert.Contains($"{name}: is sent to: {title}", back.Text, StringComparison.Ordinal);
        Assert.Null(Cell(back).QuerySelector(".count.waiting"));

        // The days of the month, each once, in the weeks that they are in; what is no day is today.
        Assert.Equal(DateTime.DaysInMonth(day.Year, day.Month), back.Document.QuerySelectorAll("table.month a").Length);
        var next = await merchant.GoAsync(back.Document.QuerySelector("a[rel=next]")!.GetAttribute("href")!);
        Assert.Equal($"{new DateOnly(day.Year, day.Month, 1).AddMonths(1):yyyy-MM-dd}", next.Document.QuerySelector("table.month time")!.GetAttribute("datetime"));
        foreach (var wrong in new[] { "0001-01-01", "9999-12-31", "soon" })
            Assert.Equal(HttpStatusCode.OK, (await merchant.GoAsync($"/sell/calendar?day={wrong}")).Status);

        AngleSharp.Dom.IElement Cell(Seen page) => page.Document.QuerySelector($"table.month time[datetime='{day:yyyy-MM-dd}']")!.Closest("td")!;

        static AngleSharp.Html.Dom.IHtmlFormElement Of(Seen page, string worker) => (AngleSharp.Html.Dom.IHtmlFormElement)page.Document.QuerySelectorAll("section li.row")
            .Single(row => row.TextContent.Contains(worker, StringComparison.Ordinal)).QuerySelector("form")!;
    }

    [Fact]
    public async Task More_visits_than_there_are_workers_for_are_sold_only_where_it_is_meant()
    {
        var title = $"Visit {Guid.NewGuid():N}";
        using var merchant = await mall.SignedInAsync("sparkle");
        var few = await merchant.SendAsync(
            (await merchant.GoAsync("/sell/offers")).Form("form.narrow"),
            ("title", title), ("kind", "cleaning"), ("price", "9800"), ("prepayment", "none"), ("fulfilment", "assignment"), ("capacity", "900"), ("date", $"{DateTime.UtcNow.AddDays(101):yyyy-MM-dd}"));
        Assert.Equal(HttpStatusCode.Conflict, few.Status);
        Assert.Contains("There are not so many workers that day.", few.Text, StringComparison.Ordinal);
        Assert.Contains("It is on sale.", (await merchant.SendAsync(few.Form("form.narrow"), ("overbook", "true"))).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_is_invited_to_a_business_does_its_work_and_is_not_offered_what_its_owner_decides()
    {
        var (shopName, staffName) = (WebMall.NewEmail(), WebMall.NewEmail());
        using var owner = await mall.RegisteredAsync(shopName, "Ann");
        using var staff = await mall.RegisteredAsync(staffName, "Ben");
        var founder = (await mall.Anyone.SignInAsync(shopName, WebMall.Password)).Is(HttpStatusCode.OK)["accessToken"];
        var id = (await mall.Anyone.WithToken(founder).GetAsync("/api/account"))["id"];
        (await (await mall.OperatorAsync()).PutAsync($"/api/ops/accounts/{id}/roles", new { roles = new[] { "customer", "merchant" } })).Is(HttpStatusCode.OK);
        await Eventually.Is(HttpStatusCode.OK, async () => (await owner.GoAsync("/sell/business")).Status);

        var nobody = await owner.SendAsync((await owner.GoAsync("/sell/business")).Form("form.narrow"), ("email", $"{Guid.NewGuid():N}@mall.test"));
        Assert.Contains("There is no account with this address", nobody.Text, StringComparison.Ordinal);
        var invited = await owner.SendAsync(nobody.Form("form.narrow"), ("email", staffName), ("role", "staff"));
        Assert.Contains("The person is invited.", invited.Text, StringComparison.Ordinal);
        Assert.Contains("has not accepted yet", invited.Text, StringComparison.Ordinal);
        var twice = await owner.SendAsync(invited.Form("form.narrow"), ("email", staffName), ("role", "staff"));
        Assert.Contains("belongs to the business already, or is invited", twice.Text, StringComparison.Ordinal);

        var page = await staff.GoAsync("/my");
        Assert.Null(page.Document.QuerySelector("header a[href='/sell']"));
        var joined = await staff.SendAsync(page.Act("join"));
        Assert.Contains("You belong to the business now.", joined.Text, StringComparison.Ordinal);
        Assert.NotNull(joined.Document.QuerySelector("header a[href='/sell']"));
        var offer = await new Shop(mall.Anyone.WithToken(founder)).SellTablesAsync("Table of the business", 4);
        var offers = await staff.UntilAsync("/sell/offers", "Table of the business");
        Assert.Contains("the owners of your business decide", offers.Text, StringComparison.Ordinal);
        Assert.Empty(offers.Document.QuerySelectorAll("main form"));
        Assert.Empty((await staff.GoAsync($"/sell/offers/{offer}")).Document.QuerySelectorAll("main form"));
        Assert.Empty((await staff.GoAsync("/sell/business")).Document.QuerySelectorAll("main form:not([action^='/actions/leave'])"));
        Assert.Equal(HttpStatusCode.OK, (await staff.GoAsync("/sell")).Status);

        // Made an owner, and staff again: at once, also where a page of before is open.
        await owner.SendAsync((await owner.GoAsync("/sell/business")).Act("member-role"));
        using var again = await SignInAsync(staffName);
        var mayOffer = await again.GoAsync("/sell/offers");
        Assert.NotNull(mayOffer.Document.QuerySelector("main form.narrow"));
        await owner.SendAsync((await owner.GoAsync("/sell/business")).Act("member-role"));
        var refused = await again.SendAsync(mayOffer.Act("off-sale"));
        Assert.Contains("Your account may not do that.", refused.Text, StringComparison.Ordinal);
        Assert.Empty(refused.Document.QuerySelectorAll("main form"));

        var left = await staff.SendAsync((await staff.GoAsync("/sell/business")).Act("leave"));
        Assert.Contains("You have left the business.", left.Text, StringComparison.Ordinal);
        Assert.Null(left.Document.QuerySelector("header a[href='/sell']"));

        async Task<Visitor> SignInAsync(string email)
        {
            var visitor = mall.Visitor();
            await visitor.SignInAsync(email, WebMall.Password);
            return visitor;
        }
    }

    [Theory]
    [InlineData("en", "Waiting for an operator", "Withdrawn", "Refused", "You may apply again.", "Granted", "You do not have this role any more.")]
    [InlineData("ko", "운영자 결정 대기", "신청 취소됨", "거절", "다시 신청할 수 있습니다.", "승인", "지금은 이 역할이 없습니다.")]
    public async Task Who_applies_for_a_role_sees_what_becomes_of_it(string language, string waiting, string withdrawn, string refused, string again, string granted, string taken)
    {
        var email = WebMall.NewEmail();
        var operators = await mall.OperatorAsync();
        using var visitor = await mall.RegisteredAsync(email, language: language);
        var sent = await ApplyAsync("courier");
        Assert.Contains(waiting, sent.Text, StringComparison.Ordinal);
        // Nobody is offered what is refused: the same again, while that waits.
        Assert.Null(sent.Document.QuerySelector("#role option[value=courier]"));
        Assert.Contains(withdrawn, (await visitor.SendAsync(sent.Act("take-back"))).Text, StringComparison.Ordinal);

        var reason = $"No bicycle {Guid.NewGuid():N}";
        await ApplyAsync("courier");
        (await operators.PostAsync($"/api/ops/applications/{await PendingAsync()}/rejection", new { reason })).Is(HttpStatusCode.OK);
        var card = Newest(await visitor.GoAsync("/my/settings"));
        Assert.All(new[] { refused, reason, again }, words => Assert.Contains(words, card.TextContent, StringComparison.Ordinal));
        Assert.Null(card.QuerySelector("form"));

        Assert.Null((await ApplyAsync("merchant")).Document.QuerySelector("header a[href='/sell']"));
        (await operators.PostAsync($"/api/ops/applications/{await PendingAsync()}/approval")).Is(HttpStatusCode.OK);
        // The role is there with the answer, and so is what it does.
        var given = await visitor.GoAsync("/my/settings");
        Assert.Contains(granted, Newest(given).TextContent, StringComparison.Ordinal);
        Assert.NotNull(Newest(given).QuerySelector("a[href='/sell']"));
        Assert.NotNull(given.Document.QuerySelector("header a[href='/sell']"));
        (await operators.PutAsync($"/api/ops/accounts/{await IdAsync()}/roles", new { roles = new[] { "customer" } })).Is(HttpStatusCode.OK);
        using var later = mall.Visitor(language);
        await later.SignInAsync(email, WebMall.Password);
        Assert.Contains(taken, Newest(await later.GoAsync("/my/settings")).TextContent, StringComparison.Ordinal);

        async Task<Seen> ApplyAsync(string role) =>
            await visitor.SendAsync((await visitor.GoAsync("/my/settings")).Form("section[aria-labelledby=apply] form[action='/my/settings']"), ("role", role), ("note", "Please"));

        async Task<string> PendingAsync() => (await operators.ListAsync("/api/ops/applications?status=Pending"))
            .Single(application => application.GetProperty("email").GetString() == email).GetProperty("id").GetString()!;

        async Task<string> IdAsync() => (await operators.GetAsync($"/api/ops/accounts?q={Uri.EscapeDataString(email)}")).Json.GetProperty("items")[0].GetProperty("id").GetString()!;

        static AngleSharp.Dom.IElement Newest(Seen page) => page.Document.QuerySelector("#my-applications li")!;
    }

    [Fact]
    public async Task Who_signs_out_everywhere_is_signed_out_here_and_no_session_goes_on()
    {
        var email = WebMall.NewEmail();
        using var visitor = await mall.RegisteredAsync(email);
        var elsewhere = (await mall.Anyone.SignInAsync(email, WebMall.Password)).Is(HttpStatusCode.OK)["refreshToken"];
        var gone = await visitor.SendAsync((await visitor.GoAsync("/my/settings")).Form("section[aria-labelledby=everywhere] form"));
        Assert.Contains("everywhere else within an hour", gone.Text, StringComparison.Ordinal);
        Assert.NotNull(gone.Document.QuerySelector("header a[href^='/sign-in']"));
        (await mall.Anyone.PostAsync("/api/account/refresh", new { refreshToken = elsewhere })).Is(HttpStatusCode.Unauthorized);
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
        var order = await (await mall.NewCustomerAsync()).PlaceAsync(await (await mall.BookshopAsync()).SellBookAsync());
        using var staff = await mall.SignedInAsync("operator");
        var page = await staff.GoAsync("/operate");
        Assert.Contains("payment-provider", page.Text, StringComparison.Ordinal);
        var stopped = await staff.SendAsync(page.Act("stop", "delivery"));
        Assert.Contains("The service is stopped.", stopped.Text, StringComparison.Ordinal);
        Assert.Contains("Some services did not answer", (await staff.SendAsync((await staff.GoAsync($"/operate/order?id={order}")).Act("republish"))).Text, StringComparison.Ordinal);
        var started = await staff.SendAsync(stopped.Act("start", "delivery"));
        Assert.Contains("The service is started.", started.Text, StringComparison.Ordinal);
        Assert.Contains("behaves like that now", (await staff.SendAsync(started.Document.QuerySelectorAll("form[action='/actions/provider']").OfType<AngleSharp.Html.Dom.IHtmlFormElement>().First())).Text, StringComparison.Ordinal);
        var audit = await Eventually.Satisfies(() => staff.GoAsync("/operate?audit=now"), seen => seen.Text.Contains("Everything agrees.", StringComparison.Ordinal), "agree");
        Assert.Equal(HttpStatusCode.OK, audit.Status);
        Assert.Contains("are being made again", (await staff.SendAsync(audit.Act("rebuild"))).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_operator_gives_roles_and_sees_what_was_changed_and_by_whom()
    {
        var email = WebMall.NewEmail();
        using var person = await mall.RegisteredAsync(email);
        using var staff = await mall.SignedInAsync("operator");
        var found = await staff.GoAsync($"/operate/accounts?q={Uri.EscapeDataString(email)}");
        var of = found.Document.QuerySelector("a[href*='of=']")!.GetAttribute("href")!.Split('#')[0];
        Assert.Contains("Nothing was changed yet.", (await staff.GoAsync(of)).Text, StringComparison.Ordinal);
        Assert.Contains("The roles are", (await staff.SendAsync(found.Act("roles"), ("roles", "customer"), ("roles", "courier"))).Text, StringComparison.Ordinal);

        var change = Assert.Single((await staff.GoAsync(of)).Document.QuerySelectorAll("section[aria-labelledby=changes] li.card")).TextContent;
        Assert.Contains(Demo.Accounts.Single(account => account.Role == Roles.Operator).Id, change, StringComparison.Ordinal);
        Assert.Matches("Customer → (Customer, Courier|Courier, Customer)", change);
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
        Assert.Contains("was published again", (await staff.SendAsync(seen.Act("republish"))).Text, StringComparison.Ordinal);
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
