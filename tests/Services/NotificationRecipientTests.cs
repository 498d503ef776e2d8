using System.Globalization;
using System.Text.Json;
using OrderMall.Contracts;
using OrderMall.Contracts.Calls;
using OrderMall.Contracts.Events;
using OrderMall.Notification;

namespace OrderMall.Services.Tests;

/// <summary>Who is told of what, and that each is told once.</summary>
[Collection(ServiceCollection.Name)]
public sealed class NotificationRecipientTests(RunningService<NotificationService> notification) : NotificationTestBase(notification), IClassFixture<RunningService<NotificationService>>
{
    [Fact]
    public async Task A_customer_is_told_once_of_each_change()
    {
        var order = Orders.Table(customer: "told-once");
        var eventId = Guid.CreateVersion7().ToString();
        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => _notification.DeliverAsync(OrderEvent.Accepted, order, eventId)));
        await _notification.DeliverAsync(OrderEvent.Accepted, order, eventId);
        await _notification.DeliverAsync(OrderEvent.CancellationRefused, order.Next(OrderStatus.Confirmed, OrderReasons.TooLateToCancel));

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
        var counted = await _notification.AskAsync<List<AuditedView>>("/audit/orders", new AuditOrders([order.OrderId, Guid.NewGuid()]));
        Assert.Equal("2", Assert.Single(counted).Status);
    }

    [Fact]
    public async Task Both_sides_are_told_that_a_booking_was_given_up_when_its_day_was_over()
    {
        var order = Orders.Table(customer: "unconfirmed", merchant: "silent");
        var expired = order.Next(OrderStatus.Rejected, OrderReasons.Expired) with { At = new DateTimeOffset(2026, 12, 25, 12, 0, 0, TimeSpan.Zero) };
        await _notification.DeliverAsync(OrderEvent.Rejected, expired);
        Assert.Equal(
            "Your order of 1 × A table for two (30,000 KRW, on 2026-12-24, at Bistro Seoul) was rejected: nobody had confirmed it when its day was over. Whatever you paid for it is refunded.",
            Assert.Single((await ListAsync("unconfirmed")).GetProperty("items").EnumerateArray()).GetProperty("text").GetString());
        Assert.Equal(
            "The order of 1 × A table for two (30,000 KRW, on 2026-12-24, at Bistro Seoul) was rejected: it had not been confirmed when its day was over. There is nothing to do for it any more.",
            Assert.Single((await ListAsync("silent")).GetProperty("items").EnumerateArray()).GetProperty("text").GetString());

        // Before its day is over it is payment that was not possible.
        await _notification.DeliverAsync(OrderEvent.Rejected, expired with { OrderId = Guid.NewGuid(), CustomerId = "unpaid", At = order.At, WasReceived = false });
        Assert.Contains("payment", Assert.Single((await ListAsync("unpaid")).GetProperty("items").EnumerateArray()).GetProperty("text").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_customer_is_told_who_comes()
    {
        var visit = Orders.Book(customer: "visited") with
        {
            Kind = "cleaning", Title = "Spring cleaning", Quantity = 1, Prepaid = 0, Fulfilment = Fulfilment.Assignment,
            Destination = "1 Main Street", Date = new DateOnly(2026, 4, 1), Worker = "Kim",
        };
        await _notification.DeliverAsync(OrderEvent.Assigned, visit);
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
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => _notification.DeliverAsync(OrderEvent.Received, order, eventId)));
        foreach (var type in OrderEvent.OfPublicOrders.Except([OrderEvent.Received, OrderEvent.Cancelled, OrderEvent.Rejected]))
            await _notification.DeliverAsync(type, order);
        await _notification.DeliverAsync(OrderEvent.Cancelled, cancelled);
        await _notification.DeliverAsync(OrderEvent.Rejected, cancelled.Next(OrderStatus.Rejected, $"{OrderReasons.RefusedByMerchant}: full"));

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
        var counted = await _notification.AskAsync<List<AuditedView>>("/audit/orders", new AuditOrders([order.OrderId]));
        Assert.Equal(OrderEvent.OfPublicOrders.Count.ToString(CultureInfo.InvariantCulture), Assert.Single(counted).Status);
    }

    [Fact]
    public async Task A_merchant_hears_nothing_of_what_never_reached_them()
    {
        var order = Orders.Table(customer: "hopeful", merchant: "undisturbed") with { WasReceived = false };
        await _notification.DeliverAsync(OrderEvent.AwaitingPayment, order);
        await _notification.DeliverAsync(OrderEvent.Cancelled, order.Next(OrderStatus.Cancelled));
        await _notification.DeliverAsync(OrderEvent.Rejected, order.Next(OrderStatus.Rejected, OrderReasons.Expired));
        Assert.Empty((await ListAsync("undisturbed")).GetProperty("items").EnumerateArray());
        Assert.Equal(3, (await ListAsync("hopeful")).GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task Who_did_not_cancel_is_not_told_of_a_cancellation_of_theirs()
    {
        var order = Orders.Table(customer: "refused", merchant: "refusing");
        var reason = $"{OrderReasons.RefusedByMerchant}: full";
        await _notification.DeliverAsync(OrderEvent.CancellationRequested, order.Next(OrderStatus.Cancelling, reason));
        await _notification.DeliverAsync(OrderEvent.CancellationRefused, order.Next(OrderStatus.Completed, OrderReasons.TooLateToRefuse));
        var messages = (await ListAsync("refused")).GetProperty("items").EnumerateArray().ToList();
        Assert.Equal(["Order being rejected", "Order goes on"], messages.Select(message => message.GetProperty("subject").GetString()!.Split(':')[0]).Order());
        Assert.Contains(messages, message => message.GetProperty("text").GetString()!.Contains(reason, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_merchant_is_told_of_a_refusal_that_came_too_late()
    {
        var order = new StoreEvent(Guid.CreateVersion7(), 4, DateTimeOffset.UtcNow, "late-merchant", "guest", "A table", 1, Fulfilment.Confirmation, null, null, null);
        Assert.Equal("SUCCESS", await _notification.TryDeliverAsync(StoreEvent.RejectionOverruled, order));
        var message = Assert.Single((await ListAsync("late-merchant")).GetProperty("items").EnumerateArray());
        Assert.Equal("Order not rejected: A table", message.GetProperty("subject").GetString());
    }

    [Fact]
    public async Task A_merchant_is_reminded_of_what_waits_for_confirmation()
    {
        var order = new StoreEvent(Guid.CreateVersion7(), 2, DateTimeOffset.UtcNow, "slow-merchant", "guest", "A table", 2, Fulfilment.Confirmation, null, new DateOnly(2026, 12, 24), null);
        for (var i = 0; i < 2; i++)
            Assert.Equal("SUCCESS", await _notification.TryDeliverAsync(StoreEvent.ConfirmationDue, order, id: $"{order.OrderId}"));
        var message = Assert.Single((await ListAsync("slow-merchant")).GetProperty("items").EnumerateArray());
        Assert.Equal("Order to confirm: A table", message.GetProperty("subject").GetString());
        Assert.StartsWith("The order of 2 × A table, on 2026-12-24 still waits for your confirmation.", message.GetProperty("text").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_gets_money_back_is_told_once_how_much_and_when()
    {
        var payment = new PaymentEvent(Guid.CreateVersion7(), 3, new DateTimeOffset(2026, 5, 4, 13, 2, 1, TimeSpan.Zero), "payer", 1_230_000m, "KRW", PaymentStatus.Refunded);
        foreach (var type in new[] { PaymentEvent.Refunded, PaymentEvent.Refunded })
            Assert.Equal("SUCCESS", await _notification.TryDeliverAsync(type, payment with { Since = payment.At }, id: $"{payment.OrderId} {type}"));
        // Published again.
        Assert.Equal("SUCCESS", await _notification.TryDeliverAsync(PaymentEvent.Refunded, payment with { Since = payment.At, At = DateTimeOffset.UtcNow, Version = 4 }, id: $"{payment.OrderId} again"));
        var message = Assert.Single((await ListAsync("payer")).GetProperty("items").EnumerateArray());
        Assert.Equal(
            ("Refund: 1,230,000 KRW", payment.OrderId, $"1,230,000 KRW were given back to you on 2026-05-04 at 13:02 UTC, to what you had paid with. It is the money of order {payment.OrderId}."),
            (message.GetProperty("subject").GetString(), message.GetProperty("orderId").GetGuid(), message.GetProperty("text").GetString()));
    }

    [Fact]
    public async Task Who_orders_from_themselves_is_told_as_both()
    {
        await _notification.DeliverAsync(OrderEvent.Received, Orders.Book(customer: "both", merchant: "both"));
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
                Assert.Equal("SUCCESS", await _notification.TryDeliverAsync(type, title with { Version = version, Reason = type == TitleEvent.Rejected ? "no plot" : null }, eventId));
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
}
