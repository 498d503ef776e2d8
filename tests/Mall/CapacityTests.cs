using System.Net;
using OrderMall.Mall.Tests.Opening;

namespace OrderMall.Mall.Tests;

/// <summary>No more is sold than there is.</summary>
public sealed class CapacityTests(MallFixture mall) : IClassFixture<MallFixture>
{
    private const int Copies = 10;
    private const int Buyers = 50;

    [Fact]
    public async Task Of_fifty_who_order_the_last_ten_copies_at_once_exactly_ten_get_one()
    {
        var shop = await mall.BookshopAsync();
        var offer = await shop.SellBookAsync(Copies);
        var buyers = await Task.WhenAll(Enumerable.Range(0, Buyers).Select(_ => mall.NewCustomerAsync()));

        var answers = await Task.WhenAll(buyers.Select(async buyer => (Buyer: buyer, Answer: await buyer.OrderAsync(offer))));

        Assert.Equal(Copies, answers.Count(answer => answer.Answer.Status == HttpStatusCode.Created));
        foreach (var (buyer, answer) in answers.Where(answer => answer.Answer.Status != HttpStatusCode.Created))
        {
            answer.IsProblem(HttpStatusCode.Conflict, "sold-out");
            Assert.Empty(await buyer.PageAsync());
        }

        Assert.Equal(0, await shop.AvailableAsync(offer));
        await (await mall.OperatorAsync()).FindsAllInOrderAsync();
    }

    [Fact]
    public async Task Who_wants_more_than_is_left_gets_none_and_who_wants_what_is_left_gets_it()
    {
        var (shop, customer) = (await mall.BookshopAsync(), await mall.NewCustomerAsync());
        var offer = await shop.SellBookAsync(copies: 3);

        (await customer.OrderAsync(offer, quantity: 4)).IsProblem(HttpStatusCode.Conflict, "sold-out");
        Assert.Equal(3, await shop.AvailableAsync(offer));
        await customer.PlaceAsync(offer, quantity: 3);
        Assert.Equal(0, await shop.AvailableAsync(offer));
    }
}
