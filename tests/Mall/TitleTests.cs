using System.Net;
using OrderMall.Mall.Tests.Opening;

namespace OrderMall.Mall.Tests;

/// <summary>A publisher registers a new title, and the product team decides on it.</summary>
public sealed class TitleTests(MallFixture mall) : IClassFixture<MallFixture>
{
    private readonly string _title = $"Azaleas {Guid.NewGuid():N}";

    [Fact]
    public async Task An_approved_title_is_on_sale_as_a_book_of_its_publisher_and_can_be_had()
    {
        var (publisher, reviewer, customer, courier) = (await mall.PublisherAsync(), await mall.ReviewerAsync(), await mall.NewCustomerAsync(), await mall.CourierAsync());

        var registered = (await publisher.RegisterAsync(_title, copies: 7)).Is(HttpStatusCode.Created);
        var title = registered.Json.GetProperty("id").GetGuid();
        Assert.Equal(($"/api/titles/{title}", "InReview", _title, Publisher.Author), (registered.Header("Location"), registered["status"], registered["title"], registered["author"]));
        var page = await publisher.OnPageAsync(title, "InReview");
        Assert.Equal((_title, 15_000), (page.GetProperty("title").GetString(), page.GetProperty("price").GetInt32()));
        var review = await reviewer.SeesAsync(title, "Pending");
        Assert.Equal((_title, Publisher.Author, "demo-publisher"), (review.GetProperty("title").GetString(), review.GetProperty("author").GetString(), review.GetProperty("publisherId").GetString()));
        (await mall.Anyone.GetAsync($"/api/offers/{title}")).IsProblem(HttpStatusCode.NotFound, "not-found");
        await publisher.IsToldOnceAsync(_title, "review");

        Assert.Equal("Approved", (await reviewer.ApproveAsync(title)).Is(HttpStatusCode.OK)["status"]);

        await publisher.SeesAsync(title, "Approved");
        Assert.Equal(["InReview", "Approved"], Customer.Statuses((await publisher.OnPageAsync(title, "Approved")).GetProperty("timeline")));
        await publisher.IsToldOnceAsync(_title, "approved");
        var offer = await Eventually.Satisfies(() => mall.Anyone.GetAsync($"/api/offers/{title}"), answer => answer.Status == HttpStatusCode.OK, "be on sale");
        Assert.Equal(
            ("demo-publisher", "book", _title, "15000", "full", "delivery", "7"),
            (offer["merchantId"], offer["kind"], offer["title"], offer["price"], offer["prepayment"], offer["fulfilment"], offer["available"]));

        var order = await customer.PlaceAsync(title, quantity: 2);
        await customer.SeesAsync(order, "Preparing");
        Assert.Contains(order, (await publisher.NewestAsync("/api/store/orders")).Select(sold => sold.GetProperty("orderId").GetGuid()));
        (await courier.DepartAsync(order)).Is(HttpStatusCode.OK);
        (await courier.ArriveAsync(order)).Is(HttpStatusCode.OK);
        await customer.OnPageAsync(order, "Delivered");
        Assert.Equal("5", (await mall.Anyone.GetAsync($"/api/offers/{title}"))["available"]);
        Assert.Equal("18000", (await publisher.PatchAsync($"/api/offers/{title}", new { price = 18_000 })).Is(HttpStatusCode.OK)["price"]);

        // Off sale again, with an order for it on its way.
        var live = await customer.PlaceAsync(title);
        await customer.SeesAsync(live, "Preparing");
        (await publisher.DeleteAsync($"/api/offers/{title}")).IsProblem(HttpStatusCode.Conflict, "title-status");
        Assert.Equal("Cancelled", (await publisher.WithdrawAsync(title)).Is(HttpStatusCode.OK)["status"]);
        await reviewer.SeesAsync(title, "Withdrawn");
        await Eventually.Is(HttpStatusCode.NotFound, async () => (await mall.Anyone.GetAsync($"/api/offers/{title}")).Status);
        (await customer.OrderAsync(title)).IsProblem(HttpStatusCode.NotFound, "not-found");
        Assert.Equal(["InReview", "Approved", "Cancelled"], Customer.Statuses((await publisher.OnPageAsync(title, "Cancelled")).GetProperty("timeline")));
        await publisher.IsToldOnceAsync(_title, "goes off sale");
        (await courier.DepartAsync(live)).Is(HttpStatusCode.OK);
        (await courier.ArriveAsync(live)).Is(HttpStatusCode.OK);
        await customer.OnPageAsync(live, "Delivered");
        await (await mall.OperatorAsync()).FindsAllInOrderAsync();
    }

    [Fact]
    public async Task A_rejected_title_says_why_and_is_not_on_sale()
    {
        var (publisher, reviewer) = (await mall.PublisherAsync(), await mall.ReviewerAsync());
        var title = await publisher.SubmitAsync(_title);

        Assert.Equal("Rejected", (await reviewer.RejectAsync(title, "The cover is missing.")).Is(HttpStatusCode.OK)["status"]);

        await publisher.SeesAsync(title, "Rejected");
        Assert.Equal("The cover is missing.", (await publisher.GetAsync($"/api/titles/{title}"))["reason"]);
        Assert.Equal("The cover is missing.", (await publisher.OnPageAsync(title, "Rejected")).GetProperty("reason").GetString());
        await publisher.IsToldOnceAsync(_title, "rejected", "The cover is missing.");
        (await publisher.WithdrawAsync(title)).IsProblem(HttpStatusCode.Conflict, "title-status");
        (await reviewer.ApproveAsync(title)).Is(HttpStatusCode.Conflict);
        await (await mall.OperatorAsync()).FindsAllInOrderAsync(); // and not on sale
    }

    [Fact]
    public async Task A_withdrawn_title_is_reviewed_no_more()
    {
        var (publisher, reviewer) = (await mall.PublisherAsync(), await mall.ReviewerAsync());
        var title = await publisher.SubmitAsync(_title);
        await reviewer.SeesAsync(title, "Pending");

        Assert.Equal("Cancelled", (await publisher.WithdrawAsync(title)).Is(HttpStatusCode.OK)["status"]);
        Assert.Equal("Cancelled", (await publisher.WithdrawAsync(title)).Is(HttpStatusCode.OK)["status"]);

        await reviewer.SeesAsync(title, "Withdrawn");
        (await reviewer.ApproveAsync(title)).Is(HttpStatusCode.Conflict);
        (await reviewer.RejectAsync(title, "Too late.")).Is(HttpStatusCode.Conflict);
        Assert.Equal(["InReview", "Cancelled"], Customer.Statuses((await publisher.OnPageAsync(title, "Cancelled")).GetProperty("timeline")));
        await publisher.IsToldOnceAsync(_title, "withdrawn");
        await (await mall.OperatorAsync()).FindsAllInOrderAsync();
    }

    [Fact]
    public async Task Withdrawing_and_approving_at_once_end_in_one_agreed_state()
    {
        var (publisher, reviewer) = (await mall.PublisherAsync(), await mall.ReviewerAsync());
        var titles = await Task.WhenAll(Enumerable.Range(0, 30).Select(number => publisher.SubmitAsync($"{_title} {number}")));

        var answers = await Task.WhenAll(titles.Select(async (title, number) =>
        {
            // Neither is always first.
            var (first, second) = number % 2 == 0
                ? (publisher.WithdrawAsync(title), reviewer.ApproveAsync(title))
                : (reviewer.ApproveAsync(title), publisher.WithdrawAsync(title));
            await Task.WhenAll(first, second);
            return (Title: title, Withdrawal: await (number % 2 == 0 ? first : second), Approval: await (number % 2 == 0 ? second : first));
        }));

        foreach (var (title, withdrawal, approval) in answers)
        {
            Assert.True(approval.Status is HttpStatusCode.OK or HttpStatusCode.Conflict, approval.ToString());
            withdrawal.Is(HttpStatusCode.OK);
            await publisher.SeesAsync(title, "Cancelled");
            await publisher.OnPageAsync(title, "Cancelled");
            await reviewer.SeesAsync(title, "Withdrawn");
            await Eventually.Is(HttpStatusCode.NotFound, async () => (await mall.Anyone.GetAsync($"/api/offers/{title}")).Status);
        }

        await (await mall.OperatorAsync()).FindsAllInOrderAsync();
    }

    [Fact]
    public async Task Titles_are_their_publishers_alone_and_reviews_the_reviewers()
    {
        var (publisher, reviewer, shop, customer) = (await mall.PublisherAsync(), await mall.ReviewerAsync(), await mall.BookshopAsync(), await mall.NewCustomerAsync());
        var title = await publisher.SubmitAsync(_title);

        foreach (var person in new Person[] { shop, customer, reviewer })
        {
            (await person.GetAsync($"/api/titles/{title}")).IsProblem(HttpStatusCode.Forbidden, "forbidden");
            (await person.DeleteAsync($"/api/titles/{title}")).IsProblem(HttpStatusCode.Forbidden, "forbidden");
            Assert.Empty(await person.ListAsync("/api/mypage/titles"));
        }

        foreach (var person in new Person[] { shop, customer, publisher })
        {
            (await person.GetAsync("/api/reviews")).IsProblem(HttpStatusCode.Forbidden, "forbidden");
            (await person.PostAsync($"/api/reviews/{title}/approval")).IsProblem(HttpStatusCode.Forbidden, "forbidden");
        }

        (await mall.Anyone.GetAsync($"/api/titles/{title}")).IsProblem(HttpStatusCode.Unauthorized, "sign-in");
        (await publisher.PostAsync("/api/offers", Shop.Book(_title))).IsProblem(HttpStatusCode.Forbidden, "forbidden");
        (await publisher.GetAsync($"/api/titles/{Guid.NewGuid()}")).IsProblem(HttpStatusCode.NotFound, "not-found");
        var invalid = (await publisher.PostAsync("/api/titles", new { title = "", author = "", isbn = "978-3-16-148410-1", price = 0, copies = 0 })).IsProblem(HttpStatusCode.BadRequest, "validation");
        Assert.Equal(["author", "copies", "isbn", "price", "title"], invalid.Json.GetProperty("errors").EnumerateObject().Select(error => error.Name).Order());
        await publisher.SeesAsync(title, "InReview");
    }
}
