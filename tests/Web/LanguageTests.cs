using System.Net;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using OrderMall.Contracts;
using OrderMall.Contracts.Events;
using OrderMall.Web.Tests.Opening;

namespace OrderMall.Web.Tests;

/// <summary>Every word is there in both languages, and each page is in one.</summary>
[Collection(WebCollection.Name)]
public sealed partial class LanguageTests(WebMall mall)
{
    private static readonly string Web = Path.Combine(Path.GetDirectoryName(Here())!, "../../services/Web");
    private static readonly Dictionary<string, string> English = Read("Texts.resx");
    private static readonly Dictionary<string, string> Korean = Read("Texts.ko.resx");

    [Fact]
    public void Both_languages_have_the_same_words_with_the_same_places_to_fill_in()
    {
        Assert.Equal(English.Keys.Order(), Korean.Keys.Order());
        Assert.All(English, text => Assert.Equal(Places(text.Value), Places(Korean[text.Key])));
        Assert.All(Korean.Where(text => text.Key != "isbn"), text => Assert.Matches(Hangul(), text.Value));
    }

    [Fact]
    public void Every_word_that_a_page_asks_for_is_there_and_every_word_is_asked_for()
    {
        var sources = Directory.EnumerateFiles(Web, "*.*", SearchOption.AllDirectories)
            .Where(file => file.EndsWith(".razor", StringComparison.Ordinal) || file.EndsWith(".cs", StringComparison.Ordinal))
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal))
            .Select(File.ReadAllText).ToList();
        var asked = sources.SelectMany(source => Asked().Matches(source).Select(match => match.Groups[1].Value)).ToHashSet();
        Assert.DoesNotContain(asked, key => !English.ContainsKey(key));
        // Those that are put together have their beginnings in the code, and the others stand in it as they are.
        var all = string.Join('\n', sources);
        string[] prefixes = ["status.", "problem.", "wrong.", "reason.", "done.", "do.", "sure.", "said.", "kind.", "next.", "fulfils.", "method.", "circuit.", "provider.", "prepayment.", "fulfilment.", "deliver.", "role.", "business."];
        Assert.DoesNotContain(English.Keys, key => !prefixes.Any(prefix => key.StartsWith(prefix, StringComparison.Ordinal)) && !all.Contains($"\"{key}\"", StringComparison.Ordinal));
    }

    [Fact]
    public void Every_status_policy_and_deed_has_its_word()
    {
        Assert.All(Enum.GetNames<OrderStatus>(), status => Assert.Contains($"status.{status}", English));
        Assert.All(Enum.GetNames<TitleStatus>(), status => Assert.Contains($"status.Title{status}", English));
        Assert.All(Enum.GetNames<Prepayment>(), policy => Assert.Contains($"next.{policy}", English));
        Assert.All(Enum.GetNames<Fulfilment>(), policy => Assert.Contains($"fulfils.{policy}", English));
        Assert.All(Actions.Names, name => Assert.True(English.ContainsKey($"done.{name}"), name));
        Assert.All(Demo.PaymentMethods, method => Assert.Contains($"method.{method}", English));
    }

    [Theory]
    [InlineData("en", "en", "What would you like?")]
    [InlineData("ko-KR,ko;q=0.9,en;q=0.8", "ko", "무엇을 찾으세요?")]
    [InlineData("fr,de;q=0.5", "en", "What would you like?")]
    public async Task A_page_is_in_the_browsers_language(string accepted, string language, string heading)
    {
        using var visitor = mall.Visitor(accepted);
        var page = await visitor.GoAsync("/");
        Assert.Equal((language, heading), (page.Document.DocumentElement.GetAttribute("lang"), page.Document.QuerySelector("h1")!.TextContent));
    }

    [Fact]
    public async Task The_switch_counts_for_more_than_the_browser_and_leads_back()
    {
        using var visitor = mall.Visitor("en");
        var offer = await (await mall.BookshopAsync()).SellBookAsync(price: 12_000);
        var page = await visitor.GoAsync($"/offers/{offer}");
        Assert.Contains("₩12,000", page.Text, StringComparison.Ordinal);
        var korean = await visitor.SendAsync(page.Act("language", "ko"));
        Assert.Equal($"/offers/{offer}", korean.Address.AbsolutePath);
        Assert.Contains("12,000원", korean.Text, StringComparison.Ordinal);
        Assert.Equal("ko", (await visitor.GoAsync("/")).Document.DocumentElement.GetAttribute("lang"));
        Assert.Equal("/", (await visitor.SendAsync(korean.Act("language", "en"), ("back", "https://elsewhere.test"))).Address.PathAndQuery);
        Assert.Equal(HttpStatusCode.NotFound, (await visitor.PostAsync(korean.Act("language", "en"), action: "/actions/language/xx")).StatusCode);
    }

    [Theory]
    [InlineData("ko-KR,ko;q=0.9,en;q=0.8", null, "ko")]
    [InlineData("en", "ko", "ko")]
    [InlineData("ko", "en", "en")]
    public async Task Messages_are_in_the_language_of_the_page_that_somebody_registered_at(string accepted, string? chosen, string language)
    {
        var email = WebMall.NewEmail();
        using var visitor = mall.Visitor(accepted);
        if (chosen is not null)
            await visitor.SendAsync((await visitor.GoAsync("/register")).Act("language", chosen));
        await visitor.RegisterAsync(email, WebMall.Password);
        var person = await Person.SignInAsync(mall.Address, email, WebMall.Password);
        await Eventually.Is(language, async () => (await person.GetAsync("/api/notifications/language"))["language"]);
        (await person.PostAsync("/api/orders", new { offerId = await (await mall.ShopAsync("bistro")).SellTablesAsync("Table", 4), quantity = 1, paymentMethod = "card_ok" })).Is(HttpStatusCode.Created);
        var told = await Eventually.Satisfies(() => person.GetAsync("/api/notifications"), messages => messages.Json.GetProperty("items").GetArrayLength() > 0, "be told");
        Assert.Equal(language == "ko", Hangul().IsMatch(told.Json.GetProperty("items")[0].GetProperty("text").GetString()!));
    }

    [Fact]
    public async Task Another_site_does_not_choose_an_accounts_language()
    {
        using var customer = await mall.SignedInAsync("bob");
        var page = await customer.GoAsync("/my");
        await customer.SendAsync(page.Act("language", "ko"));
        Assert.Equal("ko", await ChosenAsync());
        using var form = new FormUrlEncodedContent([KeyValuePair.Create("back", "/")]);
        using var forged = await customer.Http.PostAsync("/actions/language/en", form);
        using var link = await customer.Http.GetAsync("/actions/language/en");
        Assert.Equal(HttpStatusCode.NotFound, link.StatusCode);
        Assert.Equal("ko", await ChosenAsync());
        await customer.SendAsync((await customer.GoAsync("/my")).Act("language", "en"));
        Assert.Equal("en", await ChosenAsync());

        async Task<string?> ChosenAsync() => (await (await mall.DemoAsync("bob")).GetAsync("/api/notifications/language")).Json.GetProperty("language").GetString();
    }

    [Fact]
    public async Task What_is_not_there_is_said_in_words()
    {
        using var visitor = mall.Visitor("ko");
        var page = await visitor.GoAsync("/nothing/here");
        Assert.Equal(HttpStatusCode.NotFound, page.Status);
        Assert.Contains("찾으시는 것이 없거나 더 이상 없습니다.", page.Text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await visitor.GoAsync($"/offers/{Guid.NewGuid()}")).Status);
    }

    private static Dictionary<string, string> Read(string file) =>
        XDocument.Load(Path.Combine(Web, file)).Descendants("data").ToDictionary(text => text.Attribute("name")!.Value, text => text.Element("value")!.Value);

    private static List<string> Places(string text) => [.. Place().Matches(text).Select(match => match.Value).Order()];

    private static string Here([CallerFilePath] string path = "") => path;

    [GeneratedRegex(@"\{\d\}")]
    private static partial Regex Place();

    [GeneratedRegex(@"\p{IsHangulSyllables}")]
    private static partial Regex Hangul();

    [GeneratedRegex("""(?:\bL|\bwords)\["([a-z][^"{]*)"[\],]""")]
    private static partial Regex Asked();
}
