using System.Globalization;
using System.Net;
using OrderMall.Web.Tests.Opening;

namespace OrderMall.Web.Tests;

/// <summary>What people are told, and how.</summary>
[Collection(WebCollection.Name)]
public sealed class MessageTests(WebMall mall, Browser browser)
{
    [Fact]
    public async Task Who_has_unread_messages_sees_so_on_every_page_until_they_have_read_them()
    {
        var email = WebMall.NewEmail();
        using var visitor = await mall.RegisteredAsync(email);
        var person = await Person.SignInAsync(mall.Address, email, WebMall.Password);
        var offer = await (await mall.BookshopAsync()).SellBookAsync();
        await WebMall.OrderAsync(person, offer);
        var first = await Eventually.Satisfies(() => visitor.GoAsync("/my/messages"), page => UnreadCards(page).Count > 0 && CountOf(page) > 0, "have unread messages");
        await WebMall.OrderAsync(person, offer);
        await Eventually.Satisfies(() => visitor.GoAsync("/"), page => CountOf(page) > UnreadCards(first).Count, "count those of another order");

        // A merchant is no customer, and told as well.
        using var merchant = await mall.SignedInAsync("bookshop");
        await Eventually.Satisfies(() => merchant.GoAsync("/sell"), page => CountOf(page) > 0, "count what the merchant has not read");

        // What has come since that page was made was not seen on it.
        var read = await visitor.SendAsync(first.Act("read"));
        Assert.Contains("Everything up to the newest message here is marked as read.", read.Text, StringComparison.Ordinal);
        Assert.Empty(UnreadCards(read).Intersect(UnreadCards(first)));
        Assert.NotEmpty(UnreadCards(read));
        await Eventually.Is(0, async () =>
        {
            var page = await visitor.GoAsync("/my/messages");
            return UnreadCards(page).Count == 0 ? CountOf(page) : CountOf(await visitor.SendAsync(page.Act("read")));
        });
        Assert.Null((await visitor.GoAsync("/my/messages")).Document.QuerySelector("form[action='/actions/read']"));
        Assert.All((await person.GetAsync("/api/notifications")).Json.GetProperty("items").EnumerateArray(), message => Assert.True(message.GetProperty("isRead").GetBoolean()));
    }

    [BrowserFact]
    public async Task Messages_come_by_themselves_on_every_page_and_go_when_they_are_read_elsewhere()
    {
        var email = WebMall.NewEmail();
        using var visitor = await mall.RegisteredAsync(email);
        var person = await Person.SignInAsync(mall.Address, email, WebMall.Password);
        var offer = await (await mall.BookshopAsync()).SellBookAsync();
        await browser.InWindowAsync(mall, async page =>
        {
            await page.GotoAsync("/sign-in?back=%2Fmy%2Fmessages");
            await page.Locator("#email").FillAsync(email);
            await page.Locator("#password").FillAsync(WebMall.Password);
            await page.Locator("form.narrow button").ClickAsync();
            await page.GetByText("There are no messages yet.").WaitForAsync();
            var unread = page.Locator("#unread");
            Assert.True(await unread.IsHiddenAsync());
            await page.EvaluateAsync("window.sameDocument = true");
            var order = await WebMall.OrderAsync(person, offer);
            await page.Locator("li.card.unread").First.WaitForAsync();
            await unread.WaitForAsync();
            await Browser.IsForAllAsync(page);

            // Where nothing else is live.
            await page.Locator(".brand").ClickAsync();
            await page.Locator(".cards").WaitForAsync();
            await Eventually.Is(3, () => MessagesAsync(order));
            var before = int.Parse(await unread.Locator("b").InnerTextAsync(), CultureInfo.InvariantCulture);
            (await person.PostAsync($"/api/orders/{order}/cancellation")).Is(HttpStatusCode.OK);
            await page.WaitForFunctionAsync("before => Number(document.querySelector('#unread b').textContent) > before", before);
            await Eventually.Is(5, () => MessagesAsync(order));
            await Eventually.Is(true, async () =>
            {
                (await person.PutAsync("/api/notifications/read", new { })).Is(HttpStatusCode.OK);
                return await unread.IsHiddenAsync();
            });

            // Nothing comes to a window that nobody looks at, and nothing is missed by who looks at it again.
            await ShowAsync("hidden");
            await WebMall.OrderAsync(person, offer);
            await Eventually.Satisfies(() => person.GetAsync("/api/notifications/unread"), answer => answer.Json.GetProperty("unread").GetInt32() > 0, "be told");
            Assert.True(await unread.IsHiddenAsync());
            await ShowAsync("visible");
            await unread.WaitForAsync();

            // All there will be, the refund's too: none comes later to a window in which all was read.
            async Task<int> MessagesAsync(Guid about) =>
                (await person.NewestAsync("/api/notifications")).Count(message => message.GetProperty("orderId").GetString() == about.ToString());

            Task ShowAsync(string state) => page.EvaluateAsync(
                "state => { Object.defineProperty(document, 'visibilityState', { value: state, configurable: true }); document.dispatchEvent(new Event('visibilitychange')); }", state);
            Assert.True(await page.EvaluateAsync<bool>("window.sameDocument === true"));

            // What was decided is seen where it was asked for.
            var application = (await person.PostAsync("/api/account/applications", new { role = "courier" })).Is(HttpStatusCode.Created)["id"];
            await page.GotoAsync("/my/settings");
            await page.Locator(".status.ApplicationPending").WaitForAsync();
            (await (await mall.OperatorAsync()).PostAsync($"/api/ops/applications/{application}/rejection", new { reason = "No bicycle" })).Is(HttpStatusCode.OK);
            await page.Locator(".status.ApplicationRejected").WaitForAsync();
        });
    }

    [Theory]
    [InlineData("en", "confirm your address below first", "How you are told is saved.", "Order accepted")]
    [InlineData("ko", "먼저 아래에서 주소를 확인하세요", "알림 방법을 저장했습니다.", "주문 접수")]
    public async Task People_choose_how_they_are_told(string language, string noEmail, string saved, string subject)
    {
        var email = WebMall.NewEmail();
        using var visitor = await mall.RegisteredAsync(email, language: language);
        var settings = await visitor.UntilAsync("/my/settings", noEmail);
        var chosen = await visitor.SendAsync(Channels(settings), ("push", "true"));
        Assert.Contains(saved, chosen.Text, StringComparison.Ordinal);
        Assert.True(IsChosen(chosen));

        var person = await Person.SignInAsync(mall.Address, email, WebMall.Password);
        var order = await WebMall.OrderAsync(person, await (await mall.BookshopAsync()).SellBookAsync());
        await Eventually.Satisfies(
            () => Task.FromResult(mall.Pushed.Where(message => message.GetProperty("orderId").GetString() == order.ToString()).Select(message => message.GetProperty("subject").GetString()!).ToList()),
            subjects => subjects.Exists(each => each.StartsWith(subject, StringComparison.Ordinal)),
            "be pushed");

        var form = Channels(chosen);
        form.QuerySelector("input[name=push]")!.RemoveAttribute("checked");
        var without = await visitor.SendAsync(form);
        Assert.Contains(saved, without.Text, StringComparison.Ordinal);
        Assert.False(IsChosen(without));

        static bool IsChosen(Seen page) => page.Document.QuerySelector("input[name=push]")!.HasAttribute("checked");

        static AngleSharp.Html.Dom.IHtmlFormElement Channels(Seen page) => page.Form("section[aria-labelledby=channels] form");
    }

    private static int CountOf(Seen page) => page.Document.QuerySelector("#unread") is { } unread && !unread.HasAttribute("hidden") ? int.Parse(unread.QuerySelector("b")!.TextContent, CultureInfo.InvariantCulture) : 0;

    private static HashSet<string> UnreadCards(Seen page) => [.. page.Document.QuerySelectorAll("li.card.unread").Select(card => card.Id!)];
}
