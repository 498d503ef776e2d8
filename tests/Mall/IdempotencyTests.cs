using System.Net;
using OrderMall.Mall.Tests.Opening;

namespace OrderMall.Mall.Tests;

/// <summary>The same Idempotency-Key is the same order.</summary>
public sealed class IdempotencyTests(MallFixture mall) : IClassFixture<MallFixture>
{
    private readonly (string Name, string Value) _key = ("Idempotency-Key", Guid.NewGuid().ToString());

    [Fact]
    public async Task An_order_sent_twenty_times_at_once_with_one_key_is_one_order_and_twenty_same_answers()
    {
        var (shop, customer) = (await mall.BookshopAsync(), await mall.NewCustomerAsync());
        var offer = await shop.SellBookAsync(copies: 100);

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => customer.OrderAsync(offer, 2, "card_ok", _key)));

        Assert.All(answers, answer => answer.Is(HttpStatusCode.Created));
        Assert.Single(answers.Select(answer => (answer.Text, answer.Header("Location"))).Distinct());
        var order = answers[0].Json.GetProperty("id").GetGuid();
        await customer.OnPageAsync(order, "Preparing");
        Assert.Single(await customer.PageAsync());
        Assert.Equal(98, await shop.AvailableAsync(offer));

        // Also when the order has gone on meanwhile.
        Assert.Equal(answers[0].Text, (await customer.OrderAsync(offer, 2, "card_ok", _key)).Is(HttpStatusCode.Created).Text);
        (await customer.OrderAsync(offer, 1, "card_ok", _key)).IsProblem(HttpStatusCode.UnprocessableEntity, "idempotency-key-reused");
        Assert.Equal(98, await shop.AvailableAsync(offer));
        await (await mall.OperatorAsync()).FindsAllInOrderAsync();
    }

    [Fact]
    public async Task The_same_key_of_another_customer_is_another_order()
    {
        var shop = await mall.BookshopAsync();
        var offer = await shop.SellBookAsync(copies: 10);
        Customer[] customers = [await mall.NewCustomerAsync(), await mall.NewCustomerAsync()];

        var answers = await Task.WhenAll(customers.Select(customer => customer.OrderAsync(offer, 1, "card_ok", _key)));

        Assert.All(answers, answer => answer.Is(HttpStatusCode.Created));
        Assert.NotEqual(answers[0]["id"], answers[1]["id"]);
        Assert.Equal(customers.Select(customer => customer.Id), answers.Select(answer => answer["customerId"]));
        Assert.Equal(8, await shop.AvailableAsync(offer));
    }

    [Fact]
    public async Task A_refusal_stays_the_answer_to_its_key()
    {
        var (shop, customer) = (await mall.BookshopAsync(), await mall.NewCustomerAsync());
        var offer = await shop.SellBookAsync(copies: 1);

        (await customer.OrderAsync(offer, 1, "card_declined", _key)).IsProblem(HttpStatusCode.PaymentRequired, "payment-declined");
        (await customer.OrderAsync(offer, 1, "card_declined", _key)).IsProblem(HttpStatusCode.PaymentRequired, "payment-declined");
        (await customer.OrderAsync(offer, 1, "card_ok", _key)).IsProblem(HttpStatusCode.UnprocessableEntity, "idempotency-key-reused");
        await shop.HasLeftAsync(offer, 1);
    }
}
