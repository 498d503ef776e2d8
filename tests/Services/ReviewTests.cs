using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using OrderMall.Contracts;
using OrderMall.Contracts.Calls;
using OrderMall.Contracts.Events;
using OrderMall.Publishing;
using OrderMall.Store;

namespace OrderMall.Services.Tests;

/// <summary>The product team's reviews, and how they and publishing come to one agreed state.</summary>
[Collection(ServiceCollection.Name)]
public sealed class ReviewTests(RunningService<StoreService> store, RunningService<PublishingService> publishing)
    : IClassFixture<RunningService<StoreService>>, IClassFixture<RunningService<PublishingService>>
{
    [Fact]
    public async Task A_request_is_taken_in_once_however_often_it_comes()
    {
        var title = Guid.CreateVersion7();
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => RequestAsync(title)));
        Assert.All(outcomes, outcome => Assert.Equal(ReviewRequestOutcome.Taken, outcome));
        Assert.Equal("Pending", await StatusAsync(title));
        Assert.Empty(await store.PublishedAsync(title));
    }

    [Fact]
    public async Task A_reviewer_approves_and_says_so_once()
    {
        var title = await RequestedAsync();
        Assert.Equal(HttpStatusCode.Conflict, await DecideTwiceAsync(title, "approval", "rejection"));
        var approved = Assert.Single(await store.PublishedAsync(title));
        Assert.Equal((Topics.Reviews, ReviewEvent.Approved, 2L), (approved.Topic, approved.Type, approved.Data.GetProperty("version").GetInt64()));
        Assert.Equal("Approved", await StatusAsync(title));
        Assert.Equal(ReviewRequestOutcome.Taken, await RequestAsync(title));
    }

    [Fact]
    public async Task A_reviewer_rejects_and_says_why()
    {
        var title = await RequestedAsync();
        using var without = await DecideAsync(title, "rejection", " ");
        Assert.Equal(HttpStatusCode.BadRequest, without.StatusCode);
        Assert.True((await without.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors").TryGetProperty("reason", out _));
        Assert.Equal("Pending", await StatusAsync(title));

        Assert.Equal(HttpStatusCode.Conflict, await DecideTwiceAsync(title, "rejection", "approval"));
        var rejected = Assert.Single(await store.PublishedAsync(title));
        Assert.Equal((ReviewEvent.Rejected, "Too long."), (rejected.Type, rejected.Data.GetProperty("reason").GetString()));
        Assert.Equal("Rejected", await StatusAsync(title));
    }

    [Fact]
    public async Task Many_contradicting_decisions_at_once_are_one()
    {
        for (var round = 0; round < 10; round++)
        {
            var title = await RequestedAsync();
            var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(async i =>
            {
                using var answer = await DecideAsync(title, i % 2 == 0 ? "approval" : "rejection");
                return (Approval: i % 2 == 0, answer.StatusCode);
            }));
            var approved = await StatusAsync(title) == "Approved";
            Assert.All(answers, answer => Assert.Equal(answer.Approval == approved ? HttpStatusCode.OK : HttpStatusCode.Conflict, answer.StatusCode));
            Assert.Equal(approved ? ReviewEvent.Approved : ReviewEvent.Rejected, Assert.Single(await store.PublishedAsync(title)).Type);
        }
    }

    [Theory]
    [InlineData(TitleEvent.Cancelled, null)]
    [InlineData(TitleEvent.Voided, null)]
    [InlineData(TitleEvent.Cancelled, "approval")]
    [InlineData(TitleEvent.Cancelled, "rejection")]
    public async Task A_withdrawn_title_takes_its_review_back_whatever_was_decided(string type, string? decided)
    {
        var title = await RequestedAsync();
        if (decided is not null)
            Assert.Equal(HttpStatusCode.OK, (await DecideAsync(title, decided)).StatusCode);
        var eventId = Guid.CreateVersion7().ToString();
        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => DeliverAsync(title, type, eventId)));
        await DeliverAsync(title, type);

        Assert.Equal("Withdrawn", await StatusAsync(title));
        Assert.Single(await store.PublishedAsync(title), e => e.Type == ReviewEvent.Withdrawn);
        Assert.Equal(HttpStatusCode.Conflict, (await DecideAsync(title, "approval")).StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, (await DecideAsync(title, "rejection")).StatusCode);
        Assert.Equal(ReviewRequestOutcome.Withdrawn, await RequestAsync(title));
    }

    [Theory]
    [InlineData(TitleEvent.Cancelled)]
    [InlineData(TitleEvent.Voided)]
    public async Task A_title_that_was_withdrawn_before_its_request_came_is_not_reviewed(string type)
    {
        var title = Guid.CreateVersion7();
        await DeliverAsync(title, type);
        Assert.Equal(ReviewRequestOutcome.Withdrawn, await RequestAsync(title));
        Assert.Equal("Withdrawn", await StatusAsync(title));
        Assert.Equal(HttpStatusCode.NotFound, (await DecideAsync(title, "approval")).StatusCode);
        Assert.DoesNotContain(title, await ListedAsync("Withdrawn"));
        Assert.Empty(await store.PublishedAsync(title));
    }

    [Fact]
    public async Task A_request_that_comes_while_its_title_is_voided_is_withdrawn_in_the_end()
    {
        var titles = Enumerable.Range(0, 30).Select(_ => Guid.CreateVersion7()).ToList();
        await Task.WhenAll(titles.SelectMany(title => new Task[] { DeliverAsync(title, TitleEvent.Voided), RequestAsync(title) }));
        foreach (var title in titles)
            Assert.Equal("Withdrawn", await StatusAsync(title));
    }

    [Fact]
    public async Task What_publishing_rejected_stays_so()
    {
        var title = await RequestedAsync();
        Assert.Equal(HttpStatusCode.OK, (await DecideAsync(title, "rejection")).StatusCode);
        await DeliverAsync(title, TitleEvent.Rejected);
        await DeliverAsync(title, TitleEvent.Cancelled);
        Assert.Equal("Rejected", await StatusAsync(title));
        Assert.Equal(HttpStatusCode.OK, (await DecideAsync(title, "rejection")).StatusCode);
        Assert.Single(await store.PublishedAsync(title));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_approval_is_withdrawn_with_its_title_whichever_is_heard_of_first(bool inOrder)
    {
        var title = await RequestedAsync();
        Assert.Equal(HttpStatusCode.OK, (await DecideAsync(title, "approval")).StatusCode);
        foreach (var type in inOrder ? new[] { TitleEvent.Approved, TitleEvent.Cancelled } : [TitleEvent.Cancelled, TitleEvent.Approved])
            await DeliverAsync(title, type);
        Assert.Equal("Withdrawn", await StatusAsync(title));
        Assert.Equal(HttpStatusCode.Conflict, (await DecideAsync(title, "approval")).StatusCode);
        Assert.Equal([ReviewEvent.Approved, ReviewEvent.Withdrawn], (await store.PublishedAsync(title)).Select(e => e.Type));
    }

    [Fact]
    public async Task Reviews_are_listed_newest_first_in_pages_for_reviewers_alone()
    {
        var titles = new List<Guid>();
        for (var i = 0; i < 5; i++)
            titles.Add(await RequestedAsync(Guid.CreateVersion7(DateTimeOffset.UtcNow.AddDays(1).AddSeconds(i))));
        Assert.Equal(HttpStatusCode.OK, (await DecideAsync(titles[3], "approval")).StatusCode);

        Assert.Equal(Enumerable.Reverse(titles), (await ListedAsync(status: null)).Take(5));
        Assert.Equal([titles[4], titles[2], titles[1], titles[0]], (await ListedAsync("Pending")).Take(4));
        Assert.Equal(titles[3], (await ListedAsync("Approved"))[0]);

        using var reviewer = store.As("reviewer", Roles.Reviewer);
        var page = await reviewer.GetFromJsonAsync<JsonElement>("/api/reviews?limit=1");
        Assert.Equal(
            $$"""{"titleId":"{{titles[4]}}","title":"A Long Way","author":"Kim","publisherId":"penguin","status":"Pending"}""",
            Assert.Single(page.GetProperty("items").EnumerateArray()).GetRawText());
        using var wrong = await reviewer.GetAsync("/api/reviews?status=1");
        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
        Assert.Contains("Withdrawn", (await wrong.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors").GetProperty("status")[0].GetString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await DecideAsync(Guid.NewGuid(), "approval")).StatusCode);

        foreach (var role in new[] { Roles.Publisher, Roles.Merchant, Roles.Customer })
        {
            using var stranger = store.As("penguin", role);
            Assert.Equal(HttpStatusCode.Forbidden, (await stranger.GetAsync("/api/reviews")).StatusCode);
            Assert.Equal(HttpStatusCode.Forbidden, (await stranger.PostAsync($"/api/reviews/{titles[0]}/approval", null)).StatusCode);
        }
    }

    [Fact]
    public async Task A_publisher_has_an_order_book_too()
    {
        var order = Orders.Book(merchant: "penguin");
        await store.DeliverAsync(OrderEvent.Accepted, order);
        using var publisher = store.As("penguin", Roles.Publisher);
        var book = await publisher.GetFromJsonAsync<JsonElement>("/api/store/orders");
        Assert.Equal(order.OrderId, Assert.Single(book.GetProperty("items").EnumerateArray()).GetProperty("orderId").GetGuid());
        using var other = store.As("viking", Roles.Publisher);
        Assert.Empty((await other.GetFromJsonAsync<JsonElement>("/api/store/orders")).GetProperty("items").EnumerateArray());
        Assert.Equal(HttpStatusCode.NotFound, (await other.PostAsJsonAsync($"/api/store/orders/{order.OrderId}/rejection", new { reason = "No." })).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await publisher.PostAsJsonAsync($"/api/store/orders/{order.OrderId}/rejection", new { reason = "Out of print." })).StatusCode);
    }

    [Theory]
    [InlineData("approval", "Approved", "Approved")]
    [InlineData("rejection", "Rejected", "Rejected")]
    [InlineData("withdrawal", "Cancelled", "Withdrawn")]
    // The store hears of the withdrawal after the approval, and the other way round.
    [InlineData("approval,withdrawal", "Cancelled", "Withdrawn")]
    [InlineData("withdrawal,approval", "Cancelled", "Withdrawn")]
    [InlineData("rejection,withdrawal", "Cancelled", "Withdrawn")]
    [InlineData("approval,exchange,withdrawal", "Cancelled", "Withdrawn")]
    [InlineData("rejection,exchange,withdrawal", "Rejected", "Rejected")]
    [InlineData("withdrawal,exchange,approval", "Cancelled", "Withdrawn")]
    public async Task Publishing_and_the_store_agree_in_the_end(string steps, string title, string review)
    {
        var id = await RegisteredAsync();
        foreach (var step in steps.Split(','))
        {
            if (step == "exchange")
                await ExchangeAsync(id);
            else if (step == "withdrawal")
                await WithdrawAsync(id);
            else
                (await DecideAsync(id, step)).Dispose();
        }

        await ExchangeAsync(id);
        Assert.Equal((title, review), await WhereItStandsAsync(id));
    }

    [Fact]
    public async Task Withdrawing_and_approving_at_once_end_in_one_agreed_state()
    {
        var ids = new List<Guid>();
        for (var i = 0; i < 20; i++)
            ids.Add(await RegisteredAsync());
        await Task.WhenAll(ids.Select(async (id, i) =>
        {
            var withdrawal = i % 2 == 0 ? WithdrawAsync(id) : null;
            var decision = DecideAsync(id, i % 3 == 0 ? "rejection" : "approval");
            // Whoever hears of it first decides nothing yet: events go to and fro meanwhile.
            var exchange = ExchangeAsync(id);
            await (withdrawal ?? WithdrawAsync(id));
            (await decision).Dispose();
            await exchange;
        }));
        foreach (var id in ids)
        {
            await ExchangeAsync(id);
            Assert.Contains(await WhereItStandsAsync(id), new (string?, string?)[] { ("Rejected", "Rejected"), ("Cancelled", "Withdrawn") });
        }
    }

    [Fact]
    public async Task A_request_whose_answer_was_lost_leaves_no_review_behind()
    {
        Guid? asked = null;
        publishing.Sidecar.Called["store/review-requests"] = async context =>
        {
            var request = (await context.Request.ReadFromJsonAsync<ReviewRequest>())!;
            Assert.Equal(ReviewRequestOutcome.Taken, await RequestAsync(request.TitleId));
            asked = request.TitleId;
            context.Response.StatusCode = StatusCodes.Status500InternalServerError;
        };
        using var publisher = publishing.As("penguin", Roles.Publisher);
        using var refused = await publisher.PostAsJsonAsync("/api/titles", new { title = "A Long Way", author = "Kim", price = 12_500, copies = 3 });
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        // A reviewer who is very quick finds that it counts for nothing.
        Assert.Equal(HttpStatusCode.OK, (await DecideAsync(asked!.Value, "approval")).StatusCode);
        await ExchangeAsync(asked.Value);
        Assert.Equal((null, "Withdrawn"), await WhereItStandsAsync(asked.Value));
    }

    private async Task<Guid> RegisteredAsync()
    {
        publishing.Sidecar.Called["store/review-requests"] = async context =>
        {
            var request = (await context.Request.ReadFromJsonAsync<ReviewRequest>())!;
            await context.Response.WriteAsJsonAsync(await store.AskAsync<ReviewRequestAnswer>("/review-requests", request));
        };
        using var publisher = publishing.As("penguin", Roles.Publisher);
        using var answer = await publisher.PostAsJsonAsync("/api/titles", new { title = "A Long Way", author = "Kim", price = 12_500, copies = 3 });
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
    }

    private async Task WithdrawAsync(Guid title)
    {
        using var publisher = publishing.As("penguin", Roles.Publisher);
        using var answer = await publisher.DeleteAsync($"/api/titles/{title}");
        Assert.True(answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.Conflict);
    }

    /// <summary>Delivers each other's events of a title, twice, until there are no new ones.</summary>
    private async Task ExchangeAsync(Guid title)
    {
        var delivered = new HashSet<string>();
        bool news;
        do
        {
            news = false;
            foreach (var e in await publishing.PublishedAsync(title))
            {
                news |= delivered.Add(e.Id);
                Assert.Equal("SUCCESS", await store.TryDeliverAsync(e.Type, e.Data.Deserialize<TitleEvent>(RunningService<StoreService>.Json)!, e.Id));
            }

            foreach (var e in await store.PublishedAsync(title))
            {
                news |= delivered.Add(e.Id);
                Assert.Equal("SUCCESS", await publishing.TryDeliverAsync(e.Type, e.Data.Deserialize<ReviewEvent>(RunningService<StoreService>.Json)!, e.Id));
            }
        }
        while (news);
    }

    private async Task<(string? Title, string? Review)> WhereItStandsAsync(Guid title)
    {
        var registrations = await publishing.AskAsync<List<AuditedTitle>>("/audit/titles/some", new AuditOrders([title]));
        return (registrations.SingleOrDefault()?.Status.ToString(), await StatusAsync(title));
    }

    private async Task<Guid> RequestedAsync(Guid? id = null)
    {
        var title = id ?? Guid.CreateVersion7();
        Assert.Equal(ReviewRequestOutcome.Taken, await RequestAsync(title));
        return title;
    }

    private async Task<ReviewRequestOutcome> RequestAsync(Guid title) =>
        (await store.AskAsync<ReviewRequestAnswer>("/review-requests", new ReviewRequest(title, "penguin", "A Long Way", "Kim"))).Outcome;

    private async Task<string> StatusAsync(Guid title) =>
        Assert.Single(await store.AskAsync<List<AuditedView>>("/audit/reviews", new AuditOrders([title]))).Status;

    private async Task DeliverAsync(Guid title, string type, string? id = null) =>
        Assert.Equal("SUCCESS", await store.TryDeliverAsync(type, new TitleEvent(
            title, 3, DateTimeOffset.UtcNow, TitleStatus.Cancelled, null, "penguin", "A Long Way", "Kim", 12_500, "KRW", 3), id));

    private async Task<HttpResponseMessage> DecideAsync(Guid title, string decision, string reason = "Too long.")
    {
        using var reviewer = store.As("reviewer", Roles.Reviewer);
        return decision == "rejection"
            ? await reviewer.PostAsJsonAsync($"/api/reviews/{title}/rejection", new { reason })
            : await reviewer.PostAsync($"/api/reviews/{title}/{decision}", content: null);
    }

    /// <summary>Decides twice the same way, which is taken, and then the other way.</summary>
    private async Task<HttpStatusCode> DecideTwiceAsync(Guid title, string decision, string other)
    {
        for (var i = 0; i < 2; i++)
        {
            using var answer = await DecideAsync(title, decision);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        using var last = await DecideAsync(title, other);
        return last.StatusCode;
    }

    private async Task<List<Guid>> ListedAsync(string? status)
    {
        using var reviewer = store.As("reviewer", Roles.Reviewer);
        var listed = new List<Guid>();
        for (string? after = null; ;)
        {
            var page = await reviewer.GetFromJsonAsync<JsonElement>($"/api/reviews?limit=2&status={status}&after={after}");
            listed.AddRange(page.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("titleId").GetGuid()));
            if ((after = page.GetProperty("next").GetString()) is null)
                return listed;
        }
    }
}
