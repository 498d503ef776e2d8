using System.Net;
using OrderMall.Mall.Tests.Opening;

namespace OrderMall.Mall.Tests;

/// <summary>The same Idempotency-Key is the same order, offer, title, worker or account.</summary>
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

    [Theory]
    [InlineData("offers", "bookshop", "title")]
    [InlineData("titles", "publisher", "title")]
    [InlineData("workers", "sparkle", "name")]
    [InlineData("account/register", null, "name")]
    public async Task What_is_made_with_one_key_is_made_once(string path, string? maker, string named)
    {
        path = $"/api/{path}";
        var who = maker is null ? mall.Anyone : await mall.DemoAsync(maker);
        var (name, email) = ($"Once {Guid.NewGuid():N}", $"{Guid.NewGuid():N}@customer.test");
        object Body(string name) => path switch
        {
            "/api/offers" => Shop.Book(name),
            "/api/titles" => new { title = name, author = Publisher.Author, price = 9_000, copies = 3 },
            "/api/workers" => new { name },
            _ => new { email, password = "Correct-horse-77", name },
        };

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => who.PostAsync(path, Body(name), _key)));

        Assert.All(answers, answer => answer.Is(HttpStatusCode.Created));
        Assert.Single(answers.Select(answer => (answer.Text, answer.Header("Location"))).Distinct());
        Assert.Equal(name, answers[0][named]);
        Assert.Equal(answers[0].Text, (await who.PostAsync(path, Body(name), _key)).Is(HttpStatusCode.Created).Text);
        (await who.PostAsync(path, Body($"{name} other"), _key)).IsProblem(HttpStatusCode.UnprocessableEntity, "idempotency-key-reused");
        if (path == "/api/offers")
        {
            Assert.Single((await mall.Anyone.GetAsync($"/api/offers?q={Uri.EscapeDataString(name)}")).Is(HttpStatusCode.OK).Json.GetProperty("items").EnumerateArray());
            // Another's key is another key.
            Assert.NotEqual(answers[0]["id"], (await (await mall.ShopAsync("bistro")).PostAsync(path, Body(name), _key)).Is(HttpStatusCode.Created)["id"]);
        }
        else if (path == "/api/titles")
        {
            // What came too late has taken its review back.
            await Eventually.Is(1, async () => (await (await mall.ReviewerAsync()).ListAsync("/api/reviews")).Count(review =>
                review.GetProperty("title").GetString() == name && review.GetProperty("status").GetString() == "Pending"));
        }
        else if (path == "/api/workers")
        {
            Assert.Single(await who.ListAsync(path), worker => worker.GetProperty("name").GetString() == name);
        }
    }

    [Fact]
    public async Task A_key_that_is_none_is_refused()
    {
        foreach (var value in new[] { "with blank", new string('k', 201) })
            (await (await mall.BookshopAsync()).PostAsync("/api/offers", Shop.Book("No key"), ("Idempotency-Key", value))).IsProblem(HttpStatusCode.BadRequest, "validation");
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
