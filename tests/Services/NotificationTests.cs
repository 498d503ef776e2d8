using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Npgsql;
using OrderMall.Contracts;
using OrderMall.Notification;
using OrderMall.ServiceDefaults.Api;

namespace OrderMall.Services.Tests;

[Collection(ServiceCollection.Name)]
public sealed class NotificationTests(RunningService<NotificationService> notification) : IClassFixture<RunningService<NotificationService>>
{
    [Fact]
    public async Task A_customer_is_told_once_of_each_change()
    {
        var order = Orders.Table(customer: "told-once");
        var eventId = Guid.CreateVersion7().ToString();
        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => notification.DeliverAsync(OrderEvent.Accepted, order, eventId)));
        await notification.DeliverAsync(OrderEvent.Accepted, order, eventId);
        await notification.DeliverAsync(OrderEvent.Voided, order.Next(OrderStatus.Rejected));
        await notification.DeliverAsync(OrderEvent.CancellationRefused, order.Next(OrderStatus.Confirmed, OrderReasons.TooLateToCancel));

        var messages = (await ListAsync("told-once")).GetProperty("items").EnumerateArray().ToList();
        Assert.Equal(2, messages.Count);
        var (newest, oldest) = (messages[0], messages[1]);
        Assert.Contains(OrderReasons.TooLateToCancel, newest.GetProperty("text").GetString(), StringComparison.Ordinal);
        Assert.Equal("Order accepted: A table for two", oldest.GetProperty("subject").GetString());
        Assert.Equal(
            "Thank you: we have your order of 1 × A table for two (30,000 KRW, on 2026-12-24, at Bistro Seoul). You paid 10,000 KRW.",
            oldest.GetProperty("text").GetString());
        Assert.Equal(order.OrderId, oldest.GetProperty("orderId").GetGuid());
        Assert.Equal("app", oldest.GetProperty("channel").GetString());
        Assert.Equal(order.At, oldest.GetProperty("at").GetDateTimeOffset());
        Assert.Equal(7, oldest.GetProperty("id").GetGuid().Version);

        Assert.Empty((await ListAsync("somebody-else")).GetProperty("items").EnumerateArray());
        var counted = await notification.AskAsync<List<AuditedView>>("/audit/orders", new AuditOrders([order.OrderId, Guid.NewGuid()]));
        Assert.Equal("2", Assert.Single(counted).Status);
    }

    [Fact]
    public async Task Both_sides_are_told_that_a_booking_was_given_up_when_its_day_was_over()
    {
        var order = Orders.Table(customer: "unconfirmed", merchant: "silent");
        var expired = order.Next(OrderStatus.Rejected, OrderReasons.Expired) with { At = new DateTimeOffset(2026, 12, 25, 12, 0, 0, TimeSpan.Zero) };
        await notification.DeliverAsync(OrderEvent.Rejected, expired);
        Assert.Equal(
            "Your order of 1 × A table for two (30,000 KRW, on 2026-12-24, at Bistro Seoul) was rejected: nobody had confirmed it when its day was over. Whatever you paid for it is refunded.",
            Assert.Single((await ListAsync("unconfirmed")).GetProperty("items").EnumerateArray()).GetProperty("text").GetString());
        Assert.Equal(
            "The order of 1 × A table for two (30,000 KRW, on 2026-12-24, at Bistro Seoul) was rejected: it had not been confirmed when its day was over. There is nothing to do for it any more.",
            Assert.Single((await ListAsync("silent")).GetProperty("items").EnumerateArray()).GetProperty("text").GetString());

        // Before its day is over it is payment that was not possible.
        await notification.DeliverAsync(OrderEvent.Rejected, expired with { OrderId = Guid.NewGuid(), CustomerId = "unpaid", At = order.At, WasReceived = false });
        Assert.Contains("payment", Assert.Single((await ListAsync("unpaid")).GetProperty("items").EnumerateArray()).GetProperty("text").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(12_000, "KRW", "12,000 KRW")]
    [InlineData(9.5, "USD", "9.50 USD")]
    [InlineData(1.234, "BHD", "1.234 BHD")]
    public void Money_has_the_decimals_of_its_currency(double amount, string currency, string expected) =>
        Assert.Equal(expected, OrderMessages.Money((decimal)amount, currency));

    [Fact]
    public async Task Every_change_that_people_hear_of_has_words()
    {
        foreach (var type in OrderEvent.OfPublicOrders)
            await notification.DeliverAsync(type, Orders.Book(customer: "reader"));
        Assert.Equal(OrderEvent.OfPublicOrders.Count, (await ListAsync("reader")).GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task A_customer_is_told_who_comes()
    {
        var visit = Orders.Book(customer: "visited") with
        {
            Kind = "cleaning", Title = "Spring cleaning", Quantity = 1, Prepaid = 0, Fulfilment = Fulfilment.Assignment,
            Destination = "1 Main Street", Date = new DateOnly(2026, 4, 1), Worker = "Kim",
        };
        await notification.DeliverAsync(OrderEvent.Assigned, visit);
        var message = Assert.Single((await ListAsync("visited")).GetProperty("items").EnumerateArray());
        Assert.Equal("Kim is coming: Spring cleaning", message.GetProperty("subject").GetString());
        Assert.Equal(
            "Kim is coming to 1 Main Street for your order of 1 × Spring cleaning (30,000 KRW, on 2026-04-01).",
            message.GetProperty("text").GetString());
    }

    [Fact]
    public async Task A_merchant_is_told_once_that_an_order_has_come_and_that_it_is_off()
    {
        var order = Orders.Table(customer: "guest", merchant: "the-bistro") with { Note = "By the window" };
        var cancelled = order.Next(OrderStatus.Cancelled);
        var eventId = Guid.CreateVersion7().ToString();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => notification.DeliverAsync(OrderEvent.Received, order, eventId)));
        foreach (var type in OrderEvent.OfPublicOrders.Except([OrderEvent.Received, OrderEvent.Cancelled, OrderEvent.Rejected]))
            await notification.DeliverAsync(type, order);
        await notification.DeliverAsync(OrderEvent.Cancelled, cancelled);
        await notification.DeliverAsync(OrderEvent.Rejected, cancelled.Next(OrderStatus.Rejected, $"{OrderReasons.RefusedByMerchant}: full"));

        var messages = (await ListAsync("the-bistro")).GetProperty("items").EnumerateArray().Reverse().ToList();
        Assert.Equal(
            [
                "There is a new order of 1 × A table for two (30,000 KRW, on 2026-12-24, at Bistro Seoul). It waits for your confirmation. The customer's note: By the window",
                "The order of 1 × A table for two (30,000 KRW, on 2026-12-24, at Bistro Seoul) was cancelled by its customer. There is nothing to do for it any more.",
                "The order of 1 × A table for two (30,000 KRW, on 2026-12-24, at Bistro Seoul) was rejected: refused by merchant: full. There is nothing to do for it any more.",
            ],
            messages.Select(message => message.GetProperty("text").GetString()));
        Assert.All(messages, message => Assert.Equal(order.OrderId, message.GetProperty("orderId").GetGuid()));
        // The customer is told of everything, and that is what is counted.
        Assert.Equal(OrderEvent.OfPublicOrders.Count, (await ListAsync("guest")).GetProperty("items").GetArrayLength());
        var counted = await notification.AskAsync<List<AuditedView>>("/audit/orders", new AuditOrders([order.OrderId]));
        Assert.Equal(OrderEvent.OfPublicOrders.Count.ToString(CultureInfo.InvariantCulture), Assert.Single(counted).Status);
    }

    [Fact]
    public async Task What_a_business_is_told_all_who_belong_to_it_read_and_nothing_else_of_its_founder()
    {
        var order = Orders.Table(customer: "the-guest", merchant: "the-founder");
        await notification.DeliverAsync(OrderEvent.Received, order);
        await notification.DeliverAsync(OrderEvent.Accepted, Orders.Table(customer: "the-founder", merchant: "elsewhere"));
        using var clerk = notification.As("the-clerk", Roles.Merchant);
        Assert.Empty(await ReadAsync());
        clerk.DefaultRequestHeaders.Add(GatewayIdentity.BusinessHeader, "the-founder");
        Assert.Equal(order.OrderId, Assert.Single(await ReadAsync()).GetProperty("orderId").GetGuid());

        async Task<List<JsonElement>> ReadAsync() => [.. (await clerk.GetFromJsonAsync<JsonElement>("/api/notifications")).GetProperty("items").EnumerateArray()];
    }

    [Fact]
    public async Task A_merchant_hears_nothing_of_what_never_reached_them()
    {
        var order = Orders.Table(customer: "hopeful", merchant: "undisturbed") with { WasReceived = false };
        await notification.DeliverAsync(OrderEvent.AwaitingPayment, order);
        await notification.DeliverAsync(OrderEvent.Cancelled, order.Next(OrderStatus.Cancelled));
        await notification.DeliverAsync(OrderEvent.Rejected, order.Next(OrderStatus.Rejected, OrderReasons.Expired));
        Assert.Empty((await ListAsync("undisturbed")).GetProperty("items").EnumerateArray());
        Assert.Equal(3, (await ListAsync("hopeful")).GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task Who_did_not_cancel_is_not_told_of_a_cancellation_of_theirs()
    {
        var order = Orders.Table(customer: "refused", merchant: "refusing");
        var reason = $"{OrderReasons.RefusedByMerchant}: full";
        await notification.DeliverAsync(OrderEvent.CancellationRequested, order.Next(OrderStatus.Cancelling, reason));
        await notification.DeliverAsync(OrderEvent.CancellationRefused, order.Next(OrderStatus.Completed, OrderReasons.TooLateToRefuse));
        var messages = (await ListAsync("refused")).GetProperty("items").EnumerateArray().ToList();
        Assert.Equal(["Order being rejected", "Order goes on"], messages.Select(message => message.GetProperty("subject").GetString()!.Split(':')[0]).Order());
        Assert.Contains(messages, message => message.GetProperty("text").GetString()!.Contains(reason, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_merchant_is_told_of_a_refusal_that_came_too_late()
    {
        var order = new StoreEvent(Guid.CreateVersion7(), 4, DateTimeOffset.UtcNow, "late-merchant", "guest", "A table", 1, Fulfilment.Confirmation, null, null, null);
        Assert.Equal("SUCCESS", await notification.DeliverAsync(Topics.Store, StoreEvent.RejectionOverruled, order));
        var message = Assert.Single((await ListAsync("late-merchant")).GetProperty("items").EnumerateArray());
        Assert.Equal("Order not rejected: A table", message.GetProperty("subject").GetString());
    }

    [Fact]
    public async Task A_merchant_is_reminded_of_what_waits_for_confirmation()
    {
        var order = new StoreEvent(Guid.CreateVersion7(), 2, DateTimeOffset.UtcNow, "slow-merchant", "guest", "A table", 2, Fulfilment.Confirmation, null, new DateOnly(2026, 12, 24), null);
        for (var i = 0; i < 2; i++)
            Assert.Equal("SUCCESS", await notification.DeliverAsync(Topics.Store, StoreEvent.ConfirmationDue, order, id: $"{order.OrderId}"));
        var message = Assert.Single((await ListAsync("slow-merchant")).GetProperty("items").EnumerateArray());
        Assert.Equal("Order to confirm: A table", message.GetProperty("subject").GetString());
        Assert.StartsWith("The order of 2 × A table, on 2026-12-24 still waits for your confirmation.", message.GetProperty("text").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_gets_money_back_is_told_once_how_much_and_when()
    {
        var payment = new PaymentEvent(Guid.CreateVersion7(), 3, new DateTimeOffset(2026, 5, 4, 13, 2, 1, TimeSpan.Zero), "payer", 1_230_000m, "KRW", PaymentStatus.Refunded);
        foreach (var type in new[] { PaymentEvent.Approved, PaymentEvent.Refunded, PaymentEvent.Refunded })
            Assert.Equal("SUCCESS", await notification.DeliverAsync(Topics.Payments, type, payment with { Since = payment.At }, id: $"{payment.OrderId} {type}"));
        // Published again.
        Assert.Equal("SUCCESS", await notification.DeliverAsync(Topics.Payments, PaymentEvent.Refunded, payment with { Since = payment.At, At = DateTimeOffset.UtcNow, Version = 4 }, id: $"{payment.OrderId} again"));
        var message = Assert.Single((await ListAsync("payer")).GetProperty("items").EnumerateArray());
        Assert.Equal(
            ("Refund: 1,230,000 KRW", payment.OrderId, $"1,230,000 KRW were given back to you on 2026-05-04 at 13:02 UTC, to what you had paid with. It is the money of order {payment.OrderId}."),
            (message.GetProperty("subject").GetString(), message.GetProperty("orderId").GetGuid(), message.GetProperty("text").GetString()));
    }

    [Fact]
    public async Task Everybody_reads_their_own_language()
    {
        using var reader = notification.As("korean-reader", Roles.Customer);
        Assert.Equal("en", (await reader.GetFromJsonAsync<JsonElement>("/api/notifications/language")).GetProperty("language").GetString());
        using var chosen = await reader.PutAsJsonAsync("/api/notifications/language", new { language = "ko" });
        Assert.Equal(HttpStatusCode.OK, chosen.StatusCode);
        Assert.Equal("ko", (await reader.GetFromJsonAsync<JsonElement>("/api/notifications/language")).GetProperty("language").GetString());
        foreach (var wrong in new[] { "fr", "", null })
            Assert.Equal(HttpStatusCode.BadRequest, (await reader.PutAsJsonAsync("/api/notifications/language", new { language = wrong })).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await reader.PutAsJsonAsync("/api/notifications/interests", new { kinds = new[] { "fan-club" } })).StatusCode);

        var order = Orders.Table(customer: "korean-reader", merchant: "english-bistro");
        var types = OrderEvent.OfPublicOrders;
        for (var i = 0; i < 2; i++)
        {
            foreach (var type in types)
                await notification.DeliverAsync(type, order, id: $"{order.OrderId} {type}");
        }

        var rejected = order.Next(OrderStatus.Rejected, $"{OrderReasons.RefusedByMerchant}: 만석");
        await notification.DeliverAsync(OrderEvent.Rejected, rejected);
        var offer = new OfferEvent(Guid.CreateVersion7(), 1, DateTimeOffset.UtcNow, "fans", "fan-club", "팬 미팅", 15_000m, "KRW", Date: null, Place: "서울");
        Assert.Equal("SUCCESS", await notification.DeliverAsync(Topics.Offers, OfferEvent.Registered, offer));
        await AllToldAsync();

        var messages = (await ListAsync("korean-reader", "?limit=100")).GetProperty("items").EnumerateArray().Select(message => (Subject: message.GetProperty("subject").GetString()!, Text: message.GetProperty("text").GetString()!)).ToList();
        Assert.Equal(types.Count + 2, messages.Count);
        Assert.All(messages, message => Assert.DoesNotContain("{", message.Subject + message.Text, StringComparison.Ordinal));
        Assert.Contains(("주문 접수: A table for two", "감사합니다. 주문이 접수되었습니다: A table for two 1개(30,000 KRW, 2026-12-24, Bistro Seoul). 결제 금액: 10,000 KRW."), messages);
        Assert.Contains(messages, message => message.Text.EndsWith(" 사유: 판매자 거절: 만석. 결제하신 금액은 환불되었습니다.", StringComparison.Ordinal));
        Assert.Contains(("새 fan-club: 팬 미팅", "팬 미팅 판매를 시작합니다(15,000 KRW, 서울). fan-club에 관심이 있다고 하셔서 알려 드립니다."), messages);
        var merchant = (await ListAsync("english-bistro")).GetProperty("items").EnumerateArray().Select(message => message.GetProperty("subject").GetString()).ToList();
        Assert.Contains("New order: A table for two", merchant);
    }

    [Fact]
    public async Task Configuration_says_it_otherwise_without_a_build()
    {
        var replica = await notification.StartReplicaAsync("Notification:Texts:en:Accepted:subject=[Our mall] Got it: {title}", "Notification:Texts:en:part:paid= {nothing} {amount}!");
        var order = Orders.Table(customer: "configured");
        Assert.Equal("SUCCESS", await notification.DeliverAsync(Topics.Orders, OrderEvent.Accepted, order, replica: replica));
        var message = Assert.Single((await ListAsync("configured")).GetProperty("items").EnumerateArray());
        Assert.Equal("[Our mall] Got it: A table for two", message.GetProperty("subject").GetString());
        Assert.EndsWith(" {nothing} 10,000 KRW!", message.GetProperty("text").GetString(), StringComparison.Ordinal);
        await notification.StopReplicaAsync(replica);
    }

    [Fact]
    public async Task Who_orders_from_themselves_is_told_as_both()
    {
        await notification.DeliverAsync(OrderEvent.Received, Orders.Book(customer: "both", merchant: "both"));
        Assert.Equal(
            ["New order: The Long Way", "Order with the seller: The Long Way"],
            (await ListAsync("both")).GetProperty("items").EnumerateArray().Select(message => message.GetProperty("subject").GetString()).Order());
    }

    [Fact]
    public async Task A_publisher_is_told_once_of_each_change_of_a_title()
    {
        var title = new TitleEvent(Guid.CreateVersion7(), 2, DateTimeOffset.UtcNow, TitleStatus.InReview, null, "press", "A First Book", "J. Doe", 12_000m, "KRW", 50);
        foreach (var (type, version) in TitleEvent.OfPublicTitles.Append(TitleEvent.Voided).Select((type, i) => (type, 2 + i)))
        {
            var eventId = Guid.CreateVersion7().ToString();
            foreach (var _ in Enumerable.Range(0, 2))
                Assert.Equal("SUCCESS", await notification.DeliverAsync(Topics.Titles, type, title with { Version = version, Reason = type == TitleEvent.Rejected ? "no plot" : null }, eventId));
        }

        var messages = (await ListAsync("press")).GetProperty("items").EnumerateArray().Reverse().ToList();
        Assert.Equal(
            [
                "We have your registration of A First Book by J. Doe. You are told when it has been decided on.",
                "A First Book by J. Doe is approved and goes on sale: 50 copies at 12,000 KRW.",
                "A First Book by J. Doe was not approved: no plot.",
                "Your registration of A First Book by J. Doe is withdrawn.",
            ],
            messages.Select(message => message.GetProperty("text").GetString()));
        Assert.All(messages, message => Assert.Equal(JsonValueKind.Null, message.GetProperty("orderId").ValueKind));
    }

    [Fact]
    public async Task Messages_are_listed_newest_first_in_pages_however_late_they_come()
    {
        var order = Orders.Book(customer: "pager");
        // The last two happened in the same millisecond.
        var orders = Enumerable.Range(0, 5).Select(i => order with { Version = i, Quantity = i, At = order.At.AddMinutes(Math.Min(i, 3)) }).ToList();
        foreach (var later in orders.AsEnumerable().Reverse())
            await notification.DeliverAsync(OrderEvent.Received, later);
        var texts = new List<string>();
        for (string? after = null; ;)
        {
            var page = await ListAsync("pager", $"?limit=2&after={after}");
            texts.AddRange(page.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("text").GetString()!));
            if ((after = page.GetProperty("next").GetString()) is null)
                break;
        }

        Assert.Equal(["4 ×", "3 ×", "2 ×", "1 ×", "0 ×"], texts.Select(text => text[(text.IndexOf('×') - 2)..][..3]));
    }

    [Fact]
    public async Task Interests_bring_a_message_when_such_an_offer_is_registered()
    {
        using var reader = notification.As("book-lover", Roles.Customer);
        using var chosen = await reader.PutAsJsonAsync("/api/notifications/interests", new { kinds = new[] { "book", "table", "book" } });
        Assert.Equal(["book", "table"], (await chosen.Content.ReadFromJsonAsync<Interests>())!.Kinds!);
        Assert.Equal(["book", "table"], (await reader.GetFromJsonAsync<Interests>("/api/notifications/interests"))!.Kinds!);

        var offer = new OfferEvent(Guid.CreateVersion7(), 1, DateTimeOffset.UtcNow, "bookshop", "book", "A New Book", 15_000m, "KRW", Date: null, Place: null);
        var eventId = Guid.CreateVersion7().ToString();
        foreach (var _ in Enumerable.Range(0, 3))
            Assert.Equal("SUCCESS", await notification.DeliverAsync(Topics.Offers, OfferEvent.Registered, offer, eventId));
        Assert.Equal("SUCCESS", await notification.DeliverAsync(Topics.Offers, OfferEvent.Registered, offer with { Kind = "cleaning" }));
        Assert.Equal("SUCCESS", await notification.DeliverAsync(Topics.Offers, OfferEvent.Changed, offer));
        await AllToldAsync();
        var message = Assert.Single((await ListAsync("book-lover")).GetProperty("items").EnumerateArray());
        Assert.Equal("New book: A New Book", message.GetProperty("subject").GetString());
        Assert.Equal(JsonValueKind.Null, message.GetProperty("orderId").ValueKind);

        Assert.Equal(HttpStatusCode.OK, (await reader.PutAsJsonAsync("/api/notifications/interests", new { kinds = Array.Empty<string>() })).StatusCode);
        Assert.Equal("SUCCESS", await notification.DeliverAsync(Topics.Offers, OfferEvent.Registered, offer));
        await AllToldAsync();
        Assert.Single((await ListAsync("book-lover")).GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task However_many_have_an_interest_each_is_told_once_from_where_it_was_stopped()
    {
        await using var database = NpgsqlDataSource.Create(notification.ConnectionString);
        await ExecuteAsync("INSERT INTO interest SELECT 'crowd-' || lpad(n::text, 5, '0'), CASE WHEN n % 10 = 0 THEN '{crowded,book}' ELSE '{other}' END::text[] FROM generate_series(1, 60000) AS n");
        var offer = new OfferEvent(Guid.CreateVersion7(), 1, DateTimeOffset.UtcNow, "crowd-shop", "crowded", "For many", 15_000m, "KRW", Date: null, Place: null);
        var replica = await notification.StartReplicaAsync();
        foreach (var at in new[] { replica, notification.Internal.BaseAddress })
            Assert.Equal("SUCCESS", await notification.DeliverAsync(Topics.Offers, OfferEvent.Registered, offer, "crowd", at));
        await AllToldAsync();
        Assert.Equal(6000, await ExecuteAsync("SELECT count(*) FROM message WHERE subject = 'New crowded: For many'"));

        // Stopped after some were told, as a crash leaves it: nobody before that hears of it again.
        await ExecuteAsync("DELETE FROM message WHERE subject = 'New crowded: For many'");
        await ExecuteAsync("UPDATE announcement SET told_to = 'crowd-45000', is_told = false, due_at = now() - interval '1 hour' WHERE kind = 'crowded'");
        await AllToldAsync();
        Assert.Equal(1500, await ExecuteAsync("SELECT count(*) FROM message WHERE subject = 'New crowded: For many' AND person_id > 'crowd-45000'"));
        Assert.Equal(0, await ExecuteAsync("SELECT count(*) FROM message WHERE subject = 'New crowded: For many' AND person_id <= 'crowd-45000'"));
        await notification.StopReplicaAsync(replica);

        async Task<long> ExecuteAsync(string sql)
        {
            await using var command = database.CreateCommand(sql);
            return await command.ExecuteScalarAsync() as long? ?? 0;
        }
    }

    [Fact]
    public async Task A_merchant_has_so_many_offers_announced_within_a_day_and_is_told_that_the_others_are_not()
    {
        using var reader = notification.As("patient-reader", Roles.Customer);
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
        notification.Time.Set(DateTimeOffset.UtcNow + TimeSpan.FromHours(25));
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
            notification.Time.Set(DateTimeOffset.UtcNow);
        }

        async Task RegisterAsync(int number, string merchant = "flooder") => Assert.Equal("SUCCESS", await notification.DeliverAsync(
            Topics.Offers, OfferEvent.Registered, new OfferEvent(Guid.CreateVersion7(), 1, DateTimeOffset.UtcNow, merchant, "flood", $"Drop {number}", 1m, "KRW", Date: null, Place: null)));

        async Task<int> CountAsync(string person)
        {
            using var client = notification.As(person, Roles.Customer);
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
        using var reader = notification.As("wrong", Roles.Customer);
        using var content = new StringContent(body, new System.Net.Http.Headers.MediaTypeHeaderValue("application/json"));
        using var refused = await reader.PutAsync("/api/notifications/interests", content);
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        var errors = (await refused.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors");
        Assert.StartsWith("kinds", Assert.Single(errors.EnumerateObject()).Name, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_reads_messages_without_signing_in() =>
        Assert.Equal(HttpStatusCode.Unauthorized, (await notification.Internal.GetAsync("/api/notifications")).StatusCode);

    private Task AllToldAsync() => Eventually.BecomesAsync(0L, async () =>
    {
        await using var database = NpgsqlDataSource.Create(notification.ConnectionString);
        await using var command = database.CreateCommand("SELECT count(*) FROM announcement WHERE NOT is_told");
        return (long)(await command.ExecuteScalarAsync())!;
    });

    private async Task<JsonElement> ListAsync(string personId, string query = "")
    {
        using var client = notification.As(personId, Roles.Customer);
        return await client.GetFromJsonAsync<JsonElement>($"/api/notifications{query}");
    }
}
