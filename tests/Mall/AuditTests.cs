using System.Net;
using System.Text.Json;
using OrderMall.Mall.Tests.Opening;

namespace OrderMall.Mall.Tests;

/// <summary>The operator's audit.</summary>
[Collection(AloneCollection.Name)]
public sealed class AuditTests(MallFixture mall) : IClassFixture<MallFixture>
{
    [Fact]
    public async Task The_audit_counts_what_there_is_and_finds_nothing_wrong()
    {
        var (shop, customer, op) = (await mall.BookshopAsync(), await mall.NewCustomerAsync(), await mall.OperatorAsync());
        var offer = await shop.SellBookAsync();
        var available = await shop.AvailableAsync(offer);
        var before = await op.FindsAllInOrderAsync();
        var (kept, cancelled) = (await customer.PlaceAsync(offer), await customer.PlaceAsync(offer));
        (await customer.CancelAsync(cancelled)).Is(HttpStatusCode.OK);
        await customer.OnPageAsync(kept, "Preparing");
        await Eventually.Is(3, async () => (await customer.MessagesAsync(kept)).Count);
        await shop.HasLeftAsync(offer, available - 1);
        var after = await op.FindsAllInOrderAsync();

        // Others may order too, and cancel what they had.
        foreach (var (count, more) in new[] { ("orders", 2), ("cancelled", 1), ("refunded", 1), ("providerCharges", 2), ("messages", 3) })
            Assert.True(Count(after, count) >= Count(before, count) + more, $"{count}: {before} {after}");
        if (!mall.IsOurs)
            return;
        foreach (var (count, more) in new[] { ("orders", 2), ("accepted", 1), ("cancelled", 1), ("payments", 1), ("refunded", 1), ("providerCharges", 2), ("holds", 1) })
            Assert.True(Count(after, count) == Count(before, count) + more, $"{count}: {before} {after}");
        Assert.Equal(0, Count(after, "deadLetters"));
    }

    [Fact]
    public async Task The_events_of_an_order_tell_who_handled_them_when()
    {
        var (shop, customer, op) = (await mall.BookshopAsync(), await mall.NewCustomerAsync(), await mall.OperatorAsync());
        var began = DateTimeOffset.UtcNow.AddMinutes(-1);
        var order = await customer.PlaceAsync(await shop.SellBookAsync());
        await customer.OnPageAsync(order, "Preparing");
        JsonElement history = default;
        await Eventually.Is(true, async () =>
        {
            var answer = await op.GetAsync($"api/ops/orders/{order}/events");
            history = answer.Json;
            return HandledBy("OrderAccepted").Contains("store") && HandledBy("OrderAccepted").Contains("notification") && HandledBy("StoreOrderReceived").Contains("ordering") && HandledBy("StoreOrderReceived").Contains("delivery");
        });
        Assert.Empty(history.GetProperty("unreachable").EnumerateArray());
        var accepted = Event("OrderAccepted");
        Assert.Equal(("orders", "ordering"), (accepted.GetProperty("topic").GetString(), accepted.GetProperty("publishedBy").GetString()));
        Assert.True(accepted.GetProperty("version").GetInt64() > 0);
        Assert.True(accepted.GetProperty("at").GetDateTimeOffset() > began && accepted.GetProperty("publishedAt").GetDateTimeOffset() > began);
        Assert.All(accepted.GetProperty("handled").EnumerateArray(), one => Assert.True(one.GetProperty("at").GetDateTimeOffset() > began));
        (await op.GetAsync($"api/ops/orders/{Guid.NewGuid()}/events")).Is(HttpStatusCode.NotFound);

        JsonElement Event(string type) => history.GetProperty("events").EnumerateArray().First(e => e.GetProperty("type").GetString() == type);
        HashSet<string> HandledBy(string type) => history.GetProperty("events").EnumerateArray().Where(e => e.GetProperty("type").GetString() == type)
            .SelectMany(e => e.GetProperty("handled").EnumerateArray()).Select(one => one.GetProperty("service").GetString()!).ToHashSet();
    }

    [Fact]
    public async Task Only_operators_may_audit_and_stop_services()
    {
        Person[] people = [await mall.NewCustomerAsync(), await mall.BookshopAsync(), await mall.CourierAsync()];
        foreach (var person in people)
        {
            (await person.GetAsync("/api/ops/audit")).IsProblem(HttpStatusCode.Forbidden, "forbidden");
            (await person.GetAsync("/api/ops/services")).IsProblem(HttpStatusCode.Forbidden, "forbidden");
            (await person.PostAsync("/api/ops/services/catalog/stop")).IsProblem(HttpStatusCode.Forbidden, "forbidden");
            (await person.PutAsync("/api/ops/payment-provider", new { mode = "down" })).IsProblem(HttpStatusCode.Forbidden, "forbidden");
        }

        (await mall.Anyone.GetAsync("/api/ops/audit")).IsProblem(HttpStatusCode.Unauthorized, "sign-in");
    }

    [FactNeeding(Need.Faults)]
    public async Task Operators_see_every_service_and_cannot_stop_what_they_came_through()
    {
        var op = await mall.OperatorAsync();
        var services = (await op.GetAsync("/api/ops/services")).Is(HttpStatusCode.OK).Json.EnumerateArray().ToDictionary(service => service.GetProperty("appId").GetString()!);
        foreach (var appId in new[] { "gateway", "ordering", "catalog", "payment", "payment-provider", "store", "delivery", "dispatch", "publishing", "notification", "mypage", "operations" })
        {
            Assert.Equal("Running", services[appId].GetProperty("status").GetString());
            Assert.True(services[appId].GetProperty("instances").GetInt32() >= 1);
            Assert.Equal(JsonValueKind.Array, services[appId].GetProperty("circuits").ValueKind);
        }

        (await op.PostAsync("/api/ops/services/gateway/stop")).IsProblem(HttpStatusCode.Conflict, "not-stoppable");
        (await op.PostAsync("/api/ops/services/nothing/stop")).IsProblem(HttpStatusCode.NotFound, "not-found");
        (await op.PutAsync("/api/ops/payment-provider", new { mode = "odd" })).IsProblem(HttpStatusCode.BadRequest, "validation");
        (await op.PutAsync("/api/ops/payment-provider", new { mode = "slow", delayMs = -1 })).IsProblem(HttpStatusCode.BadRequest, "validation");
        (await op.PutAsync("/api/ops/payment-provider", new { mode = "slow", delayMs = "long" })).IsProblem(HttpStatusCode.BadRequest, "validation");
    }

    private static long Count(JsonElement counts, string name) => counts.GetProperty(name).GetInt64();
}
