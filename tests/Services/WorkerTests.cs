using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using OrderMall.Contracts;
using OrderMall.Contracts.Calls;
using OrderMall.Dispatch;

namespace OrderMall.Services.Tests;

/// <summary>A merchant's workers: their names, one visit a day, and days off.</summary>
[Collection(ServiceCollection.Name)]
public sealed class WorkerTests(RunningService<DispatchService> dispatch) : DispatchTestBase(dispatch), IClassFixture<RunningService<DispatchService>>
{
    [Fact]
    public async Task A_worker_has_one_visit_a_day_and_is_free_on_other_days()
    {
        var (monday, tuesday, again, sometime) = (Visit(day: 1), Visit(day: 2), Visit(day: 1), Visit() with { Date = null });
        var kim = await HireAsync("Kim");
        await ReceiveAsync(tuesday);
        Assert.Equal((kim, tuesday.OrderId), Assert.Single(await WorkersAsync()));
        foreach (var order in new[] { monday, again, sometime })
            await ReceiveAsync(order);

        Assert.Equal([("Assigned", kim), ("Assigned", kim), ("Waiting", (Guid?)null), ("Assigned", kim)], await SentAsync([monday, tuesday, again, sometime]));
        // What is for no day may be today.
        Assert.Equal((kim, sometime.OrderId), Assert.Single(await WorkersAsync()));
        Assert.Equal(HttpStatusCode.OK, await CompleteAsync(sometime));
        Assert.Equal((kim, monday.OrderId), Assert.Single(await WorkersAsync()));
        Assert.Equal("Waiting", (await SentAsync(again)).Status);
        Assert.Empty(await IdleAsync());

        // On another day nobody else comes any sooner.
        Assert.Equal(StopOutcome.Stopped, await StopAsync(tuesday));
        Assert.Equal("Waiting", (await SentAsync(again)).Status);
        Assert.Equal(StopOutcome.Stopped, await StopAsync(monday));
        Assert.Equal(("Assigned", kim), await SentAsync(again));
        Assert.Equal((kim, again.OrderId), Assert.Single(await WorkersAsync()));
        Assert.Equal([again.OrderId, monday.OrderId], (await ListAsync($"/api/assignments?date={monday.Date:yyyy-MM-dd}")).Select(visit => visit.GetProperty("orderId").GetGuid()));
    }

    [Fact]
    public async Task A_new_worker_is_sent_to_who_has_waited_longest_for_each_day()
    {
        var (second, first, otherDay) = (Visit(day: 1), Visit(day: 1), Visit(day: 3));
        await ReceiveAsync(second, waitedFor: 1);
        await ReceiveAsync(first, waitedFor: 2);
        await ReceiveAsync(otherDay);
        var kim = await HireAsync("Kim");
        Assert.Equal([("Assigned", kim), ("Waiting", (Guid?)null), ("Assigned", kim)], await SentAsync([first, second, otherDay]));
        var lee = await HireAsync("Lee");
        Assert.Equal(("Assigned", lee), await SentAsync(second));
        Assert.Equal([(kim, first.OrderId), (lee, second.OrderId)], await WorkersAsync());
    }

    [Fact]
    public async Task On_a_day_off_a_worker_is_sent_nowhere()
    {
        var (kim, lee) = (await HireAsync("Kim"), await HireAsync("Lee"));
        using var merchant = _dispatch.As(_merchant, Roles.Merchant);
        var (first, second, other) = (Visit(day: 1), Visit(day: 1), Visit(day: 2));
        var day = $"{first.Date:yyyy-MM-dd}";
        for (var i = 0; i < 2; i++)
        {
            using var off = await merchant.PutAsync($"/api/workers/{kim}/days-off/{day}", content: null);
            Assert.Equal([day], (await off.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("daysOff").EnumerateArray().Select(date => date.GetString()));
        }

        Assert.Equal((1, 2, 0), (await CountAsync(first.Date!.Value), await CountAsync(other.Date!.Value), await CountAsync(first.Date.Value, $"{_merchant}-else")));
        foreach (var order in new[] { first, second, other })
            await ReceiveAsync(order);
        Assert.Equal([("Assigned", lee), ("Waiting", (Guid?)null), ("Assigned", kim)], await SentAsync([first, second, other]));
        Assert.Empty(await IdleAsync());

        // Whose visit was promised has no day off.
        using var refused = await merchant.PutAsync($"/api/workers/{lee}/days-off/{day}", content: null);
        var problem = await refused.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(
            (HttpStatusCode.Conflict, "urn:ordermall:problem:worker-sent", first.OrderId),
            (refused.StatusCode, problem.GetProperty("type").GetString(), problem.GetProperty("orderId").GetGuid()));
        foreach (var wrong in new[] { "2020-01-01", "2999-01-01", "tomorrow" })
        {
            using var answer = await merchant.PutAsync($"/api/workers/{kim}/days-off/{wrong}", content: null);
            Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
            Assert.True((await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors").TryGetProperty("date", out _));
        }

        using (var stranger = _dispatch.As("another", Roles.Merchant))
            Assert.Equal(HttpStatusCode.NotFound, (await stranger.DeleteAsync($"/api/workers/{kim}/days-off/{day}")).StatusCode);
        for (var i = 0; i < 2; i++)
        {
            using var back = await merchant.DeleteAsync($"/api/workers/{kim}/days-off/{day}");
            Assert.Equal(0, (await back.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("daysOff").GetArrayLength());
        }

        Assert.Equal(("Assigned", kim), await SentAsync(second));

        async Task<int> CountAsync(DateOnly date, string? of = null) => (await _dispatch.AskAsync<WorkerCountAnswer>("/worker-counts", new WorkerCountRequest(of ?? _merchant, date))).Workers;
    }

    [Fact]
    public async Task A_worker_has_a_name()
    {
        using var merchant = _dispatch.As(_merchant, Roles.Merchant);
        foreach (var wrong in new object[] { new { }, new { name = (string?)null }, new { name = " " }, new { name = new string('x', 101) } })
        {
            using var answer = await merchant.PostAsJsonAsync("/api/workers", wrong);
            Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
            Assert.True((await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors").TryGetProperty("name", out _));
        }

        Assert.Empty(await WorkersAsync());
        using var hired = await merchant.PostAsJsonAsync("/api/workers", new { name = $" {new string('x', 100)} " });
        Assert.Equal(HttpStatusCode.Created, hired.StatusCode);
        var worker = await merchant.GetFromJsonAsync<JsonElement>(hired.Headers.Location);
        Assert.Equal(new string('x', 100), worker.GetProperty("name").GetString());
        Assert.Equal(JsonValueKind.Null, worker.GetProperty("orderId").ValueKind);
    }
}
