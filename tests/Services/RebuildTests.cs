using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using OrderMall.Contracts;
using OrderMall.Contracts.Calls;
using OrderMall.Contracts.Events;
using OrderMall.MyPage;
using OrderMall.Ordering;
using OrderMall.Publishing;

namespace OrderMall.Services.Tests;

/// <summary>People's pages are made again from what their owners hold.</summary>
[Collection(ServiceCollection.Name)]
public sealed class RebuildTests(ServiceFixture fixture) : IAsyncLifetime
{
    private static readonly DateTimeOffset Now = new(2026, 5, 4, 3, 2, 1, TimeSpan.Zero);
    private readonly RunningService<MyPageService> _mypage = new(fixture) { Settings = ["Rebuild:Interval=00:00:00.2"] };
    private readonly ConcurrentQueue<string> _asked = new();
    private Dictionary<Guid, History<OrderEvent, OrderStatus>> _orders = [];
    private Dictionary<Guid, History<TitleEvent, TitleStatus>> _titles = [];
    // What happens before a question is answered; another answer than the owner's where it says so.
    private Func<string, HistoryRequest, Task<bool>> _before = (_, _) => Task.FromResult(true);

    public async Task InitializeAsync()
    {
        // Before it is started, to see what it does by itself.
        _mypage.Sidecar.Called["ordering/history"] = context => AnswerAsync(context, "ordering", _orders);
        _mypage.Sidecar.Called["publishing/history"] = context => AnswerAsync(context, "publishing", _titles);
        await Task.CompletedTask;
    }

    public Task DisposeAsync() => _mypage.DisposeAsync();

    [Fact]
    public async Task A_store_that_has_lost_everything_gets_the_pages_that_the_events_made()
    {
        await _mypage.InitializeAsync();
        await IsFinishedAsync();
        var lives = Enumerable.Range(0, 120).Select(number => Life($"customer-{number % 3}")).ToList();
        foreach (var (type, e) in lives.SelectMany(life => life))
            await _mypage.DeliverAsync(type, e);
        var registered = new TitleEvent(Orders.Book().OrderId, 2, Now, TitleStatus.InReview, null, "publisher", "A First Book", "J. Doe", 12_000m, "KRW", 50);
        var rejected = registered with { Version = 3, At = Now.AddDays(1), Status = TitleStatus.Rejected, Reason = "no plot" };
        foreach (var (type, title) in new[] { (TitleEvent.Registered, registered), (TitleEvent.Rejected, rejected) })
            Assert.Equal("SUCCESS", await _mypage.TryDeliverAsync(type, title));
        _orders = lives.Select(HistoryOf).ToDictionary(history => history.Last.OrderId);
        _titles = new() { [registered.TitleId] = new(rejected, [Past(registered.Status, registered.At, 2), Past(rejected.Status, rejected.At, 3, rejected.Reason)]) };
        var before = await SeenAsync();
        Assert.Equal(3 * 40, before.Sum(page => JsonDocument.Parse(page).RootElement.GetArrayLength()) - 1);

        _mypage.Sidecar.ForgetState();
        await IsFinishedAsync();
        Assert.Equal(before, await SeenAsync());
        Assert.Equal(121, (await ProgressAsync()).Done);
    }

    [Fact]
    public async Task What_was_interrupted_goes_on_where_it_was_also_in_another_instance()
    {
        _orders = Enumerable.Range(0, 170).Select(_ => HistoryOf(Life("one"))).ToDictionary(history => history.Last.OrderId);
        // The third page is not to be had.
        var third = _orders.Keys.Order().ElementAt(99);
        var isAway = true;
        _before = (owner, request) => Task.FromResult(!(isAway && owner == "ordering" && request.After == third));
        await _mypage.InitializeAsync();
        await Eventually.BecomesAsync((100L, true), async () => await ProgressAsync() is var progress ? (progress.Done, progress.Problem is not null) : default);
        var first = _mypage.Internal.BaseAddress!;
        var another = await _mypage.StartReplicaAsync();
        await _mypage.StopReplicaAsync(first);
        isAway = false;
        await Eventually.BecomesAsync(true, async () => (await ProgressAsync(another)).FinishedAt is not null);
        Assert.Equal(170, (await ProgressAsync(another)).Done);
        Assert.Single(_asked, asked => asked == "ordering ");
        Assert.Equal(_orders.Keys.OrderDescending(), await ListAllAsync("one", another));
        Assert.Null((await ProgressAsync(another)).Problem);
    }

    [Fact]
    public async Task An_event_in_the_middle_is_neither_lost_nor_overwritten()
    {
        var life = Life("busy");
        var accepted = life[0].Event;
        _orders = new() { [accepted.OrderId] = HistoryOf(life.Take(2)) };
        var late = life[2];
        var newcomer = Orders.Book(customer: "busy");
        _before = async (owner, _) =>
        {
            if (owner == "ordering")
            {
                // The owner was asked before these, and answers after them.
                Assert.Equal("SUCCESS", await _mypage.TryDeliverAsync(late.Type, late.Event));
                Assert.Equal("SUCCESS", await _mypage.TryDeliverAsync(OrderEvent.Accepted, newcomer));
            }

            return true;
        };
        await _mypage.InitializeAsync();
        await IsFinishedAsync();
        var items = (await ListAsync("busy")).EnumerateArray().ToList();
        Assert.Equal([newcomer.OrderId, accepted.OrderId], items.Select(item => item.GetProperty("orderId").GetGuid()));
        Assert.Equal("Preparing", items[1].GetProperty("status").GetString());
        Assert.Equal(["Accepted", "Received", "Preparing"], items[1].GetProperty("timeline").EnumerateArray().Select(entry => entry.GetProperty("status").GetString()));
    }

    [Fact]
    public async Task An_operator_has_it_done_although_the_store_has_something()
    {
        await _mypage.InitializeAsync();
        await IsFinishedAsync();
        var (lost, kept) = (Life("one"), Life("one"));
        foreach (var (type, e) in kept)
            await _mypage.DeliverAsync(type, e);
        _orders = new[] { lost, kept }.Select(HistoryOf).ToDictionary(history => history.Last.OrderId);
        var before = await ProgressAsync();
        await Task.Delay(TimeSpan.FromSeconds(1)); // some looks, which find nothing to do
        Assert.Equal([kept[0].Event.OrderId], await ListAllAsync("one"));

        using var answer = await _mypage.Internal.PostAsync("/views/rebuild", null);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.True((await answer.Content.ReadFromJsonAsync<RebuildProgress>(RunningService<MyPageService>.Json))!.BegunAt > before.BegunAt);
        await IsFinishedAsync();
        Assert.Equal([kept[0].Event.OrderId, lost[0].Event.OrderId], await ListAllAsync("one"));
        Assert.Equal(2, (await ProgressAsync()).Done);
    }

    [Fact]
    public async Task Several_instances_do_it_once()
    {
        _orders = Enumerable.Range(0, 120).Select(_ => HistoryOf(Life("one"))).ToDictionary(history => history.Last.OrderId);
        var mayAnswer = new TaskCompletionSource();
        _before = async (_, _) =>
        {
            await mayAnswer.Task;
            return true;
        };
        await _mypage.InitializeAsync();
        await _mypage.StartReplicaAsync();
        await Eventually.BecomesAsync(1, () => Task.FromResult(_asked.Count));
        await Task.Delay(TimeSpan.FromSeconds(1)); // the other looks, and sees that it is under way
        mayAnswer.SetResult();
        await IsFinishedAsync();
        Assert.Equal(["ordering ", $"ordering {_orders.Keys.Order().ElementAt(49)}", $"ordering {_orders.Keys.Order().ElementAt(99)}", "publishing "], _asked);
    }

    [Fact]
    public async Task Ordering_tells_of_every_order_that_people_have_seen_what_its_events_said()
    {
        await using var ordering = await StartedAsync<OrderingService>();
        ordering.Service.Sidecar.Called["catalog/holds"] = context => context.Response.WriteAsJsonAsync(new HoldAnswer(
            _orders.Count < 3 ? HoldOutcome.Held : HoldOutcome.SoldOut,
            new HeldOffer("clinic", "vaccination", "A dose", 0, null, "KRW", Prepayment.None, Fulfilment.None, null, null)));
        using var alice = ordering.Service.As("alice", Roles.Customer);
        var ids = new List<Guid>();
        for (var number = 0; number < 3; number++)
        {
            using var placed = await alice.PostAsJsonAsync("/api/orders", new { offerId = Guid.NewGuid(), quantity = 1 });
            ids.Add((await placed.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid());
        }

        Assert.Equal("SUCCESS", await ordering.Service.TryDeliverAsync(StoreEvent.OrderReceived, new StoreEvent(ids[0], 1, Now, "clinic", "alice", "A dose", 1, Fulfilment.None, null, null, null)));
        _orders = ids.ToDictionary(id => id, _ => HistoryOf(Life("one")));
        using var soldOut = await alice.PostAsJsonAsync("/api/orders", new { offerId = Guid.NewGuid(), quantity = 1 });
        Assert.Equal(HttpStatusCode.Conflict, soldOut.StatusCode);

        var told = new List<History<OrderEvent, OrderStatus>>();
        HistoryPage<OrderEvent, OrderStatus>? page = null;
        do
        {
            page = await ordering.Service.AskAsync<HistoryPage<OrderEvent, OrderStatus>>("/history", new HistoryRequest(page?.Next, 2));
            told.AddRange(page.Items);
        }
        while (page.Next is not null);
        Assert.Equal(ids, told.Select(history => history.Last.OrderId));
        foreach (var history in told)
        {
            var published = (await ordering.Service.PublishedAsync(history.Last.OrderId)).Select(e => e.Data.Deserialize<OrderEvent>(RunningService<OrderingService>.Json)!).ToList();
            Assert.Equal(published[^1], history.Last);
            Assert.Equal(published.Select(e => Past(e.Status, e.At, e.Version, e.Reason)), history.Timeline);
        }

        Assert.Equal([OrderStatus.Accepted, OrderStatus.Received, OrderStatus.Confirmed], told[0].Timeline.Select(past => past.Status));
    }

    [Fact]
    public async Task Publishing_tells_of_every_title_what_its_events_said()
    {
        await using var publishing = await StartedAsync<PublishingService>();
        publishing.Service.Sidecar.Called["store/review-requests"] = context => context.Response.WriteAsJsonAsync(new ReviewRequestAnswer(ReviewRequestOutcome.Taken));
        using var penguin = publishing.Service.As("penguin", Roles.Publisher);
        var ids = new List<Guid>();
        foreach (var title in new[] { "A Long Way", "A Short Way" })
        {
            using var answer = await penguin.PostAsJsonAsync("/api/titles", new { title, author = "Kim", price = 12_000, copies = 3 });
            ids.Add((await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid());
        }

        Assert.Equal("SUCCESS", await publishing.Service.TryDeliverAsync(ReviewEvent.Rejected, new ReviewEvent(ids[0], 2, Now, "no plot")));
        var page = await publishing.Service.AskAsync<HistoryPage<TitleEvent, TitleStatus>>("/history", new HistoryRequest(null, 1_000));
        Assert.Null(page.Next);
        Assert.Equal(ids, page.Items.Select(history => history.Last.TitleId));
        foreach (var history in page.Items)
        {
            var published = (await publishing.Service.PublishedAsync(history.Last.TitleId)).Select(e => e.Data.Deserialize<TitleEvent>(RunningService<PublishingService>.Json)!).ToList();
            Assert.Equal(published[^1], history.Last);
            Assert.Equal(published.Select(e => Past(e.Status, e.At, e.Version, e.Reason)), history.Timeline);
        }

        Assert.Equal([TitleStatus.InReview, TitleStatus.Rejected], page.Items[0].Timeline.Select(past => past.Status));
    }

    private async Task AnswerAsync<TEvent, TStatus>(HttpContext context, string owner, Dictionary<Guid, History<TEvent, TStatus>> held)
    {
        var request = (await context.Request.ReadFromJsonAsync<HistoryRequest>())!;
        _asked.Enqueue($"{owner} {request.After}");
        if (!await _before(owner, request))
        {
            context.Response.StatusCode = StatusCodes.Status500InternalServerError;
            return;
        }

        var ids = held.Keys.Order().Where(id => request.After is not { } after || id.CompareTo(after) > 0).Take(request.Limit).ToList();
        await context.Response.WriteAsJsonAsync(new HistoryPage<TEvent, TStatus>([.. ids.Select(id => held[id])], ids.Count == request.Limit ? ids[^1] : null));
    }

    private Task IsFinishedAsync() => Eventually.BecomesAsync(true, async () => (await ProgressAsync()).FinishedAt is not null);

    private async Task<RebuildProgress> ProgressAsync(Uri? replica = null) =>
        (await _mypage.Internal.GetFromJsonAsync<RebuildProgress>(new Uri(replica ?? _mypage.Internal.BaseAddress!, "/views/rebuild"), RunningService<MyPageService>.Json))!;

    private async Task<List<string>> SeenAsync()
    {
        var seen = new List<string>();
        foreach (var person in new[] { "customer-0", "customer-1", "customer-2" })
            seen.Add((await ListAsync(person)).ToString());
        seen.Add((await ListAsync("publisher", "titles")).ToString());
        return seen;
    }

    private async Task<JsonElement> ListAsync(string person, string what = "orders")
    {
        using var client = _mypage.As(person, Roles.Customer);
        return (await client.GetFromJsonAsync<JsonElement>($"/api/mypage/{what}?limit=100")).GetProperty("items");
    }

    private async Task<List<Guid>> ListAllAsync(string person, Uri? replica = null)
    {
        using var client = _mypage.As(person, Roles.Customer, replica);
        var listed = new List<Guid>();
        for (string? after = null; ;)
        {
            var page = await client.GetFromJsonAsync<JsonElement>($"/api/mypage/orders?limit=100&after={after}");
            listed.AddRange(page.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("orderId").GetGuid()));
            if ((after = page.GetProperty("next").GetString()) is null)
                return listed;
        }
    }

    private async Task<Started<TService>> StartedAsync<TService>()
        where TService : ServiceDefaults.IMallService
    {
        var service = new RunningService<TService>(fixture);
        await service.InitializeAsync();
        return new Started<TService>(service);
    }

    private static List<(string Type, OrderEvent Event)> Life(string customer)
    {
        var accepted = Orders.Book(customer: customer);
        var received = accepted.Next(OrderStatus.Received);
        return [(OrderEvent.Accepted, accepted), (OrderEvent.Received, received), (OrderEvent.PreparationStarted, received.Next(OrderStatus.Preparing))];
    }

    private static History<OrderEvent, OrderStatus> HistoryOf(IEnumerable<(string Type, OrderEvent Event)> life)
    {
        var events = life.Select(each => each.Event).ToList();
        return new(events[^1], [.. events.Select(e => Past(e.Status, e.At, e.Version, e.Reason))]);
    }

    private static PastStatus<TStatus> Past<TStatus>(TStatus status, DateTimeOffset at, long version, string? reason = null) => new(status, at, version, reason);

    private sealed record Started<TService>(RunningService<TService> Service) : IAsyncDisposable
        where TService : ServiceDefaults.IMallService
    {
        public async ValueTask DisposeAsync() => await Service.DisposeAsync();
    }
}
