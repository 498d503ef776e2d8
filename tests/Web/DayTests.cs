using System.Text.RegularExpressions;
using Microsoft.Playwright;
using OrderMall.Web.Tests.Opening;

namespace OrderMall.Web.Tests;

/// <summary>Each role's whole day in a real browser, in both languages: on a desk, and on a phone.</summary>
[Collection(WebCollection.Name)]
public sealed partial class DayTests(WebMall mall, Browser browser)
{
    [BrowserTheory]
    [InlineData("en", 1200)]
    [InlineData("ko", 360)]
    public Task A_title_is_published_ordered_and_brought(string language, int width) => browser.InWindowAsync(mall, async page =>
    {
        page.Dialog += (_, question) => question.AcceptAsync();
        var title = $"Ulysses {Guid.NewGuid():N}"[..16];
        await BeAsync(page, "publisher", "/publish");
        foreach (var (field, value) in new[] { ("title", title), ("author", "J. Joyce"), ("price", "12000"), ("copies", "10") })
            await page.Locator($"#{field}").FillAsync(value);
        await page.Locator("form.narrow button").ClickAsync();
        await page.Locator("li.card", new() { HasText = title }).Locator(".TitleInReview").WaitForAsync();

        await BeAsync(page, "reviewer", "/review");
        await page.Locator("li.card", new() { HasText = title }).Locator("form[action^='/actions/approve'] button").ClickAsync();
        await page.Locator(".notice.good").WaitForAsync();

        await BeAsync(page, "publisher", "/publish");
        // Nobody reloads the page.
        await page.Locator("li.card", new() { HasText = title }).Locator(".TitleApproved").WaitForAsync();

        await BeAsync(page, "alice", "/");
        await UntilAsync(page, $"/?q={title.Replace(" ", "+", StringComparison.Ordinal)}", page.Locator(".cards a", new() { HasText = title }));
        await page.Locator(".cards a", new() { HasText = title }).ClickAsync();
        var destination = $"{Guid.NewGuid():N} Street";
        await page.Locator("#destination").FillAsync(destination);
        await page.Locator("form.order button[name=wait]").First.ClickAsync();
        await Browser.IsAtAsync(page, "/orders/");
        await page.Locator("main article .status.Preparing").WaitForAsync();
        var order = new Uri(page.Url).Segments[^1];

        await BeAsync(page, "courier", "/deliver");
        // By the keyboard alone.
        foreach (var action in new[] { "depart", "arrive" })
        {
            await TabToAsync(page, $"form[action='/actions/{action}/{order}'] button");
            await page.Keyboard.PressAsync("Enter");
            await page.Locator(".notice.good").WaitForAsync();
            await Browser.IsAtAsync(page, $"/deliver\\?done={action}$");
        }

        await BeAsync(page, "alice", $"/orders/{order}");
        await page.Locator("main article .status.Delivered").First.WaitForAsync();
        Assert.Equal(0, await page.Locator("form[action^='/actions/cancel']").CountAsync());
        await UntilAsync(page, "/my/messages", page.Locator("li.card", new() { HasText = title }).First);
        await IsInAsync(page, language);

        await BeAsync(page, "operator", $"/operate/order?id={order}");
        await page.Locator("svg.picture").WaitForAsync();
        foreach (var path in new[] { "/operate", "/operate/accounts?q=alice" })
        {
            await page.GotoAsync(path);
            await IsInAsync(page, language);
        }

        await page.Locator("form[action^='/actions/roles/'] button").First.ClickAsync();
        await page.Locator(".notice.good").WaitForAsync();
    }, language, width);

    [BrowserTheory]
    [InlineData("en", 360)]
    [InlineData("ko", 1200)]
    public Task Merchants_sell_confirm_send_somebody_and_count(string language, int width) => browser.InWindowAsync(mall, async page =>
    {
        page.Dialog += (_, question) => question.AcceptAsync();
        // No other visits are on sale for it.
        var day = $"{Shop.Day.AddDays(language == "en" ? 30 : 31):yyyy-MM-dd}";
        var (table, visit, worker) = ($"Table {Guid.NewGuid():N}"[..14], $"Flat {Guid.NewGuid():N}"[..14], $"Min {Guid.NewGuid():N}"[..12]);
        await BeAsync(page, "bistro", "/sell/offers");
        await SellAsync(page, day, table, "table", "deposit", "confirmation", ("deposit", "10000"));
        await BeAsync(page, "sparkle", "/sell/workers");
        await page.Locator("#name").FillAsync(worker);
        await page.Locator("form.narrow button").ClickAsync();
        await page.Locator(".notice.good").WaitForAsync();
        await page.GotoAsync("/sell/offers");
        await SellAsync(page, day, visit, "cleaning", "none", "assignment");

        var orders = new List<string>();
        foreach (var (title, isVisit) in new[] { (table, false), (visit, true) })
        {
            await BeAsync(page, "bob", $"/?q={title.Replace(" ", "+", StringComparison.Ordinal)}");
            await page.Locator(".cards a", new() { HasText = title }).ClickAsync();
            if (isVisit)
            {
                await page.Locator("#destination").FillAsync("1 Main Street");
                await page.Locator("#phone").FillAsync("010-1234-5678");
            }

            await page.Locator("form.order button[name=wait]").First.ClickAsync();
            await Browser.IsAtAsync(page, "/orders/");
            orders.Add(new Uri(page.Url).Segments[^1]);
            // Somebody is free that day; a table waits for its merchant.
            await page.Locator($"main article .status.{(isVisit ? "Assigned" : "Received")}").First.WaitForAsync();
        }

        await BeAsync(page, "bistro", "/sell?status=Received");
        await page.Locator($"form[action='/actions/confirm/{orders[0]}'] button").ClickAsync();
        await page.Locator(".notice.good").WaitForAsync();
        await page.GotoAsync("/sell?status=Confirmed");
        await page.Locator($"form[action='/actions/complete/{orders[0]}'] button").ClickAsync();
        await page.Locator(".notice.good").WaitForAsync();
        await page.GotoAsync("/sell/money");
        Assert.True(await page.Locator("tbody tr").CountAsync() > 0);
        await IsInAsync(page, language);

        await BeAsync(page, "sparkle", $"/sell/calendar?day={day}");
        Assert.True(await page.Locator($"table.month td:has(time[datetime='{day}']) .count.visits").CountAsync() == 1);
        if (language == "en")
            await Browser.PictureAsync(page, "calendar");
        await IsInAsync(page, language);
        await page.Locator($"form[action='/actions/complete-visit/{orders[1]}'] button").ClickAsync();
        await page.Locator(".notice.good").WaitForAsync();

        foreach (var order in orders)
        {
            await BeAsync(page, "bob", $"/orders/{order}");
            await page.Locator("main article .status.Completed").First.WaitForAsync();
        }
    }, language, width);

    [BrowserFact]
    public async Task A_session_that_ends_in_the_middle_of_an_order_loses_nothing()
    {
        var offer = await (await mall.BookshopAsync()).SellBookAsync(copies: 10);
        await browser.InWindowAsync(mall, async page =>
        {
            await BeAsync(page, "alice", $"/offers/{offer}");
            await page.Locator("#destination").FillAsync("7 Eccles Street");
            await page.Locator("#note").FillAsync("Ring twice");
            await page.Context.ClearCookiesAsync(new() { Name = "mall" });
            await page.Locator("form.order button[name=wait]").First.ClickAsync();
            await IsFilledInAsync();
            await page.Locator("form.order button[name=wait]").First.ClickAsync();
            await Browser.IsAtAsync(page, "/sign-in\\?");
            await page.Locator("#email").FillAsync("alice@mall.test");
            await page.Locator("#password").FillAsync("Mall-demo-1");
            await page.Locator("form.narrow button").ClickAsync();
            await IsFilledInAsync();
            await page.Locator("form.order button[name=wait]").First.ClickAsync();
            await Browser.IsAtAsync(page, "/orders/");
            await page.GetByText("7 Eccles Street").WaitForAsync();
            await (await mall.BookshopAsync()).HasLeftAsync(offer, 9);

            async Task IsFilledInAsync()
            {
                await Browser.IsAtAsync(page, $"/offers/{offer}\\?");
                Assert.Equal(("7 Eccles Street", "Ring twice"), (await page.Locator("#destination").InputValueAsync(), await page.Locator("#note").InputValueAsync()));
            }
        });
    }

    [BrowserFact]
    public async Task A_service_that_stops_in_the_middle_is_waited_for_without_anybody_doing_anything()
    {
        var offer = await (await mall.BookshopAsync()).SellBookAsync();
        var staff = await mall.OperatorAsync();
        await browser.InWindowAsync(mall, async page =>
        {
            await BeAsync(page, "alice", $"/offers/{offer}");
            await using (await staff.StopAsync("store", "mypage"))
            {
                await page.Locator("#destination").FillAsync("1 Main Street");
                await page.Locator("form.order button[name=wait]").First.ClickAsync();
                await Browser.IsAtAsync(page, "/orders/");
                await page.Locator("main article .status.Accepted").First.WaitForAsync();
            }

            await page.Locator("main article .status.Preparing").First.WaitForAsync();
        });
    }

    // Signed in as one of the demo, who was somebody else before.
    private static async Task BeAsync(IPage page, string name, string path)
    {
        await Browser.ForgetAsync(page);
        await page.GotoAsync($"/sign-in?back={Uri.EscapeDataString(path)}");
        await page.Locator("#email").FillAsync($"{name}@mall.test");
        await page.Locator("#password").FillAsync("Mall-demo-1");
        await page.Locator("form.narrow button").ClickAsync();
        await Browser.IsAtAsync(page, "^https?://[^/]+/(?!sign-in)");
    }

    private static async Task SellAsync(IPage page, string day, string title, string kind, string prepayment, string fulfilment, params (string Name, string Value)[] more)
    {
        foreach (var (field, value) in new[] { ("title", title), ("kind", kind), ("price", "60000"), ("capacity", "1"), ("date", day), ("place", "Here") }.Concat(more))
            await page.Locator($"#{field}").FillAsync(value);
        await page.Locator("#prepayment").SelectOptionAsync(prepayment);
        await page.Locator("#fulfilment").SelectOptionAsync(fulfilment);
        await page.Locator("form.narrow button").ClickAsync();
        await Browser.IsAtAsync(page, "/sell/offers\\?done=offer$");
    }

    private static async Task TabToAsync(IPage page, string selector)
    {
        await page.Locator(selector).WaitForAsync();
        for (var i = 0; i < 200; i++)
        {
            await page.Keyboard.PressAsync("Tab");
            if (await page.EvaluateAsync<bool>("selector => document.activeElement.matches(selector)", selector))
                return;
        }

        Assert.Fail($"The keyboard does not come to {selector}.");
    }

    private static Task UntilAsync(IPage page, string path, ILocator there) => Eventually.Is(true, async () =>
    {
        await page.GotoAsync(path);
        return await there.CountAsync() > 0;
    });

    // Its words are of that language, and none is a key without words.
    private static async Task IsInAsync(IPage page, string language)
    {
        Assert.Equal(language, await page.EvaluateAsync<string>("document.documentElement.lang"));
        var text = await page.Locator("body").InnerTextAsync();
        Assert.DoesNotMatch(Key(), text);
        Assert.Equal(language == "ko", Hangul().IsMatch(await page.Locator("h1").InnerTextAsync()));
    }

    [GeneratedRegex(@"\b(?:do|done|status|problem|kind|role|business|calendar|sell)\.[A-Za-z]+\b")]
    private static partial Regex Key();

    [GeneratedRegex(@"\p{IsHangulSyllables}")]
    private static partial Regex Hangul();
}
