using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using OrderMall.Contracts;
using OrderMall.Contracts.Events;
using OrderMall.Notification;

namespace OrderMall.Services.Tests;

/// <summary>What messages say, in each language and in a mall's own words.</summary>
[Collection(ServiceCollection.Name)]
public sealed class NotificationTextTests(RunningService<NotificationService> notification) : NotificationTestBase(notification), IClassFixture<RunningService<NotificationService>>
{
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
            await _notification.DeliverAsync(type, Orders.Book(customer: "reader"));
        Assert.Equal(OrderEvent.OfPublicOrders.Count, (await ListAsync("reader")).GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task Everybody_reads_their_own_language()
    {
        using var reader = _notification.As("korean-reader", Roles.Customer);
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
                await _notification.DeliverAsync(type, order, id: $"{order.OrderId} {type}");
        }

        var rejected = order.Next(OrderStatus.Rejected, $"{OrderReasons.RefusedByMerchant}: 만석");
        await _notification.DeliverAsync(OrderEvent.Rejected, rejected);
        var offer = new OfferEvent(Guid.CreateVersion7(), 1, DateTimeOffset.UtcNow, "fans", "fan-club", "팬 미팅", 15_000m, "KRW", Date: null, Place: "서울");
        Assert.Equal("SUCCESS", await _notification.TryDeliverAsync(OfferEvent.Registered, offer));
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
    public async Task People_are_told_in_their_language_what_was_decided_on_their_application_and_which_roles_they_have()
    {
        foreach (var (person, language) in new[] { ("english-applicant", "en"), ("korean-applicant", "ko") })
        {
            using var reader = _notification.As(person, Roles.Customer);
            using var chosen = await reader.PutAsJsonAsync("/api/notifications/language", new { language });
            Assert.Equal(HttpStatusCode.OK, chosen.StatusCode);
            var account = new AccountEvent(person, DateTimeOffset.UtcNow, $"{person}@mall.test", "Kim");
            var events = new[]
            {
                (AccountEvent.ApplicationApproved, account with { Role = Roles.Merchant }),
                (AccountEvent.ApplicationRejected, account with { Role = Roles.Courier, Reason = "No bicycle" }),
                (AccountEvent.RolesChanged, account with { Given = [Roles.Reviewer], Taken = [Roles.Merchant, Roles.Courier] }),
                (AccountEvent.RolesChanged, account with { Given = [Roles.Courier], Taken = [] }),
            };
            for (var i = 0; i < 2; i++)
            {
                for (var e = 0; e < events.Length; e++)
                    Assert.Equal("SUCCESS", await _notification.TryDeliverAsync(events[e].Item1, events[e].Item2, id: $"{person} {e}"));
            }
        }

        Assert.Equal(
            [
                "Application approved: merchant|Your application is approved: you are merchant from now on.",
                "Application not approved: courier|Your application to be courier was not approved: No bicycle. You can apply again.",
                "What you may do in the mall has changed|An operator of the mall has changed what you may do. You are now: courier.",
                "What you may do in the mall has changed|An operator of the mall has changed what you may do. You are now: reviewer. You are no longer: merchant, courier. What you had on sale by that goes off sale, and titles in review are withdrawn. Orders that were placed go on. Should you be given it back, put on sale again what you still want to sell.",
            ],
            await ReadAsync("english-applicant"));
        Assert.Equal(
            [
                "신청 거절: 배송 기사|배송 기사 신청이 승인되지 않았습니다. 사유: No bicycle. 다시 신청하실 수 있습니다.",
                "신청 승인: 판매자|신청이 승인되었습니다. 이제 판매자(으)로 이용하실 수 있습니다.",
                "이용 권한이 바뀌었습니다|운영자가 회원님의 이용 권한을 변경했습니다. 새로 받은 역할: 배송 기사.",
                "이용 권한이 바뀌었습니다|운영자가 회원님의 이용 권한을 변경했습니다. 새로 받은 역할: 심사 담당자. 해제된 역할: 판매자, 배송 기사. 그 역할로 판매하시던 상품은 판매가 끝나고, 심사 중인 신간은 철회됩니다. 이미 들어온 주문은 계속됩니다. 역할을 다시 받으시면 계속 판매하실 상품을 새로 등록해 주세요.",
            ],
            await ReadAsync("korean-applicant"));

        async Task<IEnumerable<string>> ReadAsync(string person) => (await ListAsync(person)).GetProperty("items").EnumerateArray()
            .Select(message => $"{message.GetProperty("subject").GetString()}|{message.GetProperty("text").GetString()}").Order(StringComparer.Ordinal);
    }

    [Fact]
    public async Task Configuration_says_it_otherwise_without_a_build()
    {
        var replica = await _notification.StartReplicaAsync("Notification:Texts:en:Accepted:subject=[Our mall] Got it: {title}", "Notification:Texts:en:part:paid= {nothing} {amount}!");
        var order = Orders.Table(customer: "configured");
        Assert.Equal("SUCCESS", await _notification.TryDeliverAsync(OrderEvent.Accepted, order, replica: replica));
        var message = Assert.Single((await ListAsync("configured")).GetProperty("items").EnumerateArray());
        Assert.Equal("[Our mall] Got it: A table for two", message.GetProperty("subject").GetString());
        Assert.EndsWith(" {nothing} 10,000 KRW!", message.GetProperty("text").GetString(), StringComparison.Ordinal);
        await _notification.StopReplicaAsync(replica);
    }

    [Fact]
    public async Task What_messages_say_changes_while_the_service_runs()
    {
        var file = Path.Combine(Path.GetTempPath(), $"ordermall-{Guid.NewGuid():N}.json");
        try
        {
            await SayAsync("First");
            var replica = await _notification.StartReplicaAsync($"Configuration:File={file}");
            Assert.Equal("First: A table for two", await SaidAsync(replica));
            await SayAsync("Then");
            await Eventually.BecomesAsync("Then: A table for two", () => SaidAsync(replica));
            await _notification.StopReplicaAsync(replica);
        }
        finally
        {
            File.Delete(file);
        }

        Task SayAsync(string word) => File.WriteAllTextAsync(file, $$"""{"Notification:Texts:en:Accepted:subject":"{{word}}: {title}"}""");

        async Task<string?> SaidAsync(Uri replica)
        {
            var customer = $"reloaded-{Guid.NewGuid():N}";
            Assert.Equal("SUCCESS", await _notification.TryDeliverAsync(OrderEvent.Accepted, Orders.Table(customer: customer), replica: replica));
            return Assert.Single((await ListAsync(customer)).GetProperty("items").EnumerateArray()).GetProperty("subject").GetString();
        }
    }
}
