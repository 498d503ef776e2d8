using System.Net;
using Microsoft.Playwright;
using OrderMall.Web.Tests.Opening;

namespace OrderMall.Web.Tests;

/// <summary>The screens in a real browser.</summary>
[Collection(WebCollection.Name)]
public sealed class BrowserTests(WebMall mall, Browser browser) : IClassFixture<Browser>
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
            await page.WaitForURLAsync($"**/offers/{offer}");
            await page.Locator("#destination").FillAsync("1 Main Street");
            await page.GetByRole(AriaRole.Button, new() { Name = words.Pay, Exact = true }).ClickAsync();
            await page.WaitForURLAsync("**/orders/**");
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
            await page.WaitForURLAsync("**/orders/**");
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
            await page.WaitForURLAsync("**/offers/**");
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
                ("bistro", ["/sell", "/sell/offers", $"/sell/offers/{offer}", "/sell/workers", "/sell/money"]),
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

                await page.Context.ClearCookiesAsync();
            }
        }, language, width, dark: dark);
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
