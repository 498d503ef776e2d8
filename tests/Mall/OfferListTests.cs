using System.Net;
using System.Text.Json;
using OrderMall.Mall.Tests.Opening;

namespace OrderMall.Mall.Tests;

/// <summary>What is on sale, for anyone to see.</summary>
public sealed class OfferListTests(MallFixture mall) : IClassFixture<MallFixture>
{
    [Fact]
    public async Task The_cursor_walks_every_offer_once()
    {
        var shop = await mall.BookshopAsync();
        var (kind, offers) = ($"book-{Guid.NewGuid():N}", new HashSet<Guid>());
        for (var number = 0; number < 25; number++)
        {
            var offer = new { kind, title = $"Volume {number}", price = 9_000, currency = "KRW", prepayment = "full", fulfilment = "delivery" };
            offers.Add((await shop.PostAsync("/api/offers", offer)).Is(HttpStatusCode.Created).Json.GetProperty("id").GetGuid());
        }

        foreach (var limit in new[] { 1, 7, 25, 100 })
        {
            var walked = (await shop.ListAsync($"/api/offers?kind={kind}", limit)).ConvertAll(Id);
            Assert.Equal(offers.Count, walked.Count);
            Assert.True(offers.SetEquals(walked));
        }

        var all = (await shop.ListAsync("/api/offers")).ConvertAll(Id);
        Assert.Equal(all.Count, all.Distinct().Count());
        Assert.True(offers.IsSubsetOf(all));
    }

    [Fact]
    public async Task The_demo_has_thirty_books_and_five_of_each_other_kind()
    {
        var merchant = await mall.BookshopAsync();
        Assert.True((await merchant.ListAsync("/api/offers?kind=book")).Count >= 30);
        foreach (var kind in new[] { "vaccination", "table", "cleaning" })
        {
            var offers = await merchant.ListAsync($"/api/offers?kind={kind}");
            Assert.True(offers.Count >= 5);
            Assert.All(offers, offer => Assert.Equal(kind, offer.GetProperty("kind").GetString()));
        }
    }

    [Theory]
    [InlineData("needle", true)]
    [InlineData("NEEDLE in", true)]
    [InlineData("100%25_sure\\", true)]
    [InlineData("100_", false)]
    [InlineData("%25%25", false)]
    public async Task A_text_finds_titles_with_it_whatever_the_case_and_takes_no_character_for_a_wildcard(string query, bool isFound)
    {
        var shop = await mall.BookshopAsync();
        var (kind, title) = ($"book-{Guid.NewGuid():N}", "A Needle in 100%_sure\\ hay");
        (await shop.PostAsync("/api/offers", new { kind, title, price = 9_000, currency = "KRW", prepayment = "full", fulfilment = "delivery" })).Is(HttpStatusCode.Created);

        Assert.Equal(isFound ? 1 : 0, (await shop.ListAsync($"/api/offers?kind={kind}&q={query}")).Count);
    }

    private static Guid Id(JsonElement offer) => offer.GetProperty("id").GetGuid();
}
