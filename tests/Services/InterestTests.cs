using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Npgsql;
using OrderMall.Contracts;
using OrderMall.Contracts.Events;
using OrderMall.Notification;

namespace OrderMall.Services.Tests;

/// <summary>Who has an interest in a kind is told once of each new offer of it.</summary>
[Collection(ServiceCollection.Name)]
public sealed class InterestTests(RunningService<NotificationService> notification) : NotificationTestBase(notification), IClassFixture<RunningService<NotificationService>>
{
    [Fact]
    public async Task Interests_bring_a_message_when_such_an_offer_is_registered()
    {
        using var reader = _notification.As("book-lover", Roles.Customer);
        using var chosen = await reader.PutAsJsonAsync("/api/notifications/interests", new { kinds = new[] { "book", "table", "book" } });
        Assert.Equal(["book", "table"], (await chosen.Content.ReadFromJsonAsync<Interests>())!.Kinds!);
        Assert.Equal(["book", "table"], (await reader.GetFromJsonAsync<Interests>("/api/notifications/interests"))!.Kinds!);

        var offer = new OfferEvent(Guid.CreateVersion7(), 1, DateTimeOffset.UtcNow, "bookshop", "book", "A New Book", 15_000m, "KRW", Date: null, Place: null);
        var eventId = Guid.CreateVersion7().ToString();
        foreach (var _ in Enumerable.Range(0, 3))
            Assert.Equal("SUCCESS", await _notification.TryDeliverAsync(OfferEvent.Registered, offer, eventId));
        Assert.Equal("SUCCESS", await _notification.TryDeliverAsync(OfferEvent.Registered, offer with { Kind = "cleaning" }));
        Assert.Equal("SUCCESS", await _notification.TryDeliverAsync(OfferEvent.Changed, offer));
        await AllToldAsync();
        var message = Assert.Single((await ListAsync("book-lover")).GetProperty("items").EnumerateArray());
        Assert.Equal("New book: A New Book", message.GetProperty("subject").GetString());
        Assert.Equal(JsonValueKind.Null, message.GetProperty("orderId").ValueKind);

        Assert.Equal(HttpStatusCode.OK, (await reader.PutAsJsonAsync("/api/notifications/interests", new { kinds = Array.Empty<string>() })).StatusCode);
        Assert.Equal("SUCCESS", await _notification.TryDeliverAsync(OfferEvent.Registered, offer));
        await AllToldAsync();
        Assert.Single((await ListAsync("book-lover")).GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task Who_orders_has_an_interest_in_the_kind_until_they_say_no()
    {
        using var customer = _notification.As("regular", Roles.Customer);
        Assert.Empty((await KindsAsync())!);
        await OrderAsync("yoga", "yoga", "judo");
        await _notification.DeliverAsync(OrderEvent.Confirmed, Orders.Table(customer: "regular") with { Kind = "confirmed-only" });
        Assert.Equal(["judo", "yoga"], (await KindsAsync())!.Order());
        await RegisterAsync("yoga");
        await RegisterAsync("chess");
        await AllToldAsync();
        Assert.Equal(["New yoga: A class"], await NewsAsync());

        // Taken out it stays out, however often it is ordered; what was chosen besides and what is new is not touched by that.
        await ChooseAsync("chess", "judo");
        await OrderAsync("yoga", "judo", "fencing");
        await OrderAsync("yoga");
        Assert.Equal(["chess", "judo", "fencing"], (await KindsAsync())!);
        await RegisterAsync("yoga");
        await AllToldAsync();
        Assert.Equal(["New yoga: A class"], await NewsAsync());
        // Nor does it come back by saying no to something else, but by saying yes, and may be taken out again.
        await ChooseAsync();
        await OrderAsync("yoga", "chess", "judo", "fencing");
        Assert.Empty((await KindsAsync())!);
        await ChooseAsync("yoga");
        await OrderAsync("judo", "yoga");
        Assert.Equal(["yoga"], (await KindsAsync())!);
        await ChooseAsync();
        await OrderAsync("yoga");
        Assert.Empty((await KindsAsync())!);

        async Task<IReadOnlyList<string>?> KindsAsync() => (await customer.GetFromJsonAsync<Interests>("/api/notifications/interests"))!.Kinds;

        async Task ChooseAsync(params string[] kinds)
        {
            using var chosen = await customer.PutAsJsonAsync("/api/notifications/interests", new { kinds });
            Assert.Equal(HttpStatusCode.OK, chosen.StatusCode);
        }

        Task OrderAsync(params string[] kinds) => Task.WhenAll(kinds.Select(kind => _notification.DeliverAsync(OrderEvent.Accepted, Orders.Table(customer: "regular") with { Kind = kind })));

        async Task RegisterAsync(string kind) => Assert.Equal("SUCCESS", await _notification.TryDeliverAsync(
            OfferEvent.Registered, new OfferEvent(Guid.CreateVersion7(), 1, DateTimeOffset.UtcNow, "gym", kind, "A class", 15_000m, "KRW", Date: null, Place: null)));

        async Task<IEnumerable<string?>> NewsAsync() =>
            (await ListAsync("regular")).GetProperty("items").EnumerateArray().Select(message => message.GetProperty("subject").GetString()).Where(subject => subject!.StartsWith("New ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task However_many_kinds_somebody_orders_they_can_choose_among_them()
    {
        using var customer = _notification.As("buys-all", Roles.Customer);
        // At the same moment too, in different deliveries.
        await Task.WhenAll(Enumerable.Range(0, 30).Select(number => _notification.DeliverAsync(OrderEvent.Accepted, Orders.Table(customer: "buys-all") with { Kind = $"all-{number}" })));
        var kinds = (await customer.GetFromJsonAsync<Interests>("/api/notifications/interests"))!.Kinds!;
        Assert.Equal(20, kinds.Distinct().Count());
        Assert.Equal(20, kinds.Count);
        using var chosen = await customer.PutAsJsonAsync("/api/notifications/interests", new Interests([.. kinds.Take(19)]));
        Assert.Equal(HttpStatusCode.OK, chosen.StatusCode);
        await _notification.DeliverAsync(OrderEvent.Accepted, Orders.Table(customer: "buys-all") with { Kind = "one-more" });
        Assert.Equal([.. kinds.Take(19), "one-more"], (await customer.GetFromJsonAsync<Interests>("/api/notifications/interests"))!.Kinds!);
    }

    [Fact]
    public async Task However_many_have_an_interest_each_is_told_once_from_where_it_was_stopped()
    {
        await using var database = NpgsqlDataSource.Create(_notification.ConnectionString);
        await ExecuteAsync("INSERT INTO interest SELECT 'crowd-' || lpad(n::text, 5, '0'), CASE WHEN n % 10 = 0 THEN '{crowded,book}' ELSE '{other}' END::text[] FROM generate_series(1, 60000) AS n");
        var offer = new OfferEvent(Guid.CreateVersion7(), 1, DateTimeOffset.UtcNow, "crowd-shop", "crowded", "For many", 15_000m, "KRW", Date: null, Place: null);
        var replica = await _notification.StartReplicaAsync();
        foreach (var at in new[] { replica, _notification.Internal.BaseAddress })
            Assert.Equal("SUCCESS", await _notification.TryDeliverAsync(OfferEvent.Registered, offer, "crowd", at));
        await AllToldAsync();
        Assert.Equal(6000, await ExecuteAsync("SELECT count(*) FROM message WHERE subject = 'New crowded: For many'"));

        // Stopped after some were told, as a crash leaves it: nobody before that hears of it again.
        await ExecuteAsync("DELETE FROM message WHERE subject = 'New crowded: For many'");
        await ExecuteAsync("UPDATE announcement SET told_to = 'crowd-45000', is_told = false, due_at = now() - interval '1 hour' WHERE kind = 'crowded'");
        await AllToldAsync();
        Assert.Equal(1500, await ExecuteAsync("SELECT count(*) FROM message WHERE subject = 'New crowded: For many' AND person_id > 'crowd-45000'"));
        Assert.Equal(0, await ExecuteAsync("SELECT count(*) FROM message WHERE subject = 'New crowded: For many' AND person_id <= 'crowd-45000'"));
        await _notification.StopReplicaAsync(replica);

        async Task<long> ExecuteAsync(string sql)
        {
            await using var command = database.CreateCommand(sql);
            return await command.ExecuteScalarAsync() as long? ?? 0;
        }
    }

    [Fact]
    public async Task A_merchant_has_so_many_offers_announced_within_a_day_and_is_told_that_the_others_are_not()
    {
        using var reader = _notification.As("patient-reader", Roles.Customer);
        using var chosen = await reader.PutAsJsonAsync("/api/notifications/interests", new { kinds = new[] { "flood" } });
        await Task.WhenAll(Enumerable.Range(1, 30).Select(i => RegisterAsync(i)));
        await AllToldAsync();
        Assert.Equal(20, await CountAsync("patient-reader"));
        var told = Assert.Single((await ListAsync("flooder")).GetProperty("items").EnumerateArray());
        Assert.StartsWith("Not announced: ", told.GetProperty("subject").GetString(), StringComparison.Ordinal);

        // Another merchant's are, and theirs again a day later.
        await RegisterAsync(100, merchant: "somebody-else");
        await AllToldAsync();
        Assert.Equal(21, await CountAsync("patient-reader"));
        _notification.Time.Set(DateTimeOffset.UtcNow + TimeSpan.FromHours(25));
        try
        {
            await Eventually.BecomesAsync(true, async () =>
            {
                await RegisterAsync(101);
                await AllToldAsync();
                return await CountAsync("patient-reader") > 21;
            });
        }
        finally
        {
            _notification.Time.Set(DateTimeOffset.UtcNow);
        }

        async Task RegisterAsync(int number, string merchant = "flooder") => Assert.Equal("SUCCESS", await _notification.TryDeliverAsync(OfferEvent.Registered, new OfferEvent(Guid.CreateVersion7(), 1, DateTimeOffset.UtcNow, merchant, "flood", $"Drop {number}", 1m, "KRW", Date: null, Place: null)));

        async Task<int> CountAsync(string person)
        {
            using var client = _notification.As(person, Roles.Customer);
            var all = await client.GetFromJsonAsync<JsonElement>("/api/notifications?limit=100");
            return all.GetProperty("items").GetArrayLength();
        }
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"kinds":[""]}""")]
    [InlineData("""{"kinds":[null]}""")]
    [InlineData("""{"kinds":["Book"]}""")]
    [InlineData("""{"kinds":["not a kind!"]}""")]
    [InlineData("""{"kinds":["abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"]}""")]
    [InlineData("""{"kinds":["1","2","3","4","5","6","7","8","9","10","11","12","13","14","15","16","17","18","19","20","21"]}""")]
    [InlineData("""{"kinds":"book"}""")]
    public async Task Wrong_interests_are_refused_by_name(string body)
    {
        using var reader = _notification.As("wrong", Roles.Customer);
        using var content = new StringContent(body, new System.Net.Http.Headers.MediaTypeHeaderValue("application/json"));
        using var refused = await reader.PutAsync("/api/notifications/interests", content);
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        var errors = (await refused.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors");
        Assert.StartsWith("kinds", Assert.Single(errors.EnumerateObject()).Name, StringComparison.Ordinal);
    }
}
