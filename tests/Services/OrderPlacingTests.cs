using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using OrderMall.Contracts;
using OrderMall.Contracts.Calls;
using OrderMall.Contracts.Events;
using OrderMall.Ordering;
using OrderMall.ServiceDefaults.Api;

namespace OrderMall.Services.Tests;

/// <summary>What becomes of an order as it is placed, and what its customer is answered.</summary>
[Collection(ServiceCollection.Name)]
public sealed class OrderPlacingTests(RunningService<OrderingService> ordering) : OrderingTestBase(ordering), IClassFixture<RunningService<OrderingService>>
{
    [Fact]
    public async Task An_order_is_accepted_and_said_once()
    {
        using var alice = _ordering.As("alice", Roles.Customer);
        using var answer = await PlaceAsync(alice);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        var order = await IdAsync(answer);
        Assert.Equal($"/api/orders/{order}", answer.Headers.Location!.ToString());
        Assert.Equal([OrderEvent.Accepted], (await _ordering.PublishedAsync(order)).Select(e => e.Type));
    }

    // Of what is left out, one would otherwise be an approval.
    [Theory]
    [InlineData("catalog/holds")]
    [InlineData("payment/charges")]
    public async Task An_answer_that_does_not_say_what_was_done_is_none(string question)
    {
        using var alice = _ordering.As("alice", Roles.Customer);
        foreach (var said in new[] { "{}", "{\"outcome\":null}", "{\"outcome\":77}", "{\"outcome\":\"77\"}", "{\"outcome\":\"Sure\"}", "{\"outcome\":\"\"}", "[]", "null", "7" })
        {
            _ordering.Sidecar.Called[question] = context =>
            {
                context.Response.ContentType = "application/json";
                return context.Response.WriteAsync(said);
            };
            using var answer = await PlaceAsync(alice);
            Assert.Equal((said, HttpStatusCode.ServiceUnavailable), (said, answer.StatusCode));
        }
    }

    [Fact]
    public async Task Who_the_customer_is_and_how_to_reach_them_is_told_to_who_does_the_work_until_it_is_over()
    {
        using var alice = _ordering.As("alice", Roles.Customer);
        alice.DefaultRequestHeaders.Add(GatewayIdentity.NameHeader, Uri.EscapeDataString("앨리스 Kim"));
        using var answer = await PlaceAsync(alice, fields: new { phone = "+82 10 1234 5678" });
        Assert.DoesNotContain("1234", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        var order = await IdAsync(answer);
        foreach (var type in new[] { ParcelEvent.PreparationStarted, ParcelEvent.Shipped })
            Assert.Equal("SUCCESS", await _ordering.TryDeliverAsync(type, new ParcelEvent(order, 1, DateTimeOffset.UtcNow)));
        Assert.Equal("+82 10 1234 5678", await PhoneAsync());
        Assert.Equal("SUCCESS", await _ordering.TryDeliverAsync(ParcelEvent.Delivered, new ParcelEvent(order, 2, DateTimeOffset.UtcNow)));
        Assert.Equal(DBNull.Value, await PhoneAsync());

        var told = (await _ordering.PublishedAsync(order)).Select(e => (e.Type, e.Data.GetProperty("customerName").GetString(), e.Data.GetProperty("phone").GetString())).ToList();
        Assert.Equal((OrderEvent.Accepted, "앨리스 Kim", "+82 10 1234 5678"), told[0]);
        Assert.All(told.Skip(1), e => Assert.Equal((null, null), (e.Item2, e.Item3)));
        Assert.Equal(OrderEvent.Delivered, told[^1].Type);

        async Task<object?> PhoneAsync() => await CountAsync($"SELECT phone FROM orders WHERE id = '{order}'");
    }

    [Theory]
    [InlineData("call me")]
    [InlineData("12345")]
    [InlineData("010-1234-5678; rm")]
    [InlineData("0101234567801012345678010123456780")]
    public async Task What_is_no_phone_number_is_refused(string phone)
    {
        using var alice = _ordering.As("alice", Roles.Customer);
        using var answer = await PlaceAsync(alice, fields: new { phone });
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.True((await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors").TryGetProperty("phone", out _));
    }

    [Fact]
    public async Task Where_somebody_comes_a_phone_number_is_asked_for()
    {
        using var alice = _ordering.As("alice", Roles.Customer);
        _hold = () => HoldOutcome.PhoneRequired;
        using var answer = await PlaceAsync(alice);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.True((await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors").TryGetProperty("phone", out _));
    }

    [Fact]
    public async Task A_price_that_has_changed_is_said_and_nothing_is_ordered_or_charged()
    {
        using var alice = _ordering.As("alice", Roles.Customer);
        _charge = () =>
        {
            Interlocked.Increment(ref _charges);
            return ChargeOutcome.Approved;
        };
        _offer = Sold with { Price = 900_000_000 };
        using var refused = await PlaceAsync(alice, key: "price", fields: new { expectedAmount = 12_000 });
        Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
        var problem = await refused.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(
            ("urn:ordermall:problem:price-changed", 900_000_000m, 900_000_000m, "KRW"),
            (problem.GetProperty("type").GetString(), problem.GetProperty("amount").GetDecimal(), problem.GetProperty("prepaid").GetDecimal(), problem.GetProperty("currency").GetString()));
        Assert.Contains("900000000 KRW", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        // The price is as it was, but more of it is paid first.
        _offer = Sold with { Prepayment = Prepayment.Deposit, Deposit = 6_000 };
        using var raised = await PlaceAsync(alice, key: "price", fields: new { expectedAmount = 12_000, expectedPrepaid = 5_000 });
        problem = await raised.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(
            (HttpStatusCode.Conflict, "urn:ordermall:problem:price-changed", 12_000m, 6_000m),
            (raised.StatusCode, problem.GetProperty("type").GetString(), problem.GetProperty("amount").GetDecimal(), problem.GetProperty("prepaid").GetDecimal()));
        Assert.Equal(0, _charges);
        Assert.Equal(0L, await CountAsync("SELECT count(*) FROM orders WHERE idempotency_key = 'price'"));

        // What was not ordered keeps no key.
        _offer = Sold;
        using var accepted = await PlaceAsync(alice, key: "price", fields: new { expectedAmount = 12_000.0m });
        using var again = await PlaceAsync(alice, key: "price", fields: new { expectedAmount = 12_000 });
        Assert.Equal((HttpStatusCode.Created, await IdAsync(accepted)), (again.StatusCode, await IdAsync(again)));
        foreach (var other in new object[] { new { expectedAmount = 12_001 }, new { } })
        {
            using var reused = await PlaceAsync(alice, key: "price", fields: other);
            Assert.Equal(HttpStatusCode.UnprocessableEntity, reused.StatusCode);
        }

        Assert.Equal(1, _charges);
    }

    [Fact]
    public async Task While_nothing_is_left_nothing_is_written_for_who_asks_for_it()
    {
        using var alice = _ordering.As("alice", Roles.Customer);
        _hold = () => HoldOutcome.SoldOut;
        using var found = await PlaceAsync(alice);
        var before = await CountAsync("SELECT count(*) FROM orders");
        foreach (var answer in await Task.WhenAll(Enumerable.Range(0, 10).Select(i => PlaceAsync(alice, key: $"nothing-left-{i}"))))
        {
            using var refused = answer;
            Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
            Assert.Equal("urn:ordermall:problem:sold-out", (await refused.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("type").GetString());
        }

        Assert.Equal(before, await CountAsync("SELECT count(*) FROM orders"));
        // And whatever somebody gives back is there at once.
        _hold = () => HoldOutcome.Held;
        using var accepted = await PlaceAsync(alice, key: "nothing-left-0");
        Assert.Equal(HttpStatusCode.Created, accepted.StatusCode);
    }

    [Theory]
    [InlineData(HoldOutcome.Over, "over", null)]
    [InlineData(HoldOutcome.CustomerLimit, "customer-limit", 2)]
    [InlineData(HoldOutcome.NoAmount, "no-amount", null)]
    public async Task What_cannot_be_had_is_409_with_its_own_type_and_nothing_is_left(HoldOutcome outcome, string type, int? left)
    {
        using var alice = _ordering.As("alice", Roles.Customer);
        _hold = () => outcome;
        using var refused = await PlaceAsync(alice, key: type);
        Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
        var problem = await refused.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal($"urn:ordermall:problem:{type}", problem.GetProperty("type").GetString());
        Assert.Equal(left, problem.TryGetProperty("left", out var more) ? more.GetInt32() : null);
        Assert.Equal(0L, await CountAsync($"SELECT count(*) FROM orders WHERE idempotency_key = '{type}'"));
    }

    [Theory]
    [InlineData("destination", "Seoul\u001b[2J")]
    [InlineData("destination", "Seoul\nBusan")]
    [InlineData("destination", "Seoul\u202Enasub")]
    [InlineData("note", "By the window\u2066")]
    [InlineData("note", "\u0008")]
    [InlineData("note", "one\rtwo")]
    [InlineData("expectedPrepaid", -1)]
    [InlineData("expectedAmount", -1)]
    [InlineData("expectedAmount", 1.23456)]
    public async Task A_wrong_field_is_named(string field, object value)
    {
        using var alice = _ordering.As("alice", Roles.Customer);
        using var refused = await PlaceAsync(alice, fields: new Dictionary<string, object> { [field] = value });
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        var errors = (await refused.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors").EnumerateObject().Select(error => error.Name);
        Assert.Equal([field], errors);
    }

    [Fact]
    public async Task A_note_may_have_lines_and_texts_are_composed_without_blanks_around_them()
    {
        using var alice = _ordering.As("alice", Roles.Customer);
        using var placed = await PlaceAsync(alice, key: "texts", fields: new { destination = " \u1109\u1165\u110B\u116E\u11AF ", note = "one\ntwo\r\nthree" });
        var view = await placed.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal("서울", view.GetProperty("destination").GetString());
        var e = Assert.Single(await _ordering.PublishedAsync(view.GetProperty("id").GetGuid()));
        Assert.Equal("one\ntwo\r\nthree", e.Data.GetProperty("note").GetString());
        // The same text, however it is typed, is the same order.
        using var again = await PlaceAsync(alice, key: "texts", fields: new { destination = "서울", note = "one\ntwo\r\nthree" });
        Assert.Equal(HttpStatusCode.Created, again.StatusCode);
    }
}
