using System.Net;
using OrderMall.Web.Tests.Opening;

namespace OrderMall.Web.Tests;

/// <summary>Looking for something and ordering it, without scripts.</summary>
[Collection(WebCollection.Name)]
public sealed class ShopTests(WebMall mall)
{
    [Fact]
    public async Task The_first_page_is_small_and_complete_and_lets_nothing_in_that_is_not_its_own()
    {
        using var visitor = mall.Visitor();
        var page = await visitor.GoAsync("/");
        Assert.Equal(HttpStatusCode.OK, page.Status);
        Assert.Equal(24, page.Document.QuerySelectorAll(".cards > li").Length);
        var policy = page.Response.Headers.GetValues("Content-Security-Policy").Single();
        Assert.StartsWith("default-src 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.Empty(page.Document.QuerySelectorAll("style, [style], script:not([src]), [onclick], [onsubmit]"));
        // With all that it asks for, as browsers ask for it.
        visitor.Http.DefaultRequestHeaders.AcceptEncoding.ParseAdd("br");
        var bytes = page.Bytes;
        foreach (var file in page.Document.QuerySelectorAll("script, link[rel=stylesheet], link[rel=icon]").Select(element => element.GetAttribute("src") ?? element.GetAttribute("href")!))
        {
            Assert.StartsWith("/files/", file, StringComparison.Ordinal);
            using var response = await visitor.Http.GetAsync(file);
            Assert.True(response.IsSuccessStatusCode && response.Headers.CacheControl!.MaxAge > TimeSpan.FromDays(30), file);
            bytes += (await response.Content.ReadAsByteArrayAsync()).Length;
        }

        Assert.InRange(bytes, 1, 100 * 1024);
    }

    [Fact]
    public async Task It_finds_by_kind_and_words_and_goes_on_to_the_next_page()
    {
        using var visitor = mall.Visitor();
        var books = await visitor.GoAsync("/?kind=book");
        var next = await visitor.GoAsync(books.Document.QuerySelector(".more a")!.GetAttribute("href")!);
        var titles = books.Document.QuerySelectorAll(".cards h2").Concat(next.Document.QuerySelectorAll(".cards h2")).Select(title => title.TextContent).ToList();
        Assert.Equal(titles.Count, titles.Distinct().Count());
        Assert.True(titles.Count >= 30);
        Assert.Contains("Moby-Dick", (await visitor.GoAsync("/?q=moby")).Document.QuerySelector(".cards h2")!.TextContent, StringComparison.Ordinal);
        Assert.Contains("Nothing like that", (await visitor.GoAsync("/?q=nothing+has+this+name")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_is_new_registers_on_the_way_to_an_order_which_is_placed_once_however_often_it_is_sent()
    {
        var title = $"Book {Guid.NewGuid():N}";
        var offer = await (await mall.BookshopAsync()).SellAsync(Shop.Book(title));
        using var visitor = mall.Visitor();
        // Nobody is signed in: what was filled in comes back afterwards.
        var form = (await visitor.GoAsync($"/offers/{offer}")).Form("form.order");
        var signIn = await visitor.SendAsync(form, ("quantity", "2"), ("destination", "1 Main Street"), ("paymentMethod", "card_ok"), ("wait", ""));
        Assert.Equal("/sign-in", signIn.Address.AbsolutePath);
        var register = await visitor.GoAsync(signIn.Document.QuerySelector("main a[href^='/register']")!.GetAttribute("href")!);
        var again = await visitor.SendAsync(register.Form("form.narrow"), ("name", "New"), ("email", $"{Guid.NewGuid():N}@mall.test"), ("password", "Correct-horse-7"));
        Assert.Equal($"/offers/{offer}", again.Address.AbsolutePath);
        form = again.Form("form.order");
        Assert.Equal("1 Main Street", form.QuerySelector("[name=destination]")!.GetAttribute("value"));

        var answers = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => visitor.PostAsync(form, [("paymentMethod", "card_ok"), ("wait", "")])));
        var orders = answers.Select(answer => answer.RequestMessage!.RequestUri!.AbsolutePath).Distinct().ToList();
        Assert.StartsWith("/orders/", Assert.Single(orders), StringComparison.Ordinal);
        var order = await visitor.UntilAsync(orders[0], "Being packed");
        Assert.Contains("₩24,000 paid", order.Text, StringComparison.Ordinal);
        Assert.Single((await visitor.UntilAsync("/my", "Being packed")).Document.QuerySelectorAll(".card"));

        var cancelled = await visitor.SendAsync(order.Act("cancel"));
        Assert.Contains("The order is cancelled.", cancelled.Text, StringComparison.Ordinal);
        Assert.Contains("refunded", (await visitor.UntilAsync(orders[0], "refunded")).Text, StringComparison.Ordinal);
        Assert.Contains(title, (await visitor.UntilAsync("/my/messages", title)).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_comes_to_nothing_says_why_and_what_to_do()
    {
        var shop = await mall.BookshopAsync();
        var offer = await shop.SellBookAsync(copies: 2);
        using var visitor = await mall.SignedInAsync("alice");
        var page = await visitor.GoAsync($"/offers/{offer}");
        (string, string)[] right = [("destination", "1 Main Street"), ("paymentMethod", "card_ok"), ("wait", "")];

        var wrong = await visitor.SendAsync(page.Form("form.order"), ("quantity", "0"), ("destination", "1 Main Street"), ("paymentMethod", "card_ok"), ("wait", ""));
        Assert.Equal((HttpStatusCode.BadRequest, "true"), (wrong.Status, wrong.Document.QuerySelector("#quantity")!.GetAttribute("aria-invalid")));
        Assert.Contains("from 1 to 1000", wrong.Text, StringComparison.Ordinal);

        var declined = await visitor.SendAsync(page.Form("form.order"), ("destination", "1 Main Street"), ("paymentMethod", "card_declined"), ("wait", ""));
        Assert.Equal(HttpStatusCode.PaymentRequired, declined.Status);
        Assert.Contains("Choose another way to pay", declined.Text, StringComparison.Ordinal);

        Assert.Equal(HttpStatusCode.OK, (await shop.PatchAsync($"/api/offers/{offer}", new { price = 15_000 })).Status);
        var dearer = await visitor.SendAsync((await visitor.GoAsync($"/offers/{offer}")).Form("form.order"), [("price", "12000"), .. right]);
        Assert.Contains("The price has changed", dearer.Text, StringComparison.Ordinal);
        Assert.Contains("₩15,000", dearer.Text, StringComparison.Ordinal);
        Assert.StartsWith("/orders/", (await visitor.SendAsync(dearer.Form("form.order"), right)).Address.AbsolutePath, StringComparison.Ordinal);

        var tooMany = await visitor.SendAsync((await visitor.GoAsync($"/offers/{offer}")).Form("form.order"), [("quantity", "2"), .. right]);
        Assert.Equal(HttpStatusCode.Conflict, tooMany.Status);
        Assert.Contains("There is not enough left", tooMany.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task While_payment_is_down_an_order_can_wait_for_it()
    {
        var offer = await (await mall.BookshopAsync()).SellBookAsync();
        var staff = await mall.OperatorAsync();
        using var visitor = await mall.SignedInAsync("alice");
        string order;
        await using (await staff.StopAsync("payment"))
        {
            var form = (await visitor.GoAsync($"/offers/{offer}")).Form("form.order");
            var down = await visitor.SendAsync(form, ("destination", "1 Main Street"), ("paymentMethod", "card_ok"), ("wait", ""));
            Assert.Equal(HttpStatusCode.ServiceUnavailable, down.Status);
            Assert.Contains("not available at the moment", down.Text, StringComparison.Ordinal);
            Assert.NotNull(down.Document.QuerySelector("button[name=wait][value=yes]"));
            var waits = await visitor.SendAsync(down.Form("form.order"), ("wait", "yes"));
            Assert.Contains("Waiting for payment", waits.Text, StringComparison.Ordinal);
            order = waits.Address.AbsolutePath;
        }

        await visitor.UntilAsync(order, "Being packed");
    }

    [Fact]
    public async Task A_service_that_is_down_takes_its_part_of_a_page_away_and_not_the_page()
    {
        var staff = await mall.OperatorAsync();
        using var visitor = await mall.SignedInAsync("alice");
        await using (await staff.StopAsync("catalog", "mypage", "notification"))
        {
            foreach (var path in new[] { "/", "/my", "/my/messages", "/my/settings" })
            {
                var page = await visitor.GoAsync(path);
                Assert.Equal(HttpStatusCode.OK, page.Status);
                Assert.Contains("This is not available at the moment", page.Text, StringComparison.Ordinal);
                Assert.NotNull(page.Document.QuerySelector("header a[href='/my']"));
            }

            Assert.NotNull((await visitor.GoAsync("/my/settings")).Document.QuerySelector("#current"));
        }
    }
}
