using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Npgsql;
using OrderMall.Contracts;
using OrderMall.Contracts.Calls;
using OrderMall.Contracts.Events;
using OrderMall.Publishing;
using OrderMall.ServiceDefaults;

namespace OrderMall.Services.Tests;

[Collection(ServiceCollection.Name)]
public sealed class PublishingTests(RunningService<PublishingService> publishing) : IClassFixture<RunningService<PublishingService>>, IAsyncLifetime
{
    private readonly HttpClient _penguin = publishing.As("penguin", Roles.Publisher);
    // What the store says; null: nothing that means anything.
    private Func<ReviewRequest, Task<ReviewRequestOutcome?>> _store = Taken;
    private ReviewRequest? _asked;

    public Task InitializeAsync()
    {
        publishing.Sidecar.Called["store/review-requests"] = async context =>
        {
            _asked = await context.Request.ReadFromJsonAsync<ReviewRequest>();
            if (await _store(_asked!) is { } outcome)
                await context.Response.WriteAsJsonAsync(new ReviewRequestAnswer(outcome));
            else
                context.Response.StatusCode = StatusCodes.Status500InternalServerError;
        };
        return Task.CompletedTask;
    }

    public Task DisposeAsync()
    {
        _penguin.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task A_title_is_registered_when_the_product_team_has_it()
    {
        using var answer = await RegisterAsync();
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        var view = await answer.Content.ReadFromJsonAsync<JsonElement>();
        var id = view.GetProperty("id").GetGuid();
        Assert.Equal($"/api/titles/{id}", answer.Headers.Location!.ToString());
        Assert.Equal(
            ["id", "title", "author", "isbn", "price", "currency", "copies", "status", "reason", "createdAt", "updatedAt"],
            view.EnumerateObject().Select(field => field.Name));
        Assert.Equal(("A Long Way", "Kim", "978-0-306-40615-7", 12_500m, "KRW", 300, "InReview"), (
            view.GetProperty("title").GetString(), view.GetProperty("author").GetString(), view.GetProperty("isbn").GetString(),
            view.GetProperty("price").GetDecimal(), view.GetProperty("currency").GetString(), view.GetProperty("copies").GetInt32(),
            view.GetProperty("status").GetString()));
        Assert.Equal(new ReviewRequest(id, "penguin", "A Long Way", "Kim"), _asked);

        var registered = Assert.Single(await publishing.PublishedAsync(id));
        Assert.Equal((Topics.Titles, TitleEvent.Registered), (registered.Topic, registered.Type));
        var e = registered.Data.Deserialize<TitleEvent>(RunningService<PublishingService>.Json)!;
        Assert.Equal(new TitleEvent(id, 2, e.At, TitleStatus.InReview, null, "penguin", "A Long Way", "Kim", 12_500m, "KRW", 300), e);
        Assert.Equal(new AuditedTitle(id, "penguin", TitleStatus.InReview, 2, Overdue: false), await AuditedAsync(id));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Where_the_review_is_not_taken_in_it_is_503_and_nothing_is_left(bool withdrawn)
    {
        _store = _ => Task.FromResult<ReviewRequestOutcome?>(withdrawn ? ReviewRequestOutcome.Withdrawn : null);
        using var answer = await RegisterAsync();
        await IsRefusedWithNothingLeftAsync(answer);

        _store = Taken;
        using var again = await RegisterAsync();
        Assert.Equal(HttpStatusCode.Created, again.StatusCode);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_decision_that_comes_before_the_answer_proves_that_it_was_taken_in(bool answered)
    {
        _store = async request =>
        {
            await DecideAsync(request.TitleId, ReviewEvent.Approved);
            return answered ? ReviewRequestOutcome.Taken : null;
        };
        using var answer = await RegisterAsync();
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        var view = await answer.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal("Approved", view.GetProperty("status").GetString());
        var id = view.GetProperty("id").GetGuid();
        Assert.Equal("Approved", await StatusAsync(id));
        Assert.Equal([TitleEvent.Registered, TitleEvent.Approved], await EventsAsync(id));
    }

    [Fact]
    public async Task A_title_that_was_decided_on_before_the_answer_is_not_registered_again_with_its_key()
    {
        var times = 0;
        _store = async asked =>
        {
            times++;
            await DecideAsync(asked.TitleId, ReviewEvent.Approved);
            return ReviewRequestOutcome.Taken;
        };
        var key = Guid.NewGuid().ToString();
        var ids = new List<Guid>();
        for (var i = 0; i < 2; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/api/titles") { Content = JsonContent.Create(Valid), Headers = { { "Idempotency-Key", key } } };
            using var answer = await _penguin.SendAsync(request);
            Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
            ids.Add(await IdAsync(answer));
        }

        Assert.Equal((ids[0], 1), (ids[1], times));
    }

    [Fact]
    public async Task What_took_too_long_and_was_given_up_is_503_although_the_answer_came()
    {
        _store = async request =>
        {
            await OutliveItsLeaseAsync(request.TitleId);
            await Eventually.BecomesAsync(null, () => AuditedAsync(request.TitleId));
            return ReviewRequestOutcome.Taken;
        };
        using var answer = await RegisterAsync();
        await IsRefusedWithNothingLeftAsync(answer);
    }

    [Fact]
    public async Task An_attempt_that_a_crash_left_is_voided_once_and_is_nobodys_title_meanwhile()
    {
        var replica = await publishing.StartReplicaAsync();
        var id = await RegisteredAsync();
        // Not due yet: what a request is working on is left alone.
        await ExecuteAsync("UPDATE registration SET status = 'Pending', version = 1, due_at = now() + interval '20 seconds' WHERE id = $1", id);
        Assert.Equal(HttpStatusCode.NotFound, (await _penguin.GetAsync($"/api/titles/{id}")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await _penguin.DeleteAsync($"/api/titles/{id}")).StatusCode);
        Assert.Equal(new AuditedTitle(id, "penguin", TitleStatus.Pending, 1, Overdue: false), await AuditedAsync(id));

        await OutliveItsLeaseAsync(id);
        await Eventually.BecomesAsync(null, () => AuditedAsync(id));
        Assert.Equal([TitleEvent.Registered, TitleEvent.Voided], await EventsAsync(id));
        // A decision that was on its way finds nothing.
        await DecideAsync(id, ReviewEvent.Approved);
        Assert.Equal([TitleEvent.Registered, TitleEvent.Voided], await EventsAsync(id));
        await publishing.StopReplicaAsync(replica);
    }

    [Fact]
    public async Task An_attempt_that_nobody_takes_up_is_overdue()
    {
        var id = await RegisteredAsync();
        await using var database = NpgsqlDataSource.Create(publishing.ConnectionString);
        await using (var connection = await database.OpenConnectionAsync())
        {
            // Keeps the resumer, which takes rows for itself alone, away from this one until it is released.
            await using var hold = await connection.BeginTransactionAsync();
            await using var command = new NpgsqlCommand("SELECT 1 FROM registration WHERE id = $1 FOR KEY SHARE", connection, hold) { Parameters = { new() { Value = id } } };
            await command.ExecuteScalarAsync();
            await ExecuteAsync("UPDATE registration SET status = 'Pending', due_at = now() - interval '50 seconds' WHERE id = $1", id);
            Assert.False((await AuditedAsync(id))!.Overdue);
            await ExecuteAsync("UPDATE registration SET due_at = now() - interval '61 seconds' WHERE id = $1", id);
            Assert.True((await AuditedAsync(id))!.Overdue);
        }

        await Eventually.BecomesAsync(null, () => AuditedAsync(id));
    }

    [Fact]
    public async Task Reviewers_decide_and_the_reason_is_passed_on()
    {
        var approved = await RegisteredAsync();
        await DecideAsync(approved, ReviewEvent.Approved);
        Assert.Equal("Approved", await StatusAsync(approved));

        var rejected = await RegisteredAsync();
        await DecideAsync(rejected, ReviewEvent.Rejected, "Too long.");
        var view = await _penguin.GetFromJsonAsync<JsonElement>($"/api/titles/{rejected}");
        Assert.Equal(("Rejected", "Too long."), (view.GetProperty("status").GetString(), view.GetProperty("reason").GetString()));
        var e = (await publishing.PublishedAsync(rejected))[^1];
        Assert.Equal((TitleEvent.Rejected, "Too long."), (e.Type, e.Data.GetProperty("reason").GetString()));

        using var refused = await _penguin.DeleteAsync($"/api/titles/{rejected}");
        Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
        Assert.Equal("urn:ordermall:problem:title-status", (await refused.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("type").GetString());
    }

    [Fact]
    public async Task An_approved_title_can_be_withdrawn_and_says_that_it_was_on_sale()
    {
        var id = await RegisteredAsync();
        await DecideAsync(id, ReviewEvent.Approved);
        // One that was approved before that was remembered.
        await ExecuteAsync("UPDATE registration SET approved_at = NULL WHERE id = $1", id);
        for (var i = 0; i < 2; i++)
        {
            using var withdrawn = await _penguin.DeleteAsync($"/api/titles/{id}");
            Assert.Equal("Cancelled", (await withdrawn.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("status").GetString());
        }

        await DecideAsync(id, ReviewEvent.Approved);
        var published = await publishing.PublishedAsync(id);
        Assert.Equal(
            [(TitleEvent.Registered, false), (TitleEvent.Approved, true), (TitleEvent.Cancelled, true)],
            published.Select(e => (e.Type, e.Data.GetProperty("wasApproved").GetBoolean())));
        var history = await publishing.AskAsync<HistoryPage<TitleEvent, TitleStatus>>("/history", new HistoryRequest(null, 200));
        var timeline = Assert.Single(history.Items, title => title.Last.TitleId == id).Timeline;
        Assert.Equal([(TitleStatus.InReview, 2L), (TitleStatus.Approved, 3L), (TitleStatus.Cancelled, 4L)], timeline.Select(past => (past.Status, past.Version)));
        Assert.Equal(published.Select(e => e.Data.GetProperty("at").GetDateTimeOffset()), timeline.Select(past => past.At));
    }

    [Fact]
    public async Task Decisions_that_come_again_or_contradict_change_nothing()
    {
        var id = await RegisteredAsync();
        var eventId = Guid.CreateVersion7().ToString();
        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => DecideAsync(id, ReviewEvent.Approved, id: eventId)));
        await DecideAsync(id, ReviewEvent.Approved);
        await DecideAsync(id, ReviewEvent.Rejected, "No.");
        await DecideAsync(id, ReviewEvent.Withdrawn);
        Assert.Equal("Approved", await StatusAsync(id));
        var published = await publishing.PublishedAsync(id);
        Assert.Equal([TitleEvent.Registered, TitleEvent.Approved], published.Select(e => e.Type));
        Assert.Equal([2L, 3L], published.Select(e => e.Data.GetProperty("version").GetInt64()));
        await DecideAsync(Guid.NewGuid(), ReviewEvent.Approved);
    }

    [Fact]
    public async Task Withdrawing_works_while_the_store_is_away_and_has_the_last_word()
    {
        var id = await RegisteredAsync();
        _store = _ => Task.FromResult<ReviewRequestOutcome?>(null);
        for (var i = 0; i < 2; i++)
        {
            using var withdrawn = await _penguin.DeleteAsync($"/api/titles/{id}");
            Assert.Equal(HttpStatusCode.OK, withdrawn.StatusCode);
            Assert.Equal("Cancelled", (await withdrawn.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("status").GetString());
        }

        await DecideAsync(id, ReviewEvent.Approved);
        Assert.Equal("Cancelled", await StatusAsync(id));
        Assert.Equal([TitleEvent.Registered, TitleEvent.Cancelled], await EventsAsync(id));
    }

    [Fact]
    public async Task Withdrawing_and_approving_at_once_give_one_answer()
    {
        var replica = await publishing.StartReplicaAsync();
        var ids = new List<Guid>();
        for (var i = 0; i < 30; i++)
            ids.Add(await RegisteredAsync());
        var answers = await Task.WhenAll(ids.Select(async (id, i) =>
        {
            // Whoever comes first has an advantage: take turns.
            var approval = i % 2 == 0 ? DecideAsync(id, ReviewEvent.Approved, replica: replica) : null;
            using var withdrawal = await _penguin.DeleteAsync($"/api/titles/{id}");
            await (approval ?? DecideAsync(id, ReviewEvent.Approved, replica: replica));
            return (id, withdrawal.StatusCode);
        }));
        foreach (var (id, withdrawal) in answers)
        {
            // Whichever came first, in the end it is withdrawn.
            Assert.Equal((HttpStatusCode.OK, "Cancelled"), (withdrawal, await StatusAsync(id)));
            Assert.Contains(string.Join(' ', await EventsAsync(id)), new[] { $"{TitleEvent.Registered} {TitleEvent.Cancelled}", $"{TitleEvent.Registered} {TitleEvent.Approved} {TitleEvent.Cancelled}" });
        }

        await publishing.StopReplicaAsync(replica);
    }

    [Fact]
    public async Task Titles_are_the_publishers_own()
    {
        var id = await RegisteredAsync();
        using var other = publishing.As("viking", Roles.Publisher);
        Assert.Equal(HttpStatusCode.NotFound, (await other.GetAsync($"/api/titles/{id}")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await other.DeleteAsync($"/api/titles/{id}")).StatusCode);
        foreach (var role in new[] { Roles.Customer, Roles.Merchant, Roles.Reviewer })
        {
            using var stranger = publishing.As("penguin", role);
            Assert.Equal(HttpStatusCode.Forbidden, (await stranger.GetAsync($"/api/titles/{id}")).StatusCode);
            Assert.Equal(HttpStatusCode.Forbidden, (await stranger.PostAsJsonAsync("/api/titles", Valid)).StatusCode);
        }

        Assert.Equal(HttpStatusCode.Unauthorized, (await publishing.Internal.PostAsJsonAsync("/api/titles", Valid)).StatusCode);
        Assert.Equal("InReview", await StatusAsync(id));
    }

    [Theory]
    [InlineData("title", null)]
    [InlineData("title", " ")]
    [InlineData("title", 201)]
    [InlineData("title", "two\nlines")]
    [InlineData("author", null)]
    [InlineData("author", "")]
    [InlineData("author", 201)]
    [InlineData("isbn", "")]
    [InlineData("isbn", "978-0-306-40615-8")]
    [InlineData("isbn", "977-0-306-40615-0")]
    [InlineData("isbn", "0-306-40615-3")]
    [InlineData("isbn", "030640615")]
    [InlineData("isbn", "03064X6152")]
    [InlineData("isbn", "-0306406152")]
    [InlineData("isbn", "0306406152-")]
    [InlineData("isbn", "03064--06152")]
    [InlineData("isbn", "0306 406152")]
    [InlineData("isbn", "٠٣٠٦٤٠٦١٥٢")]
    [InlineData("price", null)]
    [InlineData("price", 0)]
    [InlineData("price", -1)]
    [InlineData("price", 12_500.5)]
    [InlineData("price", 1_000_000_001)]
    [InlineData("price", "12")]
    [InlineData("copies", null)]
    [InlineData("copies", 0)]
    [InlineData("copies", 1_000_001)]
    [InlineData("copies", 1.5)]
    public async Task A_wrong_field_is_named_and_the_store_is_not_asked(string field, object? value)
    {
        // A text of so many characters.
        value = (field, value) is ("title" or "author", int length) ? new string('x', length) : value;
        using var answer = await _penguin.PostAsJsonAsync("/api/titles", new Dictionary<string, object?>(Valid) { [field] = value });
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        var errors = (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors");
        Assert.Equal([field], errors.EnumerateObject().Select(error => error.Name));
        Assert.Null(_asked);
    }

    [Theory]
    [InlineData("isbn", null)]
    [InlineData("isbn", "9780306406157")]
    [InlineData("isbn", "0306406152")]
    [InlineData("isbn", "0-8044-2957-X")]
    [InlineData("title", 200)]
    [InlineData("author", 200)]
    [InlineData("price", 1)]
    [InlineData("price", 1_000_000_000)]
    [InlineData("copies", 1)]
    [InlineData("copies", 1_000_000)]
    public async Task What_is_at_the_limits_is_taken(string field, object? value)
    {
        value = (field, value) is ("title" or "author", int length) ? new string('x', length) : value;
        using var answer = await _penguin.PostAsJsonAsync("/api/titles", new Dictionary<string, object?>(Valid) { [field] = value });
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
    }

    [Fact]
    public async Task The_audit_reads_all_titles_in_pages()
    {
        var ids = new List<Guid> { await RegisteredAsync(), await RegisteredAsync(), await RegisteredAsync() };
        var listed = new List<Guid>();
        while (await publishing.AskAsync<List<AuditedTitle>>("/audit/titles", new AuditPage(listed.Count == 0 ? null : listed[^1], 2)) is { Count: > 0 } page)
            listed.AddRange(page.Select(title => title.TitleId));
        Assert.Equal(listed.Distinct().Count(), listed.Count);
        Assert.Superset(ids.ToHashSet(), listed.ToHashSet());
    }

    private static Dictionary<string, object?> Valid => new()
    {
        ["title"] = "A Long Way", ["author"] = "Kim", ["isbn"] = "978-0-306-40615-7", ["price"] = 12_500m, ["copies"] = 300,
    };

    private static Task<ReviewRequestOutcome?> Taken(ReviewRequest request) => Task.FromResult<ReviewRequestOutcome?>(ReviewRequestOutcome.Taken);

    private Task<HttpResponseMessage> RegisterAsync() => _penguin.PostAsJsonAsync("/api/titles", Valid);

    private async Task<Guid> RegisteredAsync()
    {
        using var answer = await RegisterAsync();
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        return await IdAsync(answer);
    }

    private static async Task<Guid> IdAsync(HttpResponseMessage answer) =>
        (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();

    private async Task DecideAsync(Guid title, string decision, string? reason = null, string? id = null, Uri? replica = null) =>
        Assert.Equal("SUCCESS", await publishing.TryDeliverAsync(decision, new ReviewEvent(title, 2, DateTimeOffset.UtcNow, reason), id, replica));

    private async Task<string> StatusAsync(Guid title) =>
        (await _penguin.GetFromJsonAsync<JsonElement>($"/api/titles/{title}")).GetProperty("status").GetString()!;

    private async Task<IEnumerable<string>> EventsAsync(Guid title) => (await publishing.PublishedAsync(title)).Select(e => e.Type);

    private async Task<AuditedTitle?> AuditedAsync(Guid title) =>
        (await publishing.AskAsync<List<AuditedTitle>>("/audit/titles/some", new AuditOrders([title]))).SingleOrDefault();

    private async Task IsRefusedWithNothingLeftAsync(HttpResponseMessage answer)
    {
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.NotNull(answer.Headers.RetryAfter);
        Assert.Equal("urn:ordermall:problem:unavailable", (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("type").GetString());
        var id = _asked!.TitleId;
        Assert.Null(await AuditedAsync(id));
        Assert.Equal(HttpStatusCode.NotFound, (await _penguin.GetAsync($"/api/titles/{id}")).StatusCode);
        Assert.Equal([TitleEvent.Voided], await EventsAsync(id));
    }

    [Fact]
    public async Task Titles_of_who_is_no_publisher_any_more_are_withdrawn_those_in_review_and_those_on_sale()
    {
        var publisher = $"gone-{Guid.NewGuid():N}";
        using var press = publishing.As(publisher, Roles.Publisher);
        var (waiting, approved, others) = (await SubmitAsync(press), await SubmitAsync(press), await SubmitAsync(_penguin));
        await DecideAsync(approved, ReviewEvent.Approved);
        await DeliverAsync(2, isHeld: false);
        foreach (var title in new[] { waiting, approved })
            await Eventually.BecomesAsync<string?>("Cancelled", async () => (await press.GetFromJsonAsync<JsonElement>($"/api/titles/{title}")).GetProperty("status").GetString());
        Assert.Equal([TitleEvent.Registered, TitleEvent.Cancelled], await EventsAsync(waiting));
        Assert.Equal([TitleEvent.Registered, TitleEvent.Approved, TitleEvent.Cancelled], await EventsAsync(approved));
        Assert.Equal("InReview", await StatusAsync(others));
        // The review that comes too late counts for nothing.
        await DecideAsync(waiting, ReviewEvent.Approved);
        Assert.Equal([TitleEvent.Registered, TitleEvent.Cancelled], await EventsAsync(waiting));

        await DeliverAsync(3, isHeld: true);
        var again = await SubmitAsync(press);
        await DecideAsync(again, ReviewEvent.Approved);
        Assert.Equal([TitleEvent.Registered, TitleEvent.Approved], await EventsAsync(again));

        async Task DeliverAsync(long version, bool isHeld) => Assert.Equal("SUCCESS", await publishing.TryDeliverAsync(BusinessEvent.RightsChanged,
            new BusinessEvent(publisher, version, publishing.Time.Now(), new SellingRight(false, null), new SellingRight(isHeld, publishing.Time.Now()))));
    }

    private static async Task<Guid> SubmitAsync(HttpClient publisher)
    {
        using var answer = await publisher.PostAsJsonAsync("/api/titles", new { title = "A Long Way", author = "Kim", price = 12_500, copies = 300 });
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        return await IdAsync(answer);
    }

    private Task OutliveItsLeaseAsync(Guid title) =>
        ExecuteAsync("UPDATE registration SET due_at = now() - interval '1 second' WHERE id = $1", title);

    private async Task ExecuteAsync(string sql, Guid id)
    {
        await using var database = NpgsqlDataSource.Create(publishing.ConnectionString);
        await using var command = database.CreateCommand(sql);
        command.Parameters.Add(new() { Value = id });
        Assert.Equal(1, await command.ExecuteNonQueryAsync());
    }
}
