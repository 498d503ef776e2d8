using System.Net;
using Microsoft.Playwright;
using OrderMall.Web.Tests.Opening;

namespace OrderMall.Web.Tests;

/// <summary>The screens in a real browser.</summary>
[Collection(WebCollection.Name)]
public sealed class BrowserTests(WebMall mall, Browser browser)
{
    private static readonly Dictionary<string, (string SignIn, string Pay, string Packed, string OnItsWay, string Left)> Words = new()
    {
        ["en"] = ("Sign in", "Order and pay", "Being packed", "On its way", "The parcel has left."),
        ["ko"] = ("로그인", "결제하고 주문하기", "포장 중", "배송 중", "물품이 출발했습니다."),
    };

    [BrowserTheory]
    [InlineData("en", 1200, true)]
    [InlineData("ko", 360, true)]
    [InlineData("en", 360, false)]
    public async Task An_order_is_placed_and_its_timeline_goes_on_by_itself(string language, int width, bool scripts)
    {
        var words = Words[language];
        var title = $"Pride {Guid.NewGuid():N}"[..14];
        var offer = await (await mall.BookshopAsync()).SellAsync(Shop.Book(title));
        await browser.InWindowAsync(mall, async page =>
        {
            await SignInAsync(page, "alice", words.SignIn);
            await page.GotoAsync($"/?q={title.Replace(" ", "+", StringComparison.Ordinal)}");
            await page.GetByRole(AriaRole.Link, new() { Name = title, Exact = true }).ClickAsync();
            await Browser.IsAtAsync(page, $"/offers/{offer}$");
            await page.Locator("#destination").FillAsync("1 Main Street");
            await page.GetByRole(AriaRole.Button, new() { Name = words.Pay, Exact = true }).ClickAsync();
            await Browser.IsAtAsync(page, "/orders/");
            var id = new Uri(page.Url).Segments[^1];
            if (!scripts)
            {
                await Eventually.Is(true, async () => { await page.ReloadAsync(); return await page.Locator("main .Preparing").CountAsync() > 0; });
                return;
            }

            // Nobody reloads the page.
            await page.Locator("main .status", new() { HasText = words.Packed }).WaitForAsync();
            await (await mall.CourierAsync()).DepartAsync(Guid.Parse(id));
            await page.Locator("main .status", new() { HasText = words.OnItsWay }).WaitForAsync();
            Assert.Contains(words.OnItsWay, await page.Locator("#said").TextContentAsync(), StringComparison.Ordinal);
            if (language == "en")
                await Browser.PictureAsync(page, "order");
            await Browser.IsForAllAsync(page);
        }, language, width, scripts);
    }

    [BrowserFact]
    public async Task A_double_click_and_going_back_and_reloading_place_one_order()
    {
        var offer = await (await mall.BookshopAsync()).SellBookAsync(copies: 10);
        await browser.InWindowAsync(mall, async page =>
        {
            await SignInAsync(page, "alice", "Sign in");
            await page.GotoAsync($"/offers/{offer}");
            await page.Locator("#destination").FillAsync("1 Main Street");
            await page.GetByRole(AriaRole.Button, new() { Name = "Order and pay" }).DblClickAsync();
            await Browser.IsAtAsync(page, "/orders/");
            await page.ReloadAsync();
            await page.GoBackAsync();
            await page.ReloadAsync();
            await page.GoForwardAsync();
            await (await mall.BookshopAsync()).HasLeftAsync(offer, 9);
        });
    }

    [BrowserFact]
    public async Task Links_are_followed_without_a_new_document_and_the_keyboard_is_enough()
    {
        await browser.InWindowAsync(mall, async page =>
        {
            await page.GotoAsync("/");
            await page.EvaluateAsync("window.sameDocument = true");
            // The first key is the way past the menu.
            await page.Keyboard.PressAsync("Tab");
            Assert.Equal("Skip to the content", await page.EvaluateAsync<string>("document.activeElement.textContent"));
            await page.Keyboard.PressAsync("Enter");
            Assert.Equal("main", await page.EvaluateAsync<string>("document.activeElement.id"));
            for (var i = 0; i < 20 && await page.EvaluateAsync<bool>("!document.activeElement.closest('.cards')"); i++)
                await page.Keyboard.PressAsync("Tab");
            await page.Keyboard.PressAsync("Enter");
            await Browser.IsAtAsync(page, "/offers/");
            await page.Locator("form.order").WaitForAsync();
            Assert.True(await page.EvaluateAsync<bool>("window.sameDocument === true"));
        });
    }

    [BrowserTheory]
    [InlineData("en", 1200, false)]
    [InlineData("ko", 360, true)]
    public async Task Every_screen_is_for_all(string language, int width, bool dark)
    {
        var offer = await (await mall.ShopAsync("bistro")).SellTablesAsync("Table for all", 4);
        var customer = await mall.DemoAsync("alice");
        var order = (await customer.PostAsync("/api/orders", new { offerId = offer, quantity = 1, paymentMethod = "card_ok" })).Is(HttpStatusCode.Created)["id"];
        await browser.InWindowAsync(mall, async page =>
        {
            foreach (var (who, paths) in new (string?, string[])[]
            {
                (null, ["/", $"/offers/{offer}", "/sign-in", "/register", "/nothing"]),
                ("alice", ["/my", "/my/messages", "/my/settings", $"/offers/{offer}"]),
                ("bistro", ["/sell", "/sell/offers", $"/sell/offers/{offer}", "/sell/workers", "/sell/calendar", "/sell/money", "/sell/business"]),
                ("courier", ["/deliver"]), ("publisher", ["/publish"]), ("reviewer", ["/review"]), ("operator", ["/operate", "/operate/accounts", $"/operate/order?id={order}"]),
            })
            {
                if (who is not null)
                    await SignInAsync(page, who, Words[language].SignIn);
                foreach (var path in paths)
                {
                    await page.GotoAsync(path);
                    await Browser.IsForAllAsync(page);
                }

                await Browser.ForgetAsync(page);
            }
        }, language, width, dark: dark);
    }

    [BrowserFact]
    public async Task A_page_for_who_asks_too_often_is_for_all() => await browser.InWindowAsync(mall, async page =>
    {
        const string Address = "203.0.113.5";
        await page.SetExtraHTTPHeadersAsync(new Dictionary<string, string> { ["X-Forwarded-For"] = Address });
        using var others = new HttpClient { BaseAddress = mall.Web, DefaultRequestHeaders = { { "X-Forwarded-For", Address } } };
        using var enough = new CancellationTokenSource();
        var asking = Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            while (!enough.IsCancellationRequested)
                (await others.PostAsync("/nothing", null)).Dispose();
        }));
        await Eventually.Is(429, async () => (await page.GotoAsync("/register"))!.Status);
        await enough.CancelAsync();
        await asking;
        foreach (var scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
        {
            await page.EmulateMediaAsync(new() { ColorScheme = scheme });
            await Browser.IsForAllAsync(page);
        }
    }, width: 360);

    [BrowserFact]
    public async Task What_changed_is_seen_though_the_mall_could_not_answer_at_that_moment()
    {
        var alice = await mall.DemoAsync("alice");
        var order = await WebMall.OrderAsync(alice, await (await mall.BookshopAsync()).SellBookAsync());
        await Eventually.Satisfies(
            () => alice.NewestAsync("/api/mypage/orders", 10), orders => orders.Exists(one => one.GetProperty("orderId").GetGuid() == order && one.GetProperty("status").GetString() == "Preparing"), "be prepared");
        await browser.InWindowAsync(mall, async page =>
        {
            await SignInAsync(page, "alice", "Sign in");
            await page.Clock.InstallAsync();
            var (looks, isDown) = (0, false);
            await page.RouteAsync($"**/orders/{order}", route =>
            {
                if (route.Request.ResourceType == "fetch")
                    Interlocked.Increment(ref looks);
                return Volatile.Read(ref isDown) ? route.AbortAsync() : route.ContinueAsync();
            });
            await page.GotoAsync($"/orders/{order}");
            await page.Locator("main article .status.Preparing").WaitForAsync();
            // One when it is connected, and one when something changes.
            await LooksAsync(1);
            Volatile.Write(ref isDown, true);
            await (await mall.CourierAsync()).DepartAsync(order);
            await LooksAsync(2);
            Volatile.Write(ref isDown, false);
            // Nobody reloads the page.
            await page.Clock.FastForwardAsync("00:10");
            await page.Locator("main article .status.Shipped").WaitForAsync();
            Assert.Equal(3, looks);

            Task LooksAsync(int count) => Eventually.Is(count, () => Task.FromResult(Volatile.Read(ref looks)));
        });
    }

    [BrowserFact]
    public async Task Operators_see_and_mend_what_is_down()
    {
        var staff = await mall.OperatorAsync();
        var offer = await (await mall.BookshopAsync()).SellBookAsync();
        var customer = await mall.NewCustomerAsync();
        await browser.InWindowAsync(mall, async page =>
        {
            await page.GotoAsync("/");
            await Browser.PictureAsync(page, "shop");
            await SignInAsync(page, "operator", "Sign in");
            try
            {
                await page.GotoAsync("/operate");
                await page.Locator("form[action='/actions/stop/payment'] button").ClickAsync();
                await page.GetByText("The service is stopped.").WaitForAsync();
                for (var i = 0; i < 6; i++)
                    await customer.OrderAsync(offer);
                await page.GotoAsync("/operate");
                await page.Locator(".circuit-open", new() { HasText = "payment" }).First.WaitForAsync();
                await Browser.PictureAsync(page, "operator");
                await Browser.IsForAllAsync(page);
                await page.Locator("form[action='/actions/start/payment'] button").ClickAsync();
                await page.GetByText("The service is started.").WaitForAsync();
            }
            finally
            {
                await staff.RestoreAsync();
            }
        });
    }

    private static async Task SignInAsync(IPage page, string name, string button)
    {
        await page.GotoAsync("/sign-in");
        await page.Locator("#email").FillAsync($"{name}@mall.test");
        await page.Locator("#password").FillAsync("Mall-demo-1");
        await page.Locator("main").GetByRole(AriaRole.Button, new() { Name = button, Exact = true }).ClickAsync();
        await page.Locator("form[action='/actions/sign-out']").WaitForAsync();
    }
}
